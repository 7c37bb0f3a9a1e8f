"""Where values and runs came from, and what was made of them."""

import re
from collections.abc import Iterator

import msgspec

from headwater.client.records import RunRecord, find_record
from headwater.client.session import View
from headwater.model.errors import NotFound
from headwater.model.ids import Digest, RunId, TaskKey
from headwater.model.rows import RunQuery, TaskQuery, TaskRow

#: `score`, `limits[2]` (an item of it), `inputs.train.score` and `inputs[3].score` (a join's).
_READ = re.compile(r"^(?:inputs(?:\[(\d+)\]|\.\w+)\.)?(\w+)(?:\[\d+\])?$")


class Lineage(msgspec.Struct, frozen=True):
    """How a run hangs together with others; all are paths, `Churn/16`."""

    #: The run that it resumes; None when it resumes none.
    resumes: str | None
    #: Runs that resume it, newest first.
    resumed_by: tuple[str, ...]
    #: Runs whose finished tasks stand in for its own, in the order of the tasks.
    took_tasks_from: tuple[str, ...]


def lineage_of(record: RunRecord) -> Lineage:
    """Find the runs that a run came from and that came from it; reads all of its tasks and the flow's later runs."""
    row = record.row
    taken = {
        task.origin.rsplit("/", 2)[0]: None
        for rows in record.tasks(TaskQuery(record.run))
        for task in rows
        if task.origin is not None
    }
    resumed_by = []
    query = RunQuery(flow=record.flow, since=row.started_at)
    while True:
        page = record.view.ledger.runs(query)
        resumed_by += [run.path for run in page.rows if run.origin == record.path]
        if page.cursor is None:
            break
        query = msgspec.structs.replace(query, cursor=page.cursor)
    return Lineage(row.origin, tuple(resumed_by), tuple(taken))


def readers(view: View, digest: Digest, name: str | None, limit: int) -> Iterator[tuple[RunRecord, TaskRow]]:
    """Yield the tasks that read a value: under this name, or under any when it is None."""
    keys_by_run: dict[RunId, list[TaskKey]] = {}
    for run, key, used_as, was_set_there in view.ledger.users_of(digest, limit):
        if not was_set_there and name in (None, read_artifact(used_as)[0]):
            keys_by_run.setdefault(run, []).append(key)
    for run, keys in keys_by_run.items():
        row = view.ledger.run(run)
        record = RunRecord(view, row.flow, row.label, row)
        rows = record.tasks_by_key(list(dict.fromkeys(keys)))
        for key in dict.fromkeys(keys):
            yield record, rows[key]


def read_artifact(read: str) -> tuple[str, int | None]:
    """Take the name under which a task read something apart: the artifact, and which input of a join had it.

    None: it was no join that read it, or the input goes by the name of its branch.
    """
    found = _READ.match(read)
    if found is None:
        return read, None
    return found[2], None if found[1] is None else int(found[1])


def really_ran(record: RunRecord, row: TaskRow) -> tuple[RunRecord, TaskRow] | None:
    """Follow a reused task to the one that was executed; None when that is no longer in the store."""
    while row.origin is not None:
        flow, run, step, label = row.origin.split("/")
        try:
            record = find_record(record.view, flow, run)
            row = record.find_task(step, int(label))
        except NotFound:
            return None
    return record, row
