"""Which task follows which, where the event does not list it: joins of more tasks than an event names.

Such a join closes a foreach, so the tasks that it follows are those that lie directly inside of one passage of that
foreach and chose the join's step as their target.
"""

from typing import Any

import msgspec

from headwater.ledger.database import Database
from headwater.model.ids import KeyParts, TaskKey, parse_task_key
from headwater.model.outcome import Transition

_encode = msgspec.json.Encoder().encode
_decode_keys = msgspec.json.Decoder(tuple[TaskKey, ...]).decode
_decode_transition = msgspec.json.Decoder(Transition).decode


class Lineage:
    """Answers about the links between tasks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def parents_of(self, run_id: int, key: TaskKey) -> list[TaskKey]:
        """All tasks that this one follows, in label order when there are more than its event lists."""
        row = self._database.row(self._database.sql["task_links"], (run_id, key))
        if row is None:
            return []
        label, step, parent, parents, count, _ = row
        listed = _listed(parent, parents)
        if count <= len(listed):
            return list(listed)
        rows = self._database.rows(self._database.sql["candidates_before"], (run_id, label, _encode(step)))
        return [
            other
            for other, transition in rows
            if step in _decode_transition(transition).targets and _is_in_group(parse_task_key(other), key, listed[0])
        ]

    def labels_after(self, run_id: int, key: TaskKey) -> list[int]:
        """Labels of the tasks that follow directly on this one."""
        row = self._database.row(self._database.sql["task_links"], (run_id, key))
        if row is None or row[5] is None:
            return []
        label, *_, transition = row
        targets = _encode(_decode_transition(transition).targets).decode()
        rows = self._database.rows(self._database.sql["candidates_after"], (run_id, targets, label))
        parts = parse_task_key(key)
        return [candidate[0] for candidate in rows if self._follows(run_id, candidate, key, parts)]

    def _follows(self, run_id: int, candidate: tuple[Any, ...], key: TaskKey, parts: KeyParts) -> bool:
        label, parent, parents, count = candidate
        if parent is not None:
            return bool(parent == key)
        listed = _listed(parent, parents)
        if key in listed or count <= len(listed):
            return key in listed
        join = self._database.row("SELECT key FROM tasks WHERE run = ? AND label = ?", (run_id, label))[0]
        return _is_in_group(parts, join, listed[0])


def _listed(parent: TaskKey | None, parents: bytes | None) -> tuple[TaskKey, ...]:
    if parents is not None:
        return _decode_keys(parents)
    return () if parent is None else (parent,)


def _is_in_group(parts: KeyParts, join: TaskKey, member: TaskKey) -> bool:
    """Say whether a task lies in the passage of the foreach that `join` closes and `member` is known to lie in."""
    depth = len(parse_task_key(join).frames)
    known = parse_task_key(member).frames
    if len(known) <= depth or len(parts.frames) <= depth:
        return False
    outer, opened = known[:depth], known[depth]
    frame = parts.frames[depth]
    return parts.frames[:depth] == outer and (frame.opener, frame.opener_pass) == (opened.opener, opened.opener_pass)
