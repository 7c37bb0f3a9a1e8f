"""Bodies that are too large for memory: kept in a file while they come."""

import errno
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from headwater.model.errors import DiskFull
from headwater.model.private_files import make_private_folder
from headwater.web.problems import Refused
from headwater.web.routes import Upload

FOLDER = "incoming"
#: Bytes that are collected before they are written.
_BLOCK_BYTES = 1 << 20
#: Seconds after which a file that nobody finished is taken for one of a server that was killed.
_ABANDONED_SECONDS = 86400.0
_FULL = (errno.ENOSPC, errno.EDQUOT)


@asynccontextmanager
async def kept_body(request: Request, home: str, most: int) -> AsyncIterator[Upload]:
    """Keep a request's body in a file of the store's volume for as long as the block runs.

    Raises:
        Refused: it is too long (413), or packed (415).
        DiskFull: nothing is left behind.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refused(415, "a body is sent as it is, not packed")
    folder = os.path.join(home, FOLDER)
    path = os.path.join(folder, f"{os.getpid():x}-{os.urandom(8).hex()}")
    descriptor = await run_in_threadpool(_open, folder, path)
    try:
        try:
            size = await _written(request, descriptor, most)
        except ClientDisconnect as error:
            raise Refused(400, "the body broke off") from error
        except OSError as error:
            if error.errno in _FULL:
                raise DiskFull(folder, None, None) from error
            raise
        finally:
            os.close(descriptor)
        yield Upload(path, size)
    finally:
        _remove(path)


def remove_abandoned(home: str, now: float | None = None) -> None:
    """Remove what servers that were killed left behind."""
    folder = os.path.join(home, FOLDER)
    oldest = (time.time() if now is None else now) - _ABANDONED_SECONDS
    try:
        with os.scandir(folder) as listing:
            files = [entry.path for entry in listing if entry.is_file() and entry.stat().st_mtime < oldest]
    except FileNotFoundError:
        return
    for path in files:
        _remove(path)


def _open(folder: str, path: str) -> int:
    make_private_folder(folder)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


async def _written(request: Request, descriptor: int, most: int) -> int:
    waiting: list[bytes] = []
    size = held = 0
    async for part in request.stream():
        waiting.append(part)
        held += len(part)
        size += len(part)
        if size > most:
            raise Refused(413, f"a body has at most {most} bytes here")
        if held >= _BLOCK_BYTES:
            await run_in_threadpool(_write, descriptor, waiting)
            waiting, held = [], 0
    if waiting:
        await run_in_threadpool(_write, descriptor, waiting)
    return size


def _write(descriptor: int, parts: list[bytes]) -> None:
    view = memoryview(b"".join(parts))
    while view:
        view = view[os.write(descriptor, view) :]


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
