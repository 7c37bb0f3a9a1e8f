"""The channels of one attempt: pipes for what it prints, files in memory for its order and its outcome.

Making them costs more than the rest of a start together, so the zygote keeps those of an ended attempt for the
next one. It may, because nothing that could still write to them is alive.
"""

import os
from collections.abc import Sequence

import msgspec

_HEAD = 8


class Slot:
    """Pipes and files of one attempt at a time."""

    def __init__(self) -> None:
        self.stdout, self.stdout_end = _pipe()
        self.stderr, self.stderr_end = _pipe()
        #: Tells a waiting process that its order is there.
        self.go, self.go_end = os.pipe()
        self.order = memory_file("order")
        self.result = memory_file("outcome")
        self.secrets = memory_file("secrets")

    def give_order(self, order: bytes, queue_seconds: float) -> None:
        """Leave an order for the process that waits in `take_order`; never blocks, however large the order is."""
        _write_all(self.order, order)
        os.write(self.go_end, b"%d %.6f" % (len(order), queue_seconds))

    def take_order(self) -> tuple[bytes, float]:
        """Wait for the order; gives it with the seconds that it had been waiting for this process."""
        size, queue_seconds = os.read(self.go, 64).split()
        order = b""
        while len(order) < int(size):
            order += os.pread(self.order, int(size) - len(order), len(order))
        return order, float(queue_seconds)

    def read_outcome(self) -> bytes:
        """Take the outcome that the attempt left; empty when it wrote none, or not all of it."""
        written = _read_whole(self.result)
        if written is not None:
            os.ftruncate(self.result, 0)
        return written or b""

    def read_secrets(self) -> list[str] | None:
        """Give the values that are to be masked; None until the attempt has told them."""
        written = _read_whole(self.secrets)
        return [os.fsdecode(value) for value in msgspec.json.decode(written, type=list[bytes])] if written else None

    def forget_secrets(self) -> None:
        """Let the next attempt find none."""
        os.ftruncate(self.secrets, 0)

    def close(self) -> None:
        """Release all descriptors."""
        ends = self.stdout, self.stdout_end, self.stderr, self.stderr_end, self.go, self.go_end
        for descriptor in (*ends, self.order, self.result, self.secrets):
            os.close(descriptor)


def write_outcome(descriptor: int, outcome: bytes) -> None:
    """Leave an outcome in a slot's file; a kill half-way leaves one that `read_outcome` does not take."""
    _write_all(descriptor, len(outcome).to_bytes(_HEAD, "big") + outcome)


def write_secrets(descriptor: int, values: Sequence[str]) -> None:
    """Tell the supervisor the values that are to be masked in all that is printed from now on."""
    # As bytes: a variable may hold what is no text.
    write_outcome(descriptor, msgspec.json.encode([os.fsencode(value) for value in values]))


def memory_file(name: str) -> int:
    """Open a file that has no name on any disk."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create(name, os.MFD_CLOEXEC)
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"headwater-{name}-{os.urandom(8).hex()}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.unlink(path)
    return descriptor


def _read_whole(descriptor: int) -> bytes | None:
    """Read what was left in a file; None when nothing was, empty when it is not whole."""
    block = os.pread(descriptor, 65536, 0)
    if not block:
        return None
    size = _HEAD + int.from_bytes(block[:_HEAD], "big")
    while len(block) < size and (more := os.pread(descriptor, size - len(block), len(block))):
        block += more
    return block[_HEAD:size] if len(block) >= size > _HEAD else b""


def _write_all(descriptor: int, text: bytes) -> None:
    offset = os.pwrite(descriptor, text, 0)
    while offset < len(text):
        offset += os.pwrite(descriptor, text[offset:], offset)


def _pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    return reader, writer
