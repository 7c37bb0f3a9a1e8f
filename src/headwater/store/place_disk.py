"""A place in a folder of this machine's disk.

Written in the only order that survives a power cut: a temporary file in the same folder, its bytes, fsync,
rename, fsync of the folder. A flush that failed is never asked again: the kernel may have dropped the bytes and
would say yes.
"""

import errno
import mmap
import os
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from headwater.model.errors import DiskFull
from headwater.model.failpoints import failpoint
from headwater.model.ports import Buffer, Stat
from headwater.store.keys import checked_key

#: Begins the name of a file that is being written; no key begins with a dot.
TEMPORARY = ".tmp-"
#: Files written before the first of them is flushed: bounds the open descriptors.
_FILES_PER_BATCH = 64
#: Parts smaller than this together go out in one call.
_JOIN_BYTES = 65536
#: Linux writes at most 2 GiB a call; smaller pieces also let a signal in.
_BYTES_PER_CALL = 1 << 28
_FULL = (errno.ENOSPC, errno.EDQUOT)


class DiskPlace:
    """Bytes at a key, each in a file of its own below `root`; files are 0600, folders 0700 whatever the umask."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    def path(self, key: str) -> str:
        """Give the path of a key's file."""
        return f"{self.root}/{checked_key(key)}"

    def put(self, key: str, parts: Sequence[Buffer]) -> None:
        self.put_many([(key, parts)])

    def put_many(self, items: Iterable[tuple[str, Sequence[Buffer]]]) -> None:
        batch: list[tuple[str, Sequence[Buffer]]] = []
        for item in items:
            batch.append(item)
            if len(batch) == _FILES_PER_BATCH:
                self._write_batch(batch)
                batch = []
        if batch:
            self._write_batch(batch)

    def bring(self, key: str) -> bool:
        """Have what is at a key here, when this place keeps a part of another one; False when it has it not."""
        return False

    def adopt(self, key: str, path: str) -> None:
        """Let a file of this volume that nobody writes to any more become what is at a key; durable on return."""
        final = self.path(key)
        _make_folders({os.path.dirname(final)})
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fchmod(descriptor, 0o600)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(path, final)
        sync_folder(os.path.dirname(final))

    def get(self, key: str) -> bytes:
        try:
            with open(self.path(key), "rb", buffering=0) as file:
                return file.readall()
        except FileNotFoundError as error:
            raise KeyError(key) from error

    def map(self, key: str) -> memoryview:
        try:
            descriptor = os.open(self.path(key), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise KeyError(key) from error
        try:
            size = os.fstat(descriptor).st_size
            if size == 0:
                return memoryview(bytearray())
            return memoryview(mmap.mmap(descriptor, size, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE))
        finally:
            os.close(descriptor)

    def stat(self, key: str) -> Stat | None:
        try:
            found = os.stat(self.path(key))
        except FileNotFoundError:
            return None
        return Stat(found.st_size, found.st_mtime, _identity(found))

    def touch(self, key: str) -> None:
        path = self.path(key)
        try:
            os.utime(path)
            # Somebody else's rename may not be durable yet; whoever touches is about to rely on it.
            sync_folder(os.path.dirname(path))
        except FileNotFoundError:
            return

    def delete(self, key: str) -> None:
        try:
            os.unlink(self.path(key))
        except FileNotFoundError:
            return

    def keys(self, prefix: str) -> Iterator[str]:
        folder = prefix.rpartition("/")[0]
        start = self.path(folder) if folder else self.root
        for key in _walk(start, f"{folder}/" if folder else ""):
            if key.startswith(prefix):
                yield key

    def temporaries(self) -> Iterator[tuple[str, float, int]]:
        """List files that a killed process left half-written: path, time of the last write, size."""
        for folder, _, names in os.walk(self.root):
            for name in sorted(names):
                if name.startswith(TEMPORARY):
                    path = f"{folder}/{name}"
                    try:
                        found = os.stat(path)
                    except FileNotFoundError:
                        continue
                    yield path, found.st_mtime, found.st_size

    def _write_batch(self, batch: Sequence[tuple[str, Sequence[Buffer]]]) -> None:
        pending: list[_Pending] = []
        try:
            _make_folders({os.path.dirname(self.path(key)) for key, _ in batch})
            for key, parts in batch:
                pending.append(self._open(self.path(key)))
                os.fchmod(pending[-1].descriptor, 0o600)
                _write_parts(pending[-1].descriptor, parts)
            failpoint("store.before_fsync")
            for file in pending:
                os.fsync(file.descriptor)
            failpoint("store.before_rename")
            for file in pending:
                os.rename(file.temporary, file.final)
                file.is_renamed = True
            failpoint("store.before_fsync_folder")
            for folder in {os.path.dirname(file.final) for file in pending}:
                sync_folder(folder)
            failpoint("store.after_put")
        except OSError as error:
            _undo(pending)
            if error.errno in _FULL:
                raise self._disk_full(batch, pending) from error
            if error.filename is None:  # what is called with a descriptor does not name the file
                error.filename = pending[-1].final if pending else self.path(batch[0][0])
            raise
        except BaseException:
            _undo(pending)
            raise
        for file in pending:
            os.close(file.descriptor)

    def _open(self, final: str) -> "_Pending":
        folder, _, name = final.rpartition("/")
        temporary = f"{folder}/{TEMPORARY}{name}-{os.getpid():x}-{os.urandom(4).hex()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        failpoint("store.before_write")
        return _Pending(temporary, final, os.open(temporary, flags, 0o600))

    def _disk_full(self, batch: Sequence[tuple[str, Sequence[Buffer]]], pending: Sequence["_Pending"]) -> DiskFull:
        path = pending[-1].final if pending else self.path(batch[0][0])
        needed = sum(memoryview(part).nbytes for _, parts in batch for part in parts)
        return DiskFull(path, needed, _free_bytes(self.root))


class _Pending(msgspec.Struct):
    """A file on its way."""

    temporary: str
    final: str
    descriptor: int
    is_renamed: bool = False


def _undo(pending: Sequence[_Pending]) -> None:
    """Leave nothing behind; also what was renamed goes, because its folder's flush did not succeed."""
    for file in pending:
        os.close(file.descriptor)
        try:
            os.unlink(file.final if file.is_renamed else file.temporary)
        except OSError:
            continue


def _write_parts(descriptor: int, parts: Sequence[Buffer]) -> None:
    views = [memoryview(part).cast("B") for part in parts]
    if sum(view.nbytes for view in views) <= _JOIN_BYTES:
        views = [memoryview(b"".join(views))]
    for view in views:
        written = 0
        while written < view.nbytes:
            written += os.write(descriptor, view[written : written + _BYTES_PER_CALL])


def _make_folders(folders: Iterable[str]) -> None:
    """Create what is missing of some folders and of those above them, 0700, each made durable in its parent."""
    parents: set[str] = set()
    for folder in folders:
        _make_folder(folder, parents)
    for parent in parents:
        sync_folder(parent)


def _make_folder(folder: str, parents: set[str]) -> None:
    if os.path.isdir(folder):
        return
    parent = os.path.dirname(folder)
    _make_folder(parent, parents)
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        return
    os.chmod(folder, 0o700)
    parents.add(parent)


def sync_folder(folder: str) -> None:
    """Make durable which files a folder has."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _identity(found: os.stat_result) -> str:
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"


def _free_bytes(path: str) -> int | None:
    while path and not os.path.exists(path):
        path = os.path.dirname(path)
    try:
        found = os.statvfs(path or "/")
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def _walk(folder: str, prefix: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name + ("/" if entry.is_dir() else ""))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name
