"""What a driver has written while its server did not answer: one file in the run's folder, until it is delivered.

Records follow one another: 32 hexadecimal digits BLAKE2b of the JSON, a space, 8 hexadecimal digits its length, a
space, the JSON, a newline. The first one says whose run it is and holds the lease, each other one is a commit with the
number of the event that it follows. A record is whole and on the disk before the commit counts; a torn one at the end,
which its writer's death leaves behind, never counted.
"""

import errno
import fcntl
import hashlib
import os

import msgspec

from headwater.model.errors import DiskFull, FormatUnknown, HeadwaterError, LedgerDamaged
from headwater.model.failpoints import failpoint
from headwater.model.ports import Commit
from headwater.model.private_files import make_private_folder
from headwater.remote.wire import HeldLease

#: Its name in the folder of a run.
FILE = "journal"
VERSION = 1
_KIND = "headwater_journal"
_DIGEST_BYTES = 16
#: The digest and the length in hexadecimal, each with the space behind it.
_HEAD_BYTES = 2 * _DIGEST_BYTES + 1 + 8 + 1
_FULL = (errno.ENOSPC, errno.EDQUOT)


class JournalHead(msgspec.Struct, frozen=True):
    """The first record."""

    lease: HeldLease
    #: `Churn/17`.
    path: str
    #: Whose lease it is on the server.
    user: str
    #: Number of the last event that the server has for certain.
    after: int
    kind: str = _KIND
    v: int = VERSION


class JournalEntry(msgspec.Struct, frozen=True):
    """A commit that is to be delivered."""

    #: Number of the event that it follows.
    after: int
    commit: Commit

    @property
    def last(self) -> int:
        """Number of its last event."""
        return self.after + len(self.commit.events)


class Journal:
    """The journal of one run; its file is locked for as long as this process has it open."""

    def __init__(self, path: str, descriptor: int, head: JournalHead, first: int, size: int) -> None:
        """Take an open and locked file; `create_journal` and `open_journal` give one."""
        self.path = path
        self.head = head
        #: Where the first entry begins.
        self.first = first
        #: Where the next entry goes.
        self.size = size
        self._descriptor = descriptor
        self._is_broken = False

    def append(self, entry: JournalEntry) -> None:
        """Write an entry; durable on return, and as if it had never been on failure.

        Raises:
            DiskFull: the disk has no room for it.
            HeadwaterError: the file cannot be written.
        """
        if self._is_broken:
            raise _unwritable(self.path, "an earlier write to it failed")
        record = _record(entry)
        try:
            failpoint("remote.before_journal")
            _write(self._descriptor, record, self.size)
        except OSError as error:
            self._is_broken = not _cut(self._descriptor, self.size)
            raise _error_of(self.path, len(record), error) from error
        try:
            failpoint("remote.before_journal_fsync")
            os.fsync(self._descriptor)
        except OSError as error:
            self._is_broken = True  # the kernel may have dropped the bytes, and would say yes the next time
            raise _error_of(self.path, len(record), error) from error
        failpoint("remote.after_journal")
        self.size += len(record)

    def read(self, offset: int) -> tuple[JournalEntry, int] | None:
        """Give the entry at an offset, and where the next one begins; None at the end.

        Raises:
            LedgerDamaged: it does not read, and is not torn: others follow it.
        """
        if offset >= self.size:
            return None
        found = _payload(self._descriptor, offset)
        if found is None:
            raise LedgerDamaged(f"{self.path} is damaged at byte {offset}", hint="what is before it was delivered")
        return msgspec.json.decode(found, type=JournalEntry), offset + _HEAD_BYTES + len(found) + 1

    def remove(self) -> None:
        """Delete it: everything is delivered."""
        failpoint("remote.before_journal_removed")
        os.unlink(self.path)
        _sync_folder(os.path.dirname(self.path))
        self.close()

    def set_aside(self) -> str:
        """Keep it under another name, because what it holds can never be delivered; gives its path."""
        kept = f"{self.path}.refused-{self.head.lease.epoch}"
        os.replace(self.path, kept)
        self.path = kept
        return kept

    def close(self) -> None:
        """Let go of it; the file stays."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def create_journal(folder: str, head: JournalHead) -> Journal:
    """Begin the journal of a run in the run's folder, which is made; durable on return.

    Raises:
        DiskFull: the disk has no room for it.
        HeadwaterError: it cannot be written.
    """
    path = os.path.join(folder, FILE)
    record = _record(head)
    # It gets its name when it is locked: whoever finds it finds its driver too.
    staged = f"{path}.{os.getpid()}-{os.urandom(4).hex()}"
    descriptor = -1
    try:
        make_private_folder(folder)
        descriptor = os.open(staged, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _write(descriptor, record, 0)
        os.fsync(descriptor)
        os.rename(staged, path)
        _sync_folder(folder)
        _sync_folder(os.path.dirname(folder))
    except OSError as error:
        if descriptor >= 0:
            os.close(descriptor)
            _unlink(staged)
        raise _error_of(path, len(record), error) from error
    return Journal(path, descriptor, head, len(record), len(record))


def open_journal(folder: str) -> Journal | None:
    """Open what a driver that is gone has left in a run's folder; None when nothing is there, or its driver lives.

    Raises:
        FormatUnknown: a newer Headwater wrote it.
        LedgerDamaged: not even its first record reads.
    """
    path = os.path.join(folder, FILE)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_gone = not os.path.exists(path) or not os.path.samestat(os.stat(path), os.fstat(descriptor))
    except OSError:
        is_gone = True
    if is_gone:
        os.close(descriptor)
        return None
    try:
        head, first = _read_head(path, descriptor)
        return Journal(path, descriptor, head, first, _whole_size(descriptor, first))
    except BaseException:
        os.close(descriptor)
        raise


def _read_head(path: str, descriptor: int) -> tuple[JournalHead, int]:
    found = _payload(descriptor, 0)
    if found is None:
        raise LedgerDamaged(f"{path} is no journal of a run", hint="nothing in it reads; remove it")
    kept = msgspec.json.decode(found, type=dict[str, object])
    version = kept.get("v")
    if kept.get("kind") != _KIND or not isinstance(version, int) or version > VERSION:
        raise FormatUnknown(
            f"{path} has format {version}, this Headwater knows up to {VERSION}", hint="pip install -U headwater"
        )
    return msgspec.json.decode(found, type=JournalHead), _HEAD_BYTES + len(found) + 1


def _whole_size(descriptor: int, offset: int) -> int:
    """Give where the whole records end; where one that does not read is followed by one that does, the file's end."""
    size = os.fstat(descriptor).st_size
    while offset < size:
        found = _payload(descriptor, offset)
        if found is None:
            return size if _goes_on(descriptor, offset) else offset
        offset += _HEAD_BYTES + len(found) + 1
    return offset


