"""The channels of one attempt: pipes for what it prints, files in memory for its order and its outcome.

Making them costs more than the rest of a start together, so the zygote keeps those of an ended attempt for the
next one. It may, because nothing that could still write to them is alive.
"""

import os

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
        block = os.pread(self.result, 65536, 0)
        if not block:
            return b""
        size = _HEAD + int.from_bytes(block[:_HEAD], "big")
        while len(block) < size and (more := os.pread(self.result, size - len(block), len(block))):
            block += more
        os.ftruncate(self.result, 0)
        return block[_HEAD:size] if len(block) >= size > _HEAD else b""

    def close(self) -> None:
        """Release all descriptors."""
        ends = self.stdout, self.stdout_end, self.stderr, self.stderr_end, self.go, self.go_end
        for descriptor in (*ends, self.order, self.result):
            os.close(descriptor)


def write_outcome(descriptor: int, outcome: bytes) -> None:
    """Leave an outcome in a slot's file; a kill half-way leaves one that `read_outcome` does not take."""
    _write_all(descriptor, len(outcome).to_bytes(_HEAD, "big") + outcome)


def memory_file(name: str) -> int:
    """Open a file that has no name on any disk."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create(name, os.MFD_CLOEXEC)
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"headwater-{name}-{os.urandom(8).hex()}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.unlink(path)
    return descriptor


def _write_all(descriptor: int, text: bytes) -> None:
    offset = os.pwrite(descriptor, text, 0)
    while offset < len(text):
        offset += os.pwrite(descriptor, text[offset:], offset)


def _pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    return reader, writer
