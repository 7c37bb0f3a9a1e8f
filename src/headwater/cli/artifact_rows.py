"""The artifacts that a path names, read from what was noted when they were saved; no value is opened."""

from collections.abc import Iterator

import msgspec

from headwater.cli.reading import split_run
from headwater.client.records import PARAMETERS_STEP, RunRecord
from headwater.client.session import View
from headwater.client.sheets import excerpt
from headwater.client.siblings import Siblings, is_shown
from headwater.model.errors import InvalidPathspec, NotFound
from headwater.model.nearest import did_you_mean
from headwater.model.rows import ArtifactRow, TaskQuery, TaskRow


class Listed(msgspec.Struct, frozen=True):
    """One artifact as a task has it."""

    #: `Churn/17/train/4`
    task: str
    row: ArtifactRow
    siblings: Siblings


class Asked(msgspec.Struct, frozen=True):
    """What a path names, taken apart."""

    record: RunRecord
    step: str | None
    label: int | None
    #: None = all.
    name: str | None


def read_path(view: View, path: str, name: str | None) -> Asked:
    """Take `RUN[/STEP[/TASK[/NAME]]]` apart; a name may also be given apart.

    Raises:
        NotFound: no such run.
        InvalidPathspec: the path and the name do not go together.
    """
    record, *parts = split_run(view, path)
    if len(parts) == 3:
        if name is not None:
            raise InvalidPathspec(f"`{path}` names an artifact already", hint=f"leave out `{name}`")
        name = parts[2]
    step = parts[0] if parts else None
    label = None
    if len(parts) > 1:
        if not (parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 19):
            raise NotFound(f"{record.path}/{step} has no task `{parts[1]}`", hint="tasks are numbers")
        label = int(parts[1])
    return Asked(record, step, label, name)


def find_artifacts(asked: Asked, limit: int) -> tuple[list[Listed], bool]:
    """List artifacts, and say whether there are more than the limit.

    Of one task (or a step with only one): all that it has, inherited ones included. Of several: what each set itself,
    and the parameters first when the whole run is asked for. Private ones (`_name`) are found by name only.

    Raises:
        NotFound: no such step or task, or none has that name.
    """
    tasks = _one_task(asked)
    found: list[Listed] = []
    for listed in _visible(asked, tasks) if tasks is not None else _set_by_tasks(asked):
        if asked.name is None and not is_shown(listed.row.name):
            continue
        if len(found) == limit:
            return found, True
        found.append(listed)
    if not found and asked.name is not None:
        raise _no_artifact(asked, tasks)
    return found, False


def artifact_facts(listed: Listed) -> dict[str, object]:
    """What JSON says of an artifact."""
    ref, header = listed.row.ref, listed.row.header
    return {
        "artifact": f"{listed.task}/{listed.row.name}",
        "task": listed.task,
        "name": listed.row.name,
        "type": ref.type,
        "size": ref.size,
        "digest": ref.digest,
        "codec": ref.codec,
        "shape": None if header is None else header.shape,
        "dtype": None if header is None else header.dtype,
        "schema": () if header is None else header.schema,
        "kind": None if header is None else header.kind,
        "preview": None if header is None else header.preview,
    }


def preview_text(listed: Listed) -> str:
    """Give the preview as text, on one line."""
    return excerpt(listed.row.header)


def _one_task(asked: Asked) -> TaskRow | None:
    """The task of which everything visible is listed; None when several are."""
    if asked.step is None:
        return None
    if asked.label is not None or asked.step == PARAMETERS_STEP:
        return asked.record.find_task(asked.step, asked.label or 0)
    query = TaskQuery(asked.record.run, step=asked.step, limit=2)
    rows = asked.record.view.ledger.tasks(query).rows
    if not rows:
        raise asked.record.no_step(asked.step)
    return rows[0] if len(rows) == 1 else None


def _visible(asked: Asked, row: TaskRow) -> Iterator[Listed]:
    siblings = Siblings(asked.record, (row,))
    path = f"{asked.record.path}/{row.step}/{row.label}"
    for name, found in sorted(siblings.visible(row.key).items()):
        if name and asked.name in (None, name):
            yield Listed(path, found, siblings)


def _set_by_tasks(asked: Asked) -> Iterator[Listed]:
    record = asked.record
    if asked.step is None:
        yield from _visible(asked, record.find_task(PARAMETERS_STEP, 0))
    for rows in record.tasks(TaskQuery(record.run, step=asked.step)):
        siblings = Siblings(record, rows)
        paths = {row.key: f"{record.path}/{row.step}/{row.label}" for row in rows}
        found = record.view.ledger.artifacts(record.run, list(paths), asked.name)
        order = {key: place for place, key in enumerate(paths)}
        for row in sorted(found, key=lambda row: (order[row.key], row.name)):
            if row.name:
                yield Listed(paths[row.key], row, siblings)


def _no_artifact(asked: Asked, task: TaskRow | None) -> NotFound:
    if task is not None:
        names = sorted(filter(is_shown, Siblings(asked.record, (task,)).visible(task.key)))
        where = f"{asked.record.path}/{task.step}/{task.label}"
    else:
        everything = Asked(asked.record, asked.step, None, None)
        names = sorted({listed.row.name for listed in _set_by_tasks(everything) if is_shown(listed.row.name)})
        where = asked.record.path if asked.step is None else f"{asked.record.path}/{asked.step}"
    hint = did_you_mean(str(asked.name), names, what="Its artifacts") or "it set none"
    return NotFound(f"{where} has no artifact `{asked.name}`", choices=names, hint=hint)