def _goes_on(descriptor: int, offset: int) -> bool:
    """Tell whether any whole record begins behind an offset: then what does not read there is no torn end."""
    while block := os.pread(descriptor, 1 << 20, offset):
        place = block.find(b"\n")
        if place < 0:
            offset += len(block)
            continue
        offset += place + 1
        if _payload(descriptor, offset) is not None:
            return True
    return False


def _payload(descriptor: int, offset: int) -> bytes | None:
    """Read the JSON of a record; None when it is not whole."""
    head = os.pread(descriptor, _HEAD_BYTES, offset)
    digest, _, length = head[:-1].partition(b" ")
    if len(head) < _HEAD_BYTES or len(digest) != 2 * _DIGEST_BYTES or len(length) != 8:
        return None
    try:
        size = int(length, 16)
    except ValueError:
        return None
    found = _read(descriptor, size + 1, offset + _HEAD_BYTES)
    if len(found) != size + 1 or found[-1:] != b"\n" or _digest(found[:-1]) != digest:
        return None
    return found[:-1]


def _read(descriptor: int, size: int, offset: int) -> bytes:
    blocks = []
    while size and (block := os.pread(descriptor, size, offset)):
        blocks.append(block)
        size, offset = size - len(block), offset + len(block)
    return b"".join(blocks)


def _record(noun: msgspec.Struct) -> bytes:
    payload = msgspec.json.encode(noun)
    return b"%s %08x %s\n" % (_digest(payload), len(payload), payload)


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_DIGEST_BYTES).hexdigest().encode()


def _write(descriptor: int, record: bytes, offset: int) -> None:
    """Write a record in two pieces, so that a test can end the process between them."""
    view = memoryview(record)
    for piece in (view[: len(view) // 2], view[len(view) // 2 :]):
        while piece:
            written = os.pwrite(descriptor, piece, offset)
            piece, offset = piece[written:], offset + written
        failpoint("remote.in_journal")


def _cut(descriptor: int, size: int) -> bool:
    """Take back what was written behind a size; False when that fails too."""
    try:
        os.ftruncate(descriptor, size)
    except OSError:
        return False
    return True


def _error_of(path: str, needed: int, error: OSError) -> HeadwaterError:
    if error.errno not in _FULL:
        return _unwritable(path, error.strerror or str(error))
    folder = os.path.dirname(path)
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
    found = os.statvfs(folder)
    return DiskFull(path, needed, found.f_bavail * found.f_frsize)


def _unwritable(path: str, reason: str) -> HeadwaterError:
    return HeadwaterError(
        f"{path}, which keeps what the server did not take yet, cannot be written: {reason}",
        hint="mend the disk, then `headwater resume`",
    )


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
