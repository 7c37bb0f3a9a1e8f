"""Decides whether a process may fork now, and if not, says why in words for the user.

A fork copies one thread. What other threads hold (locks, connections, device contexts) stays behind broken, so
they forbid forking. Idle pools of OpenBLAS, OpenMP, Arrow and jemalloc do not: they hold nothing between calls
and make themselves anew in the child. See docs/decisions/003-forking.md.
"""

import ctypes
import os
import sys
import threading

from headwater.engines.processes import IS_LINUX

#: Modules that break in a forked child, with the reason to give.
_BREAKING = {
    "grpc": "`grpc` is imported, whose channels do not survive a fork",
    "polars": "`polars` is imported, whose thread pool does not survive a fork",
    "ray": "`ray` is imported, whose connections do not survive a fork",
    "jax": "`jax` is imported, whose threads do not survive a fork",
}

#: Native threads by their names that may stay behind.
_HARMLESS = ("jemalloc_bg_thd", "mimalloc", "arrow")


def reason_not_to_fork() -> str:
    """Give the reason why this process must not fork; empty when it may.

    Ends idle OpenMP pools on the way, which would hang a child that starts its own.
    """
    if not IS_LINUX:
        return "forking is not safe on this system"
    for module, reason in _BREAKING.items():
        if module in sys.modules:
            return reason
    if _is_cuda_in_use():
        return "CUDA is initialised, which a forked process cannot use"
    if others := [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]:
        return f"the module has started a thread, {others[0]!r}"
    end_openmp_pools()
    return _unknown_threads()


def end_openmp_pools() -> None:
    """Let the GNU OpenMP runtimes of this process end their idle threads (`omp_pause_resource_all`, hard)."""
    for path in _mapped_libraries("libgomp"):
        try:
            pause = ctypes.CDLL(path).omp_pause_resource_all
        except (OSError, AttributeError):
            # A runtime older than OpenMP 5.0 has no such call; its threads are counted below.
            continue
        pause(2)


def _unknown_threads() -> str:
    own = os.getpid()
    names = [_thread_name(thread) for thread in os.listdir("/proc/self/task") if int(thread) != own]
    unknown = [name for name in names if not name.startswith(_HARMLESS)]
    if len(unknown) <= _explained_threads(bool(unknown)):
        return ""
    return f"the module has started {len(unknown)} native threads (`{unknown[0]}`) that no known library explains"


def _explained_threads(is_asked: bool) -> int:
    if not is_asked:
        return 0
    import threadpoolctl

    # A pool that was limited after its start keeps the threads that it began with, one a cpu.
    cpus = os.cpu_count() or 1
    known = sum(max(pool["num_threads"], cpus) - 1 for pool in threadpoolctl.threadpool_info())
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        known += arrow.cpu_count() + arrow.io_thread_count()
    return int(known)


def _is_cuda_in_use() -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_initialized())


def _thread_name(thread: str) -> str:
    try:
        with open(f"/proc/self/task/{thread}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _mapped_libraries(name: str) -> set[str]:
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
        paths = {line.split(None, 5)[-1].strip() for line in file if name in line}
    return {path for path in paths if path.startswith("/")}
