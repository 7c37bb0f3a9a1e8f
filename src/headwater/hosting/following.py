"""Services that follow their source: each new successful run of a production deployment becomes a version."""

import os
from collections.abc import Callable

import msgspec

from headwater.home import Home
from headwater.hosting.deploying import audit_version, digest_of, write_version
from headwater.hosting.sources import artifacts_of
from headwater.hosting.versions import find_version, list_versions, service_aliases
from headwater.model.deployment import AliasState
from headwater.model.errors import HeadwaterError, NotFound
from headwater.model.ids import new_ulid
from headwater.model.launch import PublishedEvent
from headwater.model.rows import RunRow
from headwater.model.service import DeployedVersion

#: Name of the cursor that says which ended runs were looked at.
CURSOR = "services"
_ENDED = "run.finished"
_PAGE = 200


class _End(msgspec.Struct):
    """What `run.finished` says of a run."""

    flow: str
    label: int
    end: str
    target: str | None = None


def follow_sources(home: Home, at: Callable[[], float], say: Callable[[str], None]) -> None:
    """Make versions of the runs that ended since the last look, one a service and look: the newest run counts.

    Called by the one host of a store; the cursor moves when the versions are written, so a host that dies makes them
    when it is back (the version's digest keeps the same run from becoming two).
    """
    after = home.ledger.cursor(CURSOR)
    events = home.ledger.published(after, name=_ENDED, limit=_PAGE)
    if not events:
        return
    ended = {target: event for event in events if (target := _succeeded(event)) is not None}
    for state in service_aliases(home.ledger).all() if ended else ():
        newest = list_versions(home.ledger, state.name)[-1]
        definition = newest.version.definition
        event = ended.get(definition.source or "")
        if definition.follow and event is not None:
            _follow(home, state, newest, event, at(), say)
    home.ledger.launch([], cursor=(CURSOR, events[-1].number))


def _succeeded(event: PublishedEvent) -> str | None:
    """The deployment's alias whose run succeeded; None for all other ends."""
    payload = {name: msgspec.json.decode(value) for name, value in event.payload.items()}
    end = msgspec.convert(payload, _End, strict=False)
    return end.target if end.end == "succeeded" else None


def _follow(
    home: Home, state: AliasState, newest: DeployedVersion, event: PublishedEvent, at: float, say: Callable[[str], None]
) -> None:
    try:
        row = _row(home, event)
        version = msgspec.structs.replace(newest.version, run=row.path, artifacts=artifacts_of(home, row), number=0)
        wanted = msgspec.structs.replace(
            newest, id=new_ulid(at, os.urandom(10)), version=version, at=at, audits=(), note=f"follows {row.path}"
        )
        wanted = msgspec.structs.replace(wanted, digest=digest_of(wanted))
        if wanted.digest == newest.digest:
            return
        audited = audit_version(home, wanted, find_version(home.ledger, state.name, state.number))
        if not audited.is_passed:
            failed = audited.results[-1]
            say(f"{state.name}: {row.path} does not become a version: audit `{failed.name}`: {failed.message}")
            return
        version = msgspec.structs.replace(wanted.version, examples=audited.examples)
        wanted = msgspec.structs.replace(wanted, audits=audited.results, version=version)
        done = write_version(home, wanted, state, None, at)
        stands = "ready" if done.rollout is None else "rolled out"
        say(f"{state.name}, version {done.deployed.number} is {stands}, from {row.path}")
    except HeadwaterError as error:
        say(f"{state.name}: {event.run} does not become a version: {error.message}")


def _row(home: Home, event: PublishedEvent) -> RunRow:
    if event.run is None:
        raise NotFound(f"event {event.id} names no run")
    flow, _, label = event.run.rpartition("/")
    return home.ledger.find_run(flow, int(label))
