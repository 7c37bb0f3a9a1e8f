"""Worker processes of one version for a caller that has no event loop: batch scoring, replay, notebooks."""

import asyncio
import concurrent.futures
import shutil
import tempfile
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from headwater.home import Home
from headwater.hosting.calls import Answer, Refused
from headwater.hosting.deploying import laid_out, worker_of
from headwater.hosting.pool import VersionPool
from headwater.hosting.sources import small_of
from headwater.hosting.workers import PoolLimits
from headwater.model.service import DeployedVersion

Result = TypeVar("Result")


class ScratchPool:
    """A version in processes of its own, with its code and its environment; nobody else's requests come there.

    A thread runs its loop, so that it works where a loop runs already (a notebook) and where none does.
    """

    def __init__(self, home: Home, deployed: DeployedVersion, workers: int) -> None:
        """Load the version; returns when its workers answer.

        Args:
            home: the store.
            deployed: the version.
            workers: processes that answer.

        Raises:
            VersionFailed: it does not load.
            PackageDamaged: a file of its code is not as it was.
            EnvironmentMistake: its environment cannot be built.
        """
        self.version = laid_out(home, deployed)
        command, environ = worker_of(home, deployed)
        small = small_of(home, self.version)
        self._folder = tempfile.mkdtemp(prefix="headwater-")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=f"{self.version.name}", daemon=True)
        self._thread.start()

        async def start() -> VersionPool:
            limits = PoolLimits(workers=workers)
            pool = VersionPool(self.version, small, limits, folder=self._folder, command=command, environ=environ)
            await pool.start()
            return pool

        try:
            self._pool = self._submit(start()).result()
        except BaseException:
            self._end()
            raise

    def ask(
        self, endpoint: str, bodies: Sequence[bytes], together: int
    ) -> "concurrent.futures.Future[list[Answer | Refused]]":
        """Let the workers answer requests; gives the answers in their order, later.

        Args:
            endpoint: which.
            bodies: the requests.
            together: how many go to one worker at once.
        """

        async def ask() -> list[Answer | Refused]:
            lots = [bodies[start : start + together] for start in range(0, len(bodies), together)]
            answered = await asyncio.gather(*(self._pool.call_together(endpoint, lot) for lot in lots))
            return [answer for lot in answered for answer in lot]

        return self._submit(ask())

    def close(self) -> None:
        """End the processes."""
        if not self._loop.is_closed():
            self._submit(self._pool.close()).result()
            self._end()

    def _submit(self, work: Coroutine[Any, Any, Result]) -> "concurrent.futures.Future[Result]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self._folder, ignore_errors=True)
