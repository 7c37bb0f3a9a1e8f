"""Keeps a host's services as the ledger says: loads what became live, keeps what was warm, drains what is old."""

import asyncio
import os
import time
from collections.abc import Callable

import msgspec

from headwater.home import Home
from headwater.hosting.deploying import laid_out, worker_of
from headwater.hosting.following import follow_sources
from headwater.hosting.pool import PoolLimits, VersionPool
from headwater.hosting.services import Hosted, Services
from headwater.hosting.sources import small_of
from headwater.hosting.versions import find_version, service_aliases
from headwater.model.deployment import AliasState
from headwater.model.errors import HeadwaterError
from headwater.model.service import DeployedVersion

#: Role of the one host of a store.
ROLE = "host"
#: Seconds between looks at the ledger.
_LOOK_SECONDS = 0.1
#: Seconds that requests get when their version has been replaced.
_DRAIN_SECONDS = 30.0
#: Seconds before a version that did not load is tried again: more and more.
_PAUSES = (1.0, 5.0, 30.0, 120.0)


class HostStatus(msgspec.Struct, frozen=True):
    """What a host says of itself, for the commands: `HOME/services/host.json`."""

    pid: int
    url: str
    at: float
    services: dict[str, "ServiceStatus"] = {}


class ServiceStatus(msgspec.Struct, frozen=True):
    """How a service of a host stands."""

    #: Version that answers; None = none does.
    live: int | None
    workers: int
    #: Version that stands by for a rollback.
    warm: int | None = None
    #: Why the version that should answer does not.
    problem: str = ""


class _Kept:
    """A service with what is loaded for it."""

    def __init__(self, hosted: Hosted) -> None:
        self.hosted = hosted
        #: Loaded versions by number: the live one, and the one before it.
        self.pools: dict[int, VersionPool] = {}
        self.wanted = 0
        self.task: asyncio.Task[None] | None = None
        self.failures = 0
        self.try_at = 0.0
        self.problem = ""


