"""The channels of one attempt: pipes for what it prints, a file in memory for its outcome.

Making them costs more than the rest of a start together, so the zygote keeps those of an ended attempt for the
next one. It may, because nothing that could still write to them is alive.
"""

import os

_HEAD = 8


class Slot:
    """Pipes and outcome file of one attempt at a time."""

    def __init__(self) -> None:
        self.stdout, self.stdout_end = _pipe()
        self.stderr, self.stderr_end = _pipe()
        self.result = memory_file("outcome")

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
        for descriptor in (self.stdout, self.stdout_end, self.stderr, self.stderr_end, self.result):
            os.close(descriptor)


def write_outcome(descriptor: int, outcome: bytes) -> None:
    """Leave an outcome in a slot's file; a kill half-way leaves one that `read_outcome` does not take."""
    block = memoryview(len(outcome).to_bytes(_HEAD, "big") + outcome)
    offset = 0
    while offset < len(block):
        offset += os.pwrite(descriptor, block[offset:], offset)


def memory_file(name: str) -> int:
    """Open a file that has no name on any disk."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create(name, os.MFD_CLOEXEC)
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"headwater-{name}-{os.urandom(8).hex()}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.unlink(path)
    return descriptor


def _pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    return reader, writer
