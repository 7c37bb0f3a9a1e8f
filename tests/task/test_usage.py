import os
import time

from headwater.model.outcome import Usage
from headwater.task.usage import Meter


def peak_in_fork(size: int) -> int:
    """Give the peak that a forked process counts for itself when it takes so many bytes."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            meter = Meter(time.time, time.perf_counter, is_forked=True)
            block = bytearray(b"x") * size
            os.write(writer, f"{meter.reading(Usage()).peak_memory_bytes} {len(block)}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        peak, _ = file.read().split()
    os.waitpid(pid, 0)
    return int(peak)


def test_a_fork_counts_what_it_takes_above_what_it_came_with() -> None:
    held = bytearray(b"x") * 100_000_000
    little, much = peak_in_fork(1000), peak_in_fork(60_000_000)

    assert len(held) == 100_000_000
    assert little < 20_000_000
    assert 55_000_000 < much < 90_000_000


def test_what_the_engine_knows_is_kept_beside_what_is_measured() -> None:
    clock = iter([100.0, 107.0]).__next__
    meter = Meter(clock, time.perf_counter, is_forked=True)
    known = Usage(queue=1.0, environment=2.0, importing=3.0, started_by="spawn", spawn_reason="polars is loaded")
    usage = meter.reading(known)

    assert (usage.started_at, usage.ended_at) == (100.0, 107.0)
    assert (usage.queue, usage.environment, usage.importing) == (1.0, 2.0, 3.0)
    assert (usage.started_by, usage.spawn_reason) == ("spawn", "polars is loaded")
