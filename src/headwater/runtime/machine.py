"""What this machine has for tasks."""

import os

from headwater.plan.slots import Machine


def this_machine(workers: int) -> Machine:
    """Count cpus, memory and NVIDIA devices that this process may use."""
    return Machine(workers=workers, cpus=float(_cpus()), memory=_memory_bytes() / 1e6, gpus=_gpus())


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _gpus() -> tuple[int, ...]:
    """Device numbers, from CUDA_VISIBLE_DEVICES or the device files; no driver library is loaded."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return tuple(int(number) for number in visible.split(",") if number.strip().isdigit())
    try:
        names = os.listdir("/dev")
    except OSError:
        return ()
    return tuple(sorted(int(name[6:]) for name in names if name.startswith("nvidia") and name[6:].isdigit()))
