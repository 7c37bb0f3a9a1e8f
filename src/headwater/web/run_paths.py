"""The parts of addresses that name runs and tasks, and how they are found for somebody."""

from typing import Annotated

import msgspec

from headwater.client.records import RunRecord
from headwater.model.rows import TaskRow
from headwater.web.asked import Asked
from headwater.web.callers import view_of

#: The 17 of `Churn/17`, the 4 of `Churn/17/train/4`.
Label = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
#: How many rows an answer has.
Limit = Annotated[int, msgspec.Meta(ge=1, le=500)]
#: Unix seconds.
Time = Annotated[float, msgspec.Meta(ge=0, le=253402300799)]
#: Names and texts that are looked for.
Text = Annotated[str, msgspec.Meta(max_length=500)]


class RunPath(msgspec.Struct, frozen=True):
    """`Churn/17`."""

    flow: str
    label: Label


class TaskPath(msgspec.Struct, frozen=True):
    """`Churn/17/train/4`."""

    flow: str
    label: Label
    step: str
    task: Label


class RunPart(msgspec.Struct, frozen=True):
    """Something of a run that has a name: `Churn/17` and `f1`, or the path of a file."""

    flow: str
    label: Label
    name: str


class TaskPart(msgspec.Struct, frozen=True):
    """Something of a task that has a name: `Churn/17/train/4/model`."""

    flow: str
    label: Label
    step: str
    task: Label
    name: str


#: Whatever names a run.
InRun = RunPath | TaskPath | RunPart | TaskPart
#: Whatever names a task.
InTask = TaskPath | TaskPart


def project_of_run(asked: Asked, at: InRun) -> str:
    """Give the project that a run belongs to.

    Raises:
        NotFound: there is no such run, or the caller may not know of it.
    """
    return asked.ledger.find_run(at.flow, at.label).project


def find_run(asked: Asked, at: InRun) -> RunRecord:
    """Find a run, with all that can be asked of it.

    Raises:
        NotFound: there is no such run, or the caller may not know of it.
    """
    row = asked.ledger.find_run(at.flow, at.label)
    return RunRecord(view_of(asked), at.flow, at.label, row)


def find_task(asked: Asked, at: InTask) -> tuple[RunRecord, TaskRow]:
    """Find a task and its run.

    Raises:
        NotFound: there is no such task; `choices` holds some that there are.
    """
    record = find_run(asked, at)
    return record, record.find_task(at.step, at.task)
