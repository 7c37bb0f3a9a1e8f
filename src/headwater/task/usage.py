"""What an attempt takes: times, processor time, peak memory."""

import os
import resource
from collections.abc import Callable

from headwater.model.outcome import Usage

Clock = Callable[[], float]


class Meter:
    """Measures one attempt from its making until `reading`.

    The peak is counted above what was resident at the start. In a process that was forked for the attempt the
    kernel counts from the fork; elsewhere the high-water mark is reset first, where the kernel lets us.
    """

    def __init__(self, clock: Clock, timer: Clock, is_forked: bool) -> None:
        #: Seconds that inputs took to load and results to save.
        self.input_load = 0.0
        self.save = 0.0
        self.compute = 0.0
        self.timer = timer
        self._clock = clock
        self._started_at = clock()
        self._is_forked = is_forked
        self._before = resource.getrusage(resource.RUSAGE_SELF)
        self._children_before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._resident = self._before.ru_maxrss * 1024 if is_forked else _reset_peak()

    def reading(self, known: Usage) -> Usage:
        """Give what was taken until now, with what the engine knows beside (queue, importing, how it was started)."""
        own = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        peak = own.ru_maxrss * 1024 if self._is_forked else _peak(own.ru_maxrss * 1024)
        peak = max(0, peak - self._resident)
        if children.ru_maxrss > self._children_before.ru_maxrss:
            peak = max(peak, children.ru_maxrss * 1024)
        before, children_before = self._before, self._children_before
        return Usage(
            started_at=self._started_at,
            ended_at=self._clock(),
            host=os.uname().nodename,
            pid=os.getpid(),
            user_cpu=own.ru_utime - before.ru_utime + children.ru_utime - children_before.ru_utime,
            system_cpu=own.ru_stime - before.ru_stime + children.ru_stime - children_before.ru_stime,
            peak_memory_bytes=peak,
            queue=known.queue,
            environment=known.environment,
            importing=known.importing,
            input_load=self.input_load,
            compute=self.compute,
            save=self.save,
            started_by=known.started_by,
            spawn_reason=known.spawn_reason,
        )


def _reset_peak() -> int:
    """Set the process's high-water mark back to what is resident now, and give that; bytes."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return _status_bytes("VmRSS:", 0)


def _peak(otherwise: int) -> int:
    return _status_bytes("VmHWM:", otherwise)


def _status_bytes(field: str, otherwise: int) -> int:
    try:
        with open("/proc/self/status") as file:
            for line in file:
                if line.startswith(field):
                    return int(line.split()[1]) * 1024
    except OSError:
        return otherwise
    return otherwise
