"""Starts an attempt with an interpreter of its own, for when forking is not safe."""

import os
import sys

from headwater.engines.slots import Slot, memory_file

#: Descriptor on which a spawned attempt leaves its outcome; the order comes on descriptor 0.
RESULT = 3
#: Descriptor by which it tells the values that are to be masked.
SECRETS = 4


def spawn(order: bytes, slot: Slot, arguments: list[str], environment: dict[str, str]) -> int:
    """Start this program again as an attempt and give its pid.

    Args:
        order: JSON of the order.
        slot: where it prints, and leaves its outcome.
        arguments: what follows on the command line after the program's own first words.
        environment: what `@environment` adds, there before anything is imported.
    """
    source = memory_file("order")
    try:
        os.write(source, order)
        os.lseek(source, 0, os.SEEK_SET)
        moves = [
            (os.POSIX_SPAWN_DUP2, source, 0),
            (os.POSIX_SPAWN_DUP2, slot.stdout_end, 1),
            (os.POSIX_SPAWN_DUP2, slot.stderr_end, 2),
            (os.POSIX_SPAWN_DUP2, slot.result, RESULT),
            (os.POSIX_SPAWN_DUP2, slot.secrets, SECRETS),
        ]
        command = [*sys.orig_argv[:-1], *arguments]
        # The session comes from the attempt itself: not every system's `posix_spawn` can give one.
        return os.posix_spawn(sys.executable, command, {**os.environ, **environment}, file_actions=moves)
    finally:
        os.close(source)


def take_order() -> bytes:
    """Read the order in the new process, and leave it an empty standard input."""
    read = b""
    while chunk := os.read(0, 1 << 20):
        read += chunk
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    for descriptor in (RESULT, SECRETS):
        os.set_inheritable(descriptor, False)
    return read
