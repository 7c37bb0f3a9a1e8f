"""The tasks before and after one of the same step, so that somebody can go through them one by one."""

import msgspec

from headwater.client.records import RunRecord
from headwater.ledger.paging import cursor_at
from headwater.model.rows import TaskQuery, TaskRow
from headwater.web.api.tasks import Neighbour
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import TaskPath, find_task, project_of_run


class TasksBeside(msgspec.Struct, frozen=True):
    """The tasks next to one, by their numbers."""

    #: None = it is the first of its step.
    previous: Neighbour | None
    #: None = it is the last of its step, so far.
    next: Neighbour | None


def show_tasks_beside(asked: Asked, at: TaskPath) -> TasksBeside:
    """Show the tasks of the same step before and after a task."""
    record, row = find_task(asked, at)
    return TasksBeside(_next(record, row, is_ascending=False), _next(record, row, is_ascending=True))


def _next(record: RunRecord, row: TaskRow, *, is_ascending: bool) -> Neighbour | None:
    query = TaskQuery(record.run, step=row.step, is_ascending=is_ascending, limit=1)
    behind = cursor_at(query, (row.label, row.label))
    found = record.view.ledger.tasks(msgspec.structs.replace(query, cursor=behind)).rows
    if not found:
        return None
    [beside] = found
    return Neighbour(f"{record.path}/{beside.step}/{beside.label}", beside.step, beside.label, beside.status)


_BESIDE = "/runs/{flow}/{label}/tasks/{step}/{task}/beside"

ROUTES = (Route("GET", _BESIDE, show_tasks_beside, needs="viewer", of=project_of_run),)