class Keeper:
    """Looks after all services of a store."""

    def __init__(
        self, home: Home, url: str, limits: PoolLimits, *, say: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        """Take what it needs.

        Args:
            home: the store.
            url: where the host answers.
            limits: what the workers of each version may take.
            say: gets what happens.
            clock: Unix time.
        """
        self._home = home
        self._url = url
        self._limits = limits
        self._say = say
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._told = b""
        self._following: asyncio.Task[None] | None = None

    async def attend(self, services: Services, folder: str, loaded: asyncio.Event) -> None:
        """Bring up what is deployed, then follow the ledger until cancelled."""
        try:
            is_first = True
            while True:
                if is_first or self._home.ledger.wait(0) or self._is_to_be_tried():
                    self._look(services, folder)
                    self._follow()
                if is_first or not any(kept.task for kept in self._kept.values()):
                    is_first = False
                    if all(kept.task is None for kept in self._kept.values()):
                        loaded.set()
                self._tell()
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await self._close()

    def _look(self, services: Services, folder: str) -> None:
        """Compare what answers with what should."""
        standing = {state.name: state for state in service_aliases(self._home.ledger).all()}
        for name, state in standing.items():
            kept = self._kept.get(name)
            if kept is None:
                kept = self._kept[name] = _Kept(Hosted(name))
                services.put(kept.hosted)
            kept.hosted.paused = _pause_of(state)
            if state.number != kept.wanted or (kept.problem and self._clock() >= kept.try_at):
                self._want(kept, state, folder)
        for name in set(self._kept) - set(standing):
            gone = self._kept.pop(name)
            services.remove(name)
            self._say(f"{name} was taken down")
            self._retire(gone, list(gone.pools))

    def _follow(self) -> None:
        """Look for new runs of followed sources; audits take their time, so beside the loop that answers."""
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(asyncio.to_thread(follow_sources, self._home, self._clock, self._say))

    def _is_to_be_tried(self) -> bool:
        now = self._clock()
        return any(kept.problem and now >= kept.try_at and kept.task is None for kept in self._kept.values())

    def _want(self, kept: _Kept, state: AliasState, folder: str) -> None:
        kept.wanted = state.number
        warm = kept.pools.get(state.number)
        if warm is not None and warm.is_ready:
            self._switch(kept, state.number)
            return
        if kept.task is not None:
            kept.task.cancel()
        kept.task = asyncio.create_task(self._load(kept, state, folder))

    async def _load(self, kept: _Kept, state: AliasState, folder: str) -> None:
        name, number = state.name, state.number
        try:
            started = time.monotonic()
            deployed = find_version(self._home.ledger, name, number)
            pool = await self._start(deployed, folder)
            kept.pools[number] = pool
            kept.failures, kept.problem = 0, ""
            self._say(f"{name}, version {number} loaded in {time.monotonic() - started:.1f} s")
            if kept.wanted == number:
                self._switch(kept, number)
            else:
                # Somebody changed their mind meanwhile: it stands by in place of what stood by before.
                live = kept.hosted.live
                spared = {number, None if live is None else live.version.number}
                self._retire(kept, [old for old in kept.pools if old not in spared])
        except HeadwaterError as error:
            kept.problem = error.message
            kept.try_at = self._clock() + _PAUSES[min(kept.failures, len(_PAUSES) - 1)]
            kept.failures += 1
            live = kept.hosted.live
            kept.hosted.reason = "its version does not load"
            now = "nothing answers" if live is None else f"version {live.version.number} goes on answering"
            self._say(f"{name}, version {number} does not load, {now}\n{error}")
        finally:
            kept.task = None

    async def _start(self, deployed: DeployedVersion, folder: str) -> VersionPool:
        # Laying out code and building environments takes files and processes: not in the loop that answers.
        version = await asyncio.to_thread(laid_out, self._home, deployed)
        command, environ = await asyncio.to_thread(worker_of, self._home, deployed)
        log = _open_log(self._home, deployed)
        try:
            pool = VersionPool(
                version,
                small_of(self._home, version),
                self._limits,
                folder=folder,
                command=command,
                environ=environ,
                log=log,
            )
            await pool.start()
        except BaseException:
            os.close(log)
            raise
        return pool

    def _switch(self, kept: _Kept, number: int) -> None:
        """Let a loaded version answer; the one before stays warm, older ones go."""
        before = kept.hosted.live
        kept.hosted.live = kept.pools[number]
        self._say(f"{kept.hosted.name} answers with version {number}")
        warm = {number} if before is None else {number, before.version.number}
        self._retire(kept, [old for old in kept.pools if old not in warm])

    def _retire(self, kept: _Kept, numbers: list[int]) -> None:
        for number in numbers:
            pool = kept.pools.pop(number)
            task = asyncio.create_task(pool.close(_DRAIN_SECONDS))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _tell(self) -> None:
        """Write how the services stand, when that changed."""
        services = {name: _status(kept) for name, kept in sorted(self._kept.items())}
        told = msgspec.json.encode(services)
        if told == self._told:
            return
        self._told = told
        folder = os.path.join(self._home.path, "services")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        path = os.path.join(folder, "host.json")
        staged = f"{path}.{os.getpid()}"
        with open(staged, "wb") as file:
            file.write(msgspec.json.encode(HostStatus(os.getpid(), self._url, self._clock(), services)))
        os.replace(staged, path)

    async def _close(self) -> None:
        for kept in self._kept.values():
            if kept.task is not None:
                kept.task.cancel()
        pools = [pool for kept in self._kept.values() for pool in kept.pools.values()]
        following = [] if self._following is None else [self._following]
        await asyncio.gather(*(pool.close() for pool in pools), *self._closing, *following, return_exceptions=True)


def read_status(home: Home) -> HostStatus | None:
    """Give what the store's host says of itself; None when none runs."""
    if home.ledger.leader(ROLE) is None:
        return None
    try:
        with open(os.path.join(home.path, "services", "host.json"), "rb") as file:
            return msgspec.json.decode(file.read(), type=HostStatus)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def log_path(home: Home, service: str, number: int) -> str:
    """Give the file that takes what the processes of a version print."""
    return os.path.join(home.path, "services", service, f"{number}.log")


def _open_log(home: Home, deployed: DeployedVersion) -> int:
    path = log_path(home, deployed.service, deployed.number)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def _status(kept: _Kept) -> ServiceStatus:
    live = kept.hosted.live
    number = None if live is None else live.version.number
    warm = [other for other in kept.pools if other != number]
    return ServiceStatus(
        live=number,
        workers=0 if live is None else len(live.worker_pids),
        warm=warm[0] if warm else None,
        problem=kept.problem,
    )


def _pause_of(state: AliasState) -> str:
    return "" if not state.is_paused else "paused" + (f": {state.reason}" if state.reason else "")
