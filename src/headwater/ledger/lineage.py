"""Which task follows which, where the event does not list it: joins of more tasks than an event names.

Such a join closes a foreach, so the tasks that it follows are those that lie directly inside of one passage of that
foreach and chose the join's step as their target.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from headwater.ledger.database import Database
from headwater.model.ids import TaskKey
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
        # Ten thousand tasks of one step chose the same way: it is decoded once.
        targets = {transition: _decode_transition(transition).targets for transition in {row[1] for row in rows}}
        is_in_group = _membership(key, listed[0])
        return [other for other, transition in rows if step in targets[transition] and is_in_group(other)]

    def labels_after(self, run_id: int, key: TaskKey) -> list[int]:
        """Labels of the tasks that follow directly on this one."""
        row = self._database.row(self._database.sql["task_links"], (run_id, key))
        if row is None or row[5] is None:
            return []
        label, *_, transition = row
        targets = _encode(_decode_transition(transition).targets).decode()
        rows = self._database.rows(self._database.sql["candidates_after"], (run_id, targets, label))
        return [candidate[0] for candidate in rows if self._follows(run_id, candidate, key)]

    def _follows(self, run_id: int, candidate: tuple[Any, ...], key: TaskKey) -> bool:
        label, parent, parents, count = candidate
        if parent is not None:
            return bool(parent == key)
        listed = _listed(parent, parents)
        if key in listed or count <= len(listed):
            return key in listed
        join = self._database.row("SELECT key FROM tasks WHERE run = ? AND label = ?", (run_id, label))[0]
        return _membership(join, listed[0])(key)


def _listed(parent: TaskKey | None, parents: bytes | None) -> tuple[TaskKey, ...]:
    if parents is not None:
        return _decode_keys(parents)
    return () if parent is None else (parent,)


def _membership(join: TaskKey, member: TaskKey) -> Callable[[TaskKey], bool]:
    """Give what tells whether a task lies in the passage of the foreach that `join` closes and `member` lies in.

    Keys are compared as text (`step/outer.3/opener~1.17`): a frame is written in one way only.
    """
    depth = join.count("/")
    known = member.split("/")[1:]
    if len(known) <= depth:
        return lambda key: False
    outer, opener = known[:depth], known[depth].rpartition(".")[0]

    def is_in_group(key: TaskKey) -> bool:
        frames = key.split("/")[1:]
        return len(frames) > depth and frames[depth].rpartition(".")[0] == opener and frames[:depth] == outer

    return is_in_group
