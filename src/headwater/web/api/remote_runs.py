"""Runs that are driven from other machines: their leases, their events, what their attempts write."""

import os
import time
from collections.abc import AsyncIterator
from functools import partial

import msgspec
from starlette.concurrency import run_in_threadpool

from headwater.model.events import RunStarted
from headwater.model.ports import Owner
from headwater.model.private_files import make_private_folder
from headwater.remote import wire
from headwater.web.asked import Asked
from headwater.web.problems import Refused
from headwater.web.remote.commits import checked_commit
from headwater.web.routes import Raw, Route, Sent

#: Bytes of one file of a run; what is longer is cut by whoever writes it long before.
_MOST_BYTES = 8 << 30


class FilePath(msgspec.Struct, frozen=True):
    """A file of a run."""

    run: wire.Run
    name: wire.FileName


class FileQuery(msgspec.Struct, frozen=True):
    """Which part of a file."""

    offset: wire.Number = 0


def remote_start_run(asked: Asked, body: wire.StartRun) -> wire.BegunRun:
    """Start a run and give its lease; asked again it gives the same."""
    commit = checked_commit(asked, body.commit)
    epoch, started = asked.remote.leases.start_run(asked.ledger, asked.access.user, commit, body.secret)
    return wire.BegunRun(epoch, started)


def remote_take_run(asked: Asked, body: wire.TakeRun) -> wire.TakenRun:
    """Take over a run that nobody drives; asked again it gives the same."""
    owner = Owner(body.host, body.pid, body.at)
    epoch, last = asked.remote.leases.take(asked.ledger, asked.access.user, body.run, body.secret, owner)
    return wire.TakenRun(epoch, last, asked.ledger.run(body.run).path)


def remote_append(asked: Asked, body: wire.Append) -> wire.Appended:
    """Append to a run; what follows on the named event already is not written again."""
    if any(isinstance(event, RunStarted) for event in body.commit.events):
        raise Refused(422, "a run begins once")
    commit = checked_commit(asked, body.commit)
    number = asked.remote.leases.append(asked.ledger, asked.access.user, body.lease, body.after, commit)
    return wire.Appended(number)


def remote_renew(asked: Asked, body: wire.Renew) -> wire.Renewed:
    """Note that a run's driver lives."""
    asked.remote.leases.renew(asked.access.user, body.lease)
    return wire.Renewed(asked.ledger.requests(body.lease.run, body.after_request))


def remote_release(asked: Asked, body: wire.HeldLease) -> None:
    """Take a lease back."""
    asked.remote.leases.release(asked.access.user, body)


def remote_append_file(asked: Asked, body: wire.AppendFile) -> wire.FileSize:
    """Append to a file of a run; what is there already is not written again."""
    asked.remote.leases.require(asked.access.user, body.lease)
    folder = asked.home.run_folder(body.lease.run)
    make_private_folder(folder)
    descriptor = os.open(os.path.join(folder, body.name), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        piece = body.piece[max(0, size - body.offset) :]
        if body.offset <= size and piece:
            if size + len(piece) > _MOST_BYTES:
                raise Refused(413, f"a file of a run has at most {_MOST_BYTES} bytes")
            size += os.pwrite(descriptor, piece, size)
    finally:
        os.close(descriptor)
    return wire.FileSize(size)


def remote_read_file(asked: Asked, at: FilePath, query: FileQuery) -> Raw:
    """Give a file of a run, from an offset to where it ends now."""
    asked.ledger.run(at.run)
    path = os.path.join(asked.home.run_folder(at.run), at.name)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return Raw("application/octet-stream", b"")
    with open(descriptor, "rb", buffering=0) as file:
        # Far behind the end there is no seeking.
        file.seek(min(query.offset, os.fstat(file.fileno()).st_size))
        return Raw("application/octet-stream", file.read(wire.PIECE_BYTES) or b"")


async def remote_news(asked: Asked, query: wire.WaitForNews) -> AsyncIterator[Sent | None]:
    """Answer with one event, `news`, as soon as something was written that the caller sees, or the time is up."""
    mark = asked.pulse.mark()
    after = query.after if query.after is not None else await run_in_threadpool(asked.ledger.last_change)
    deadline = time.monotonic() + query.seconds
    yield None
    while True:
        changes = await run_in_threadpool(partial(asked.ledger.changes, after, limit=1))
        left = deadline - time.monotonic()
        if changes or left <= 0 or asked.pulse.is_stopped:
            number = after if not changes else await run_in_threadpool(asked.ledger.last_change)
            yield Sent(str(number), "news", wire.News(number, bool(changes)))
            return
        await asked.pulse.after(mark, left)
        mark = asked.pulse.mark()


ROUTES = (
    Route("POST", "/remote/runs/start", remote_start_run, needs="runner", body_bytes=wire.COMMIT_BYTES),
    Route("POST", "/remote/runs/take", remote_take_run, needs="runner"),
    Route("POST", "/remote/runs/append", remote_append, needs="runner", body_bytes=wire.COMMIT_BYTES, is_audited=False),
    Route("POST", "/remote/runs/renew", remote_renew, needs="runner", is_audited=False),
    Route("POST", "/remote/runs/release", remote_release, needs="runner", status=204, is_audited=False),
    Route("POST", "/remote/runs/files", remote_append_file, needs="runner", is_audited=False),
    Route("GET", "/remote/runs/{run}/files/{name}", remote_read_file, needs="viewer"),
    Route("GET", "/remote/news", remote_news, needs="viewer", events={"news": wire.News}),
)
