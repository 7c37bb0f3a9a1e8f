"""What is known of project files that have not changed since a tree was last saved: digests, and which are ignored.

Two small files per code root; losing them costs time only.
"""

import os
from collections.abc import Callable
from typing import TypeVar

import msgspec

from headwater.model.ids import Digest
from headwater.model.private_files import make_private_folder, private
from headwater.store.framing import hash_bytes
from headwater.store.ignore_files import IgnoreRules

#: A file that changed this shortly before it was hashed might change again without a new time.
_SETTLED_NS = 2_000_000_000

Contents = TypeVar("Contents")


class _Known(msgspec.Struct, frozen=True, array_like=True):
    """What was seen of one file."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    digest: Digest


class _Verdicts(msgspec.Struct, frozen=True, array_like=True):
    """What ignore files said of the contents of one folder."""

    #: Digest of the rules that said it.
    rules: str
    #: Reason by name; empty = not ignored. A folder's name ends with a slash.
    reasons: dict[str, str]


class TreeCache:
    """Looks digests up by path and the file's size, times and inode; does nothing without a folder."""

    def __init__(self, folder: str | None, root: str) -> None:
        name = f"{hash_bytes(root.encode())[:16]}.json"
        self._path = None if folder is None else os.path.join(folder, "cache", f"tree-{name}")
        self._known: dict[str, _Known] = _read(self._path, dict[str, _Known])
        self._noted: dict[str, _Known] = {}
        self._ignored_path = None if folder is None else os.path.join(folder, "cache", f"ignored-{name}")
        #: By folder; None = not read yet, as in projects without ignore files.
        self._ignored: dict[str, _Verdicts] | None = None
        self._is_ignored_new = False

    def digest(self, path: str, found: os.stat_result) -> Digest | None:
        """Give the digest of a file that is as it was; None when it is not known to be."""
        known = self._known.get(path)
        if known is None:
            return None
        return known.digest if known == _seen(found, known.digest) else None

    def note(self, path: str, found: os.stat_result, digest: Digest) -> None:
        """Remember a file that was just read; `found` is its state from before that."""
        self._noted[path] = _seen(found, digest)

    def why_ignored(self, path: str, rules: IgnoreRules) -> str:
        """Say why the ignore files of its folder leave a path out; empty when they do not."""
        if self._ignored is None:
            self._ignored = _read(self._ignored_path, dict[str, _Verdicts])
        place = path.rfind("/", 0, len(path) - 1) + 1
        folder, name = path[:place], path[place:]
        verdicts = self._ignored.get(folder)
        if verdicts is None or verdicts.rules != rules.digest:
            verdicts = self._ignored[folder] = _Verdicts(rules.digest, {})
        reason = verdicts.reasons.get(name)
        if reason is None:
            reason = verdicts.reasons[name] = rules.why(path)
            self._is_ignored_new = True
        return reason

    def keep(self) -> None:
        """Write down what is new, leaving out files that changed a moment ago; a failure costs time only."""
        if self._noted:
            _write(self._path, lambda now_ns: self._known | self._settled(now_ns))
        if self._is_ignored_new:
            _write(self._ignored_path, lambda now_ns: self._ignored)

    def _settled(self, now_ns: int) -> dict[str, _Known]:
        return {
            path: known
            for path, known in self._noted.items()
            if now_ns - max(known.mtime_ns, known.ctime_ns) > _SETTLED_NS
        }


def _read(path: str | None, type: type[Contents]) -> Contents:
    """Read what was kept; empty when nothing was, or it is damaged."""
    if path is not None:
        try:
            with open(path, "rb") as file:
                return msgspec.json.decode(file.read(), type=type)
        except (OSError, msgspec.DecodeError):
            pass
    return msgspec.json.decode(b"{}", type=type)


def _write(path: str | None, contents: Callable[[int], object]) -> None:
    """Write what `contents` gives for the time on the files' own clock, which is not always this machine's."""
    if path is None:
        return
    staged = f"{path}.{os.getpid()}"
    try:
        make_private_folder(os.path.dirname(path))
        with open(staged, "wb", opener=private) as file:
            file.write(msgspec.json.encode(contents(os.fstat(file.fileno()).st_mtime_ns)))
        os.replace(staged, path)
    except OSError:
        return


def _seen(found: os.stat_result, digest: Digest) -> _Known:
    return _Known(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, digest)
