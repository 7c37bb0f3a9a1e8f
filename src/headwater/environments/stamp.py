"""The stamp of a built environment: which files it holds, so that a damaged one is noticed before a task runs in it."""

import os
from collections.abc import Iterator

import msgspec

from headwater.model.ids import Digest
from headwater.model.packages import ENVIRONMENT_STAMP

#: Made by the interpreter whenever it likes.
_CACHE = "__pycache__"


class Stamp(msgspec.Struct, frozen=True):
    """What was built, as it was when it was whole."""

    #: The lock's object.
    lock: Digest
    #: Full version of the Python in it, and when it was built (Unix time).
    python: str
    at: float
    #: Path below the environment's folder, bytes and modification time (ns) of each file; links have -1 bytes.
    files: list[tuple[str, int, int]]
    v: int = 1

    @property
    def size_bytes(self) -> int:
        """Bytes of all files, shared ones included."""
        return sum(max(0, size) for _, size, _ in self.files)


def write_stamp(folder: str, lock: Digest, python: str, at: float) -> None:
    """Note what lies in a folder that was built just now."""
    files = sorted(_look(folder))
    stamp = Stamp(lock, python, at, files)
    with open(os.path.join(folder, ENVIRONMENT_STAMP), "wb") as file:
        file.write(msgspec.json.encode(stamp))


def packages_folder(folder: str, python: str) -> str:
    """Give the folder of the installed packages in an environment with this version of Python."""
    return os.path.join(folder, "lib", f"python{'.'.join(python.split('.')[:2])}", "site-packages")


def read_stamp(folder: str) -> Stamp | None:
    """Read it; None when the folder was never whole, or its stamp does not read."""
    try:
        with open(os.path.join(folder, ENVIRONMENT_STAMP), "rb") as file:
            return msgspec.json.decode(file.read(), type=Stamp)
    except (OSError, msgspec.DecodeError):
        return None


def first_damage(folder: str, stamp: Stamp) -> str:
    """Give the first file that is gone or was changed since, relative; empty when all is as it was built.

    Looks at sizes and times, not at contents: 15 ms for 10,000 files.
    """
    if not os.path.exists(os.path.join(folder, "bin", "python")):
        return "bin/python"
    for path, size, modified in stamp.files:
        try:
            found = os.lstat(f"{folder}/{path}")
        except OSError:
            return path
        if size >= 0 and (found.st_size != size or found.st_mtime_ns != modified):
            return path
    return ""


def _look(folder: str) -> Iterator[tuple[str, int, int]]:
    waiting = [""]
    while waiting:
        below = waiting.pop()
        with os.scandir(os.path.join(folder, below)) as entries:
            for entry in entries:
                path = f"{below}{entry.name}"
                if entry.is_symlink():
                    yield path, -1, 0
                elif entry.is_dir():
                    if entry.name != _CACHE:
                        waiting.append(f"{path}/")
                else:
                    found = entry.stat()
                    yield path, found.st_size, found.st_mtime_ns
