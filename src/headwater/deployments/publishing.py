"""Publishes events: names, ids and payloads checked before anything is stored."""

import os
import re
from collections.abc import Mapping

import msgspec

from headwater.deployments.names import is_shadow_alias, scope_of, split_target
from headwater.model.current import current
from headwater.model.errors import UserMistake
from headwater.model.ids import new_ulid
from headwater.model.launch import PublishedEvent
from headwater.model.masking import MASK, masked
from headwater.model.ports import Ledger

#: Bytes of a payload as JSON.
MOST_PAYLOAD_BYTES = 65536
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,254}")
_ID = re.compile(r"[!-~]{1,255}")
#: Names and ids that the store itself gives.
_OWN_NAMES, _OWN_IDS = "run.", "run:"


def publish(
    ledger: Ledger,
    name: str,
    payload: Mapping[str, object],
    *,
    user: str,
    at: float,
    event_id: str | None = None,
    scope: str | None = None,
) -> PublishedEvent:
    """Keep an event, durable on return; deployments that wait for it start.

    Published inside a step, it carries the run, and only deployments of the same project and branch hear it; published
    elsewhere, all do. One whose id is there already is given as it was kept, and starts nothing again.

    Args:
        ledger: where it goes.
        name: what happened, `data_ready`.
        payload: JSON values by field; secrets of the step are masked.
        user: who publishes, outside of a step.
        at: now, Unix time.
        event_id: None = a new one.
        scope: outside of a step, the `<project>.<branch>` in which it is heard; None = everywhere.

    Raises:
        UserMistake: a name, id or payload that cannot be.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.startswith(_OWN_NAMES):
        hint = f"letters, digits and `_ . : / -` can, and it does not begin with `{_OWN_NAMES}`"
        raise UserMistake(f"{name!r:.300} cannot be the name of an event", hint=hint)
    if event_id is not None and (not _ID.fullmatch(event_id) or event_id.startswith(_OWN_IDS)):
        hint = f"up to 255 visible characters, and it does not begin with `{_OWN_IDS}`"
        raise UserMistake(f"{event_id!r:.300} cannot be the id of an event", hint=hint)
    return ledger.publish(
        PublishedEvent(
            id=event_id or new_ulid(at, os.urandom(10)),
            name=name,
            at=at,
            payload=encode_payload(name, payload),
            source=_source(user),
            run=_run_path(),
            scope=_scope() or scope,
        )
    )


def encode_payload(name: str, payload: Mapping[str, object]) -> dict[str, msgspec.Raw]:
    """Write a payload as JSON values by field.

    Raises:
        UserMistake: a field's name is no text, its value no JSON, or all of it is too large.
    """
    encoded: dict[str, msgspec.Raw] = {}
    for field, value in payload.items():
        if not isinstance(field, str) or not field:
            raise UserMistake(f"the payload of event `{name}` has a field {field!r:.100}", hint="fields are texts")
        try:
            text = msgspec.json.encode(value)
        except (TypeError, ValueError, OverflowError) as error:
            hint = "give what JSON can say; keep large values as artifacts and name the run"
            raise UserMistake(f"field `{field}` of event `{name}` is no JSON: {error}", hint=hint) from error
        encoded[field] = msgspec.Raw(_without_secrets(text))
    size = sum(len(field.encode()) + len(bytes(value)) for field, value in encoded.items())
    if size > MOST_PAYLOAD_BYTES:
        raise UserMistake(
            f"the payload of event `{name}` has {size} bytes of JSON, an event takes {MOST_PAYLOAD_BYTES}",
            hint="keep it as an artifact, and publish the run: `current.trigger.run` reads it",
        )
    return encoded


def _without_secrets(text: bytes) -> bytes:
    shown = masked(text.decode()).encode()
    if shown != text:
        try:
            msgspec.json.decode(shown)
        except msgspec.DecodeError:  # what was masked was no text, but a number
            return msgspec.json.encode(MASK)
    return shown


def _source(user: str) -> str:
    """Whose order the event is part of: the alias or flow that runs, else the person."""
    return str(current.get("deployment") or current.get("flow_name") or f"user:{user}")


def _run_path() -> str | None:
    return f"{current.flow_name}/{current.run_id}" if current.is_running_flow else None


def _scope() -> str | None:
    """The project and branch in which a step publishes; None = everywhere."""
    deployed = current.get("deployment")
    if deployed is not None:
        target = split_target(deployed)
        # What a shadow tells is heard by nobody, also when production is in no project.
        of_shadow = f"{target.name}.{target.alias}" if is_shadow_alias(target.alias) else None
        return scope_of(target.name, target.alias) or of_shadow
    project, branch = current.get("project_name"), current.get("branch_name")
    return None if project is None else f"{project}.{branch}"
