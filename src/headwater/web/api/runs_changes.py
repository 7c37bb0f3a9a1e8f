"""What people do to runs: notes, tags, stopping them."""

import os
from typing import Annotated

import msgspec

from headwater.model.events import Cancel
from headwater.model.rows import RunStatus
from headwater.runtime.cancel import end_interrupted
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import RunPath, find_run, project_of_run

#: What a run may be while nobody drives it.
_UNDRIVEN = ("queued", "waiting", "interrupted")
_Tags = Annotated[tuple[Annotated[str, msgspec.Meta(max_length=500)], ...], msgspec.Meta(max_length=100)]


class Note(msgspec.Struct, frozen=True):
    """What is said of a run."""

    #: Markdown; empty = nothing.
    note: Annotated[str, msgspec.Meta(max_length=20_000)]


class TagChange(msgspec.Struct, frozen=True):
    """Tags that a run gets and loses."""

    add: _Tags = ()
    remove: _Tags = ()


class Tags(msgspec.Struct, frozen=True):
    """The tags that people gave a run."""

    tags: tuple[str, ...]


class Stop(msgspec.Struct, frozen=True):
    """Why a run is stopped."""

    reason: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class Stopped(msgspec.Struct, frozen=True):
    """How a run stands after it was asked to stop; a driver that runs tasks gives them 10 s to end."""

    status: RunStatus


def write_note(asked: Asked, at: RunPath, body: Note) -> Note:
    """Replace the note of a run; it may be finished."""
    record = find_run(asked, at)
    asked.ledger.annotate(record.run, body.note)
    return Note(record.fresh().note)


def change_tags(asked: Asked, at: RunPath, body: TagChange) -> Tags:
    """Remove, then add tags of a run, in one go."""
    return Tags(asked.ledger.tag_run(find_run(asked, at).run, body.add, body.remove))


def cancel_run(asked: Asked, at: RunPath, body: Stop) -> Stopped:
    """Stop a run: its driver is asked to; one that nobody drives is ended at once."""
    record = find_run(asked, at)
    cancel = Cancel(at=asked.now, user=asked.access.user, reason=body.reason)
    # Durable, and refused to who may not; a driver that comes only later reads it too.
    asked.ledger.request(record.run, cancel)
    row = record.fresh()
    if row.status in _UNDRIVEN:
        end_interrupted(asked.home, row, cancel, host=os.uname().nodename, pid=os.getpid())
    return Stopped(record.fresh().status)


_RUN = "/runs/{flow}/{label}"
ROUTES = (
    Route("PUT", f"{_RUN}/note", write_note, needs="runner", of=project_of_run),
    Route("POST", f"{_RUN}/tags", change_tags, needs="runner", of=project_of_run),
    Route("POST", f"{_RUN}/cancel", cancel_run, needs="runner", of=project_of_run, status=202),
)
