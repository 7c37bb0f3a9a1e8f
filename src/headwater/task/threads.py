"""Threads of BLAS and OpenMP: as many as the task has cpus, so that siblings do not fight for them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

#: What the libraries read when they are loaded.
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS")

#: Packages that bring thread pools of native code.
_BRINGERS = ("numpy", "scipy", "sklearn", "torch", "xgboost", "lightgbm")


class ThreadPools:
    """The native thread pools that this process had loaded when it was made.

    Finding them takes about a millisecond: make it once, before forking.
    """

    def __init__(self, kept_at: int | None = None) -> None:
        """Find the pools.

        Args:
            kept_at: limit them to so many threads for good. For a process that forks an attempt per child: most
                attempts want one thread, inherit that, and have nothing to set. Setting it in a child costs 3 ms
                with numpy imported, because its BLAS first starts the pool anew that the fork left behind.
        """
        self._controller: ThreadpoolController | None = None
        self._kept_at = kept_at
        self.look()
        if kept_at is not None:
            os.environ.update(dict.fromkeys(VARIABLES, str(kept_at)))
            if self._controller is not None:
                self._controller.limit(limits=kept_at)

    def look(self) -> None:
        """Find the pools, when a package that brings some is loaded."""
        if any(name in sys.modules for name in _BRINGERS):
            from threadpoolctl import ThreadpoolController

            self._controller = ThreadpoolController()

    @contextmanager
    def limited(self, threads: int) -> Iterator[None]:
        """Let the pools, also those of libraries loaded inside the block, use at most so many threads each."""
        if threads == self._kept_at:
            yield
            return
        before = {name: os.environ.get(name) for name in VARIABLES}
        os.environ.update(dict.fromkeys(VARIABLES, str(threads)))
        limiter = self._controller.limit(limits=threads) if self._controller is not None else None
        try:
            yield
        finally:
            if limiter is not None and self._kept_at is None:  # a forked child ends with its attempt
                limiter.restore_original_limits()
            restore_environment(before)


def restore_environment(before: dict[str, str | None]) -> None:
    """Set variables back to what they were; None = it was not there."""
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
