"""Puts events, and what they change in the rows, into the open transaction."""

from collections.abc import Sequence
from typing import Any

import msgspec

from headwater.ledger.database import Database
from headwater.model.artifact import Ref
from headwater.model.events import Event, RunStarted
from headwater.model.ids import Digest
from headwater.model.outcome import Transition, Usage
from headwater.model.ports import FIRST_EPOCH, Commit
from headwater.model.projections import Changes, Course, NewTask, TaskEnd, project

_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_NO_USAGE = Usage()
_NO_TRANSITION = Transition()


def write_events(database: Database, run_id: int, first: int, events: Sequence[Event], course: Course) -> None:
    """Store the events under numbers from `first` on, and write the rows that they change.

    Changes `course`; when the transaction fails it must be thrown away.
    """
    database.execute_many(
        database.sql["insert_event"],
        [(run_id, number, _encode(event)) for number, event in enumerate(events, first)],
    )
    write_rows(database, run_id, list(events), course)


def write_rows(database: Database, run_id: int, events: list[Event], course: Course) -> None:
    """Write only the rows that the events change."""
    groups = project(course, events)
    for changes in groups:
        _write_tasks(database, run_id, changes)
        _write_artifacts(database, run_id, changes)
    _write_run(database, run_id, groups[-1], course)


def write_objects(database: Database, commit: Commit) -> None:
    """Store small objects and headers; those that are there already are left as they are."""
    database.execute_many(
        database.sql["insert_small"], [(bytes.fromhex(digest), payload) for digest, payload in commit.small.items()]
    )
    database.execute_many(
        database.sql["insert_header"],
        [(bytes.fromhex(digest), _encode(header)) for digest, header in commit.headers.items()],
    )


def insert_run(database: Database, started: RunStarted, last_event: int, *, is_queued: bool = False) -> int:
    """Write the row of a run that starts, with its tags and parameters (artifacts of label 0), and give its number.

    A queued run has epoch 0 and no owner: nobody drives it yet.
    """
    launch, project = started.launch, started.project
    row = database.row(
        database.sql["insert_run"],
        (
            started.run,
            started.flow,
            started.label,
            started.user,
            started.host,
            started.at,
            started.namespace,
            started.note,
            started.origin,
            started.code.tree,
            _encode(started.parameters),
            started.graph.end,
            last_event,
            started.host,
            started.at,
            0 if is_queued else FIRST_EPOCH,
            0 if is_queued else started.pid,
            None if launch is None else launch.target,
            None if launch is None else launch.idempotency_key,
            None if launch is None else _encode(launch),
            None if project is None else project.name,
            None if project is None else project.branch,
        ),
    )
    run_id = int(row[0])
    tags = [(run_id, tag, 1) for tag in started.system_tags] + [(run_id, tag, 0) for tag in started.tags]
    database.execute_many(database.sql["insert_tag"], tags)
    artifacts = [_artifact(run_id, 0, name, ref) for name, ref in started.parameters.items()]
    database.execute_many(database.sql["insert_artifact"], artifacts)
    environments = [(run_id, step, bytes.fromhex(digest)) for step, digest in started.environments.items()]
    database.execute_many(database.sql["insert_environment"], environments)
    return run_id


def _write_tasks(database: Database, run_id: int, changes: Changes) -> None:
    many = database.execute_many
    many(database.sql["set_task_status"], [(status, run_id, label) for label, status in changes.statuses])
    many(database.sql["insert_task"], [_new_task(run_id, task) for task in changes.new_tasks])
    many(database.sql["keep_attempt"], [(run_id, restart.label) for restart in changes.restarts])
    many(
        database.sql["restart_task"],
        [
            (restart.attempt, restart.started_at, restart.ready_at, run_id, restart.label)
            for restart in changes.restarts
        ],
    )
    many(database.sql["end_task"], [_task_end(run_id, end) for end in changes.ends])


def _write_artifacts(database: Database, run_id: int, changes: Changes) -> None:
    database.execute_many(
        database.sql["insert_artifact"], [_artifact(run_id, label, name, ref) for label, name, ref in changes.artifacts]
    )
    database.execute_many(
        database.sql["insert_read"],
        [(bytes.fromhex(digest), run_id, label, name) for label, name, digest in changes.reads],
    )


def _write_run(database: Database, run_id: int, last: Changes, course: Course) -> None:
    state = (_encode_sorted(course.task_counts), _encode(course.metrics), _encode(course.gates), run_id)
    end = last.conclusion
    if end is None:
        database.execute_many(database.sql["update_run"], [state])
    else:
        # The database publishes the end (`ended_runs_are_published`).
        bindings = (end.end, end.finished_at, end.failed_key, end.cause, end.message, *state)
        database.execute_many(database.sql["finish_run"], [bindings])


def _new_task(run_id: int, task: NewTask) -> tuple[Any, ...]:
    # The one parent of a task that inherits is a column of its own; a list is written only where it says more.
    says_more = task.parents and task.parent is None
    return (
        run_id,
        task.label,
        task.key,
        task.step,
        task.attempt,
        task.status,
        task.started_at,
        task.finished_at,
        task.parent,
        _encode(task.parents) if says_more else None,
        task.parent_count,
        task.origin,
        task.cause,
        None,
        _transition(task.transition),
        None,
        _encode(task.reads) if task.reads else None,
        task.ready_at,
    )


def _task_end(run_id: int, end: TaskEnd) -> tuple[Any, ...]:
    return (
        end.status,
        end.finished_at,
        end.cause,
        None if end.error is None else _encode(end.error),
        _transition(end.transition),
        None if end.usage == _NO_USAGE else _encode(end.usage),
        _encode(end.reads) if end.reads else None,
        run_id,
        end.label,
    )


def _transition(transition: Transition | None) -> bytes | None:
    return None if transition is None else _encode(transition)


def _artifact(run_id: int, label: int, name: str, ref: Ref) -> tuple[Any, ...]:
    digest: Digest = ref.digest
    buffers = " ".join(ref.buffers) if ref.buffers else None
    return (
        run_id,
        label,
        name,
        bytes.fromhex(digest),
        ref.codec,
        ref.type,
        ref.size,
        ref.is_small,
        ref.items,
        buffers,
    )
