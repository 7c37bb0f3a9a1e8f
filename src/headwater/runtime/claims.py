"""What the runs of one store hold of this machine, so that two of them do not promise the same gpu twice.

Only runs whose steps ask for resources take part. The claims are one small file beside the ledger's locks, read and
written by each driver under a lock while it decides; claims of a process that is gone count for nothing.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from headwater.model.private_files import make_private_folder, private
from headwater.plan.slots import Held, Slots


class Claim(msgspec.Struct, frozen=True):
    """What one driver's tasks hold."""

    host: str
    pid: int
    #: Tells a process from a later one with the same number.
    born: str
    held: Held


class Claims:
    """The claims of all drivers of a store on this machine."""

    def __init__(self, folder: str, run: str) -> None:
        """Take part as the driver of a run.

        Args:
            folder: where the store keeps its locks.
            run: the run's ULID.
        """
        self._path = os.path.join(folder, "claims.json")
        self._lock_path = os.path.join(folder, "claims")
        self._run = run
        self._written: Held | None = None

    @contextmanager
    def agree(self, slots: Slots) -> Iterator[None]:
        """Let no other run decide inside the block: it begins with what they hold, and ends with what we hold now."""
        make_private_folder(os.path.dirname(self._path))
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
            claims = self._read()
            others = {run: claim for run, claim in claims.items() if run != self._run and _is_alive(claim)}
            slots.leave_to_others([claim.held for claim in others.values()])
            yield
            held = slots.held
            if held != self._written or len(others) + (self._run in claims) != len(claims):
                self._write({**others, self._run: Claim(os.uname().nodename, os.getpid(), _born(os.getpid()), held)})
                self._written = held
        finally:
            os.close(descriptor)

    def _read(self) -> dict[str, Claim]:
        try:
            with open(self._path, "rb") as file:
                return msgspec.json.decode(file.read(), type=dict[str, Claim])
        except (FileNotFoundError, msgspec.DecodeError):
            return {}  # nobody claims anything, or a power cut left half a file: claims are only for the living

    def _write(self, claims: dict[str, Claim]) -> None:
        staged = f"{self._path}.{os.getpid()}"
        with open(staged, "wb", opener=private) as file:
            file.write(msgspec.json.encode({run: claim for run, claim in claims.items() if claim.held != Held()}))
        os.replace(staged, self._path)


def _is_alive(claim: Claim) -> bool:
    if claim.host != os.uname().nodename:
        return False  # another machine's share is its own
    return _born(claim.pid) == claim.born


def _born(pid: int) -> str:
    """When a process started, in clock ticks; empty when there is none (or no /proc, but a process)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rsplit(b")", 1)[1].split()[19].decode()
    except OSError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        pass
    return ""
