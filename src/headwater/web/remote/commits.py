"""Looks at what comes from other machines to be written: objects that are what they are called, and the caller's."""

import re
from collections.abc import Sequence

import msgspec

from headwater.model.artifact import Ref
from headwater.model.errors import ArtifactDamaged, FormatUnknown
from headwater.model.events import RunFinished, RunStarted, TaskReused, TaskStarted, TaskSucceeded
from headwater.model.ids import NAME, STEP_NAME, Digest, parse_task_key
from headwater.model.ports import Commit
from headwater.model.records import Record
from headwater.store.framing import unframe
from headwater.store.keys import is_digest
from headwater.web.asked import Asked
from headwater.web.problems import Refused

_MOST_LABELS = 1 << 31
_ULID = re.compile("[0-9A-HJKMNP-TV-Z]{26}")


def checked_commit(asked: Asked, commit: Commit) -> Commit:
    """Refuse a commit with objects that are not what they are called, or that refers to what the caller may not read.

    Gives it without the headers of what others hold already: who describes something first describes it for all.

    Raises:
        Refused: a payload does not hash to its digest, or comes without anything that refers to it.
        ArtifactMissing: see `Belongings.require`.
    """
    _require_names(commit)
    for digest, payload in commit.small.items():
        _require_own_digest(digest, payload)
    belongings, access = asked.remote.belongings, asked.access
    refs, trees = _referred(commit)
    needed = {digest for ref in refs for digest in (ref.digest, *ref.buffers)} - set(commit.small)
    small = {ref.digest for ref in refs if ref.is_small} & needed
    asked.remote.require_small(access, sorted(small))
    belongings.require(access, sorted(needed - small))
    for tree in trees:
        belongings.require_tree(access, tree)
    own = {digest: header for digest, header in commit.headers.items() if not belongings.is_known(digest)}
    return msgspec.structs.replace(commit, headers=own)


def require_records(asked: Asked, records: Sequence[Record]) -> None:
    """As `require_commit`, for what records hold."""
    belongings, access = asked.remote.belongings, asked.access
    for record in records:
        for held in record.holds:
            if held.tree is not None:
                belongings.require_tree(access, held.tree)
            if held.object is not None:
                belongings.require(access, [held.object])


def require_held_refs(asked: Asked, records: Sequence[Record], objects: Commit | None) -> None:
    """As `require_commit`, for the artifacts that records hold; payloads may come along."""
    carried = set() if objects is None else set(objects.small)
    refs = [held.ref for record in records for held in record.holds if held.ref is not None]
    needed = {digest for ref in refs for digest in (ref.digest, *ref.buffers)} - carried
    small = {ref.digest for ref in refs if ref.is_small} & needed
    asked.remote.require_small(asked.access, sorted(small))
    asked.remote.belongings.require(asked.access, sorted(needed - small))


def _require_names(commit: Commit) -> None:
    """Refuse names that no flow of ours gives: they become parts of paths, of files and of what people type."""
    for place, event in enumerate(commit.events):
        if isinstance(event, RunStarted):
            if place or not _ULID.fullmatch(event.run) or not NAME.fullmatch(event.flow):
                raise Refused(422, f"{event.flow[:100]!r}, {event.run[:100]!r}: no run begins so")
        elif isinstance(event, TaskStarted | TaskReused):
            if not STEP_NAME.fullmatch(event.step) or not 0 < event.label < _MOST_LABELS:
                raise Refused(422, f"{event.step[:100]!r} {event.label}: no task is called so")
            _require_key(event.key)
        elif isinstance(event, RunFinished) and place + 1 < len(commit.events):
            raise Refused(422, "nothing follows on the end of a run")


def _require_key(key: str) -> None:
    try:
        parse_task_key(key)
    except ValueError as error:
        raise Refused(422, f"{key[:100]!r} is no task's key") from error


def _require_own_digest(digest: Digest, payload: bytes) -> None:
    if not is_digest(digest):
        raise Refused(422, f"{digest[:100]!r} is no digest")
    try:
        unframe(digest, memoryview(payload), "the request")
    except (ArtifactDamaged, FormatUnknown) as error:
        raise Refused(422, f"a small object is not what it is called: {error.message}") from error


def _referred(commit: Commit) -> tuple[list[Ref], list[Digest]]:
    """Give the artifacts and the trees that events refer to; locks of environments are artifacts of no codec."""
    refs: list[Ref] = []
    trees: list[Digest] = []
    for event in commit.events:
        if isinstance(event, RunStarted):
            refs += event.parameters.values()
            refs += [Ref(digest, "", "", 0) for digest in event.environments.values()]
            if event.code.tree is not None:
                trees.append(event.code.tree)
        elif isinstance(event, TaskSucceeded | TaskReused):
            refs += event.artifacts.values()
            if event.transition.items is not None:
                refs.append(event.transition.items)
    return refs, trees
