"""Digests of project files that have not changed since a tree was last saved, so that they need not be read again.

One small file per code root; losing it costs time only.
"""

import os

import msgspec

from headwater.model.ids import Digest
from headwater.store.framing import hash_bytes

#: A file that changed this shortly before it was hashed might change again without a new time.
_SETTLED_NS = 2_000_000_000


class _Known(msgspec.Struct, frozen=True, array_like=True):
    """What was seen of one file."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    digest: Digest


class TreeCache:
    """Looks digests up by path and the file's size, times and inode; does nothing without a folder."""

    def __init__(self, folder: str | None, root: str) -> None:
        name = f"tree-{hash_bytes(root.encode())[:16]}.json"
        self._path = None if folder is None else os.path.join(folder, "cache", name)
        self._known: dict[str, _Known] = {}
        self._noted: dict[str, _Known] = {}
        if self._path is not None:
            try:
                with open(self._path, "rb") as file:
                    self._known = msgspec.json.decode(file.read(), type=dict[str, _Known])
            except (OSError, msgspec.DecodeError):
                self._known = {}

    def digest(self, path: str, found: os.stat_result) -> Digest | None:
        """Give the digest of a file that is as it was; None when it is not known to be."""
        known = self._known.get(path)
        if known is None:
            return None
        return known.digest if known == _seen(found, known.digest) else None

    def note(self, path: str, found: os.stat_result, digest: Digest) -> None:
        """Remember a file that was just read; `found` is its state from before that."""
        self._noted[path] = _seen(found, digest)

    def keep(self) -> None:
        """Write down what is new, leaving out files that changed a moment ago; a failure costs time only."""
        if self._path is None or not self._noted:
            return
        staged = f"{self._path}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            with open(staged, "wb") as file:
                # The time on the files' own clock, which is not always this machine's.
                now_ns = os.fstat(file.fileno()).st_mtime_ns
                file.write(msgspec.json.encode(self._known | self._settled(now_ns)))
            os.replace(staged, self._path)
        except OSError:
            return

    def _settled(self, now_ns: int) -> dict[str, _Known]:
        return {
            path: known
            for path, known in self._noted.items()
            if now_ns - max(known.mtime_ns, known.ctime_ns) > _SETTLED_NS
        }


def _seen(found: os.stat_result, digest: Digest) -> _Known:
    return _Known(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, digest)
