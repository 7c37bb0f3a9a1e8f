"""Watches memory: what an attempt and everything it started hold, and whether the kernel ran short.

Anonymous resident memory is counted, not address space: limits on the latter (`setrlimit`) refuse the large
private maps through which artifacts are read.
"""

import os

from headwater.engines.processes import descendants_of

#: Seconds between two looks at attempts with an enforced limit.
INTERVAL = 0.05


def memory_held(pid: int, limit: int) -> int:
    """Give the anonymous bytes of a process and its descendants.

    A quick count charges pages that forks share to each of them; only when that exceeds the limit are they
    counted exactly, each page shared out among those that have it.
    """
    pids = [pid, *descendants_of(pid)]
    held = sum(_status_bytes(one) for one in pids)
    if held <= limit:
        return held
    exact = [_rollup_bytes(one) for one in pids]
    return sum(exact) if any(exact) else held


def resident_bytes(pid: int) -> int:
    """Give the bytes of a process that are in memory, shared ones included."""
    return _kilobytes(f"/proc/{pid}/status", b"VmRSS:")


def kernel_kills() -> int:
    """Count the processes of our control group that the kernel's out-of-memory killer has ended so far."""
    for path, name in _counters():
        try:
            with open(path, "rb") as file:
                found = _field(file.read(), name)
        except OSError:
            continue
        if found is not None:
            return found
    return 0


def _counters() -> list[tuple[str, bytes]]:
    paths = []
    try:
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if "memory" in controllers.split(","):
            paths.append((f"/sys/fs/cgroup/memory{group}/memory.oom_control", b"oom_kill "))
            paths.append(("/sys/fs/cgroup/memory/memory.oom_control", b"oom_kill "))
        elif not controllers:
            paths.append((f"/sys/fs/cgroup{group}/memory.events", b"oom_kill "))
    return paths


def _status_bytes(pid: int) -> int:
    return _kilobytes(f"/proc/{pid}/status", b"RssAnon:") + _kilobytes(f"/proc/{pid}/status", b"RssShmem:")


def _rollup_bytes(pid: int) -> int:
    path = f"/proc/{pid}/smaps_rollup"
    return _kilobytes(path, b"Pss_Anon:") + _kilobytes(path, b"Pss_Shmem:")


def _kilobytes(path: str, name: bytes) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return 0
    try:
        return (_field(os.read(descriptor, 8192), name) or 0) * 1024
    except OSError:
        return 0
    finally:
        os.close(descriptor)


def _field(text: bytes, name: bytes) -> int | None:
    start = text.find(b"\n" + name)
    if start < 0:
        return int(text.split()[1]) if text.startswith(name) else None
    return int(text[start + 1 + len(name) :].split(None, 1)[0])
