"""Keeps a host's services as the ledger says: loads what became live, keeps what was warm, drains what is old."""

import asyncio
import os
import time
from functools import partial

import msgspec

from headwater.home import Home
from headwater.hosting.around import Around
from headwater.hosting.deploying import laid_out, worker_of
from headwater.hosting.following import follow_sources
from headwater.hosting.monitor.files import read_report
from headwater.hosting.pool import VersionPool
from headwater.hosting.rollout.files import read_page
from headwater.hosting.rollout.keeper import RolloutKeeper, give_up
from headwater.hosting.rollout.records import Rollouts
from headwater.hosting.rollout.states import RolloutState
from headwater.hosting.rollout.telling import tell_again
from headwater.hosting.services import Hosted, Services
from headwater.hosting.sources import small_of
from headwater.hosting.status import HostStatus, ServiceStatus, log_path
from headwater.hosting.versions import find_version, service_aliases
from headwater.hosting.workers import PoolLimits
from headwater.model.deployment import AliasState
from headwater.model.errors import HeadwaterError
from headwater.model.private_files import make_private_folder, private
from headwater.model.service import DeployedVersion

#: Seconds between looks at the ledger.
_LOOK_SECONDS = 0.1
#: Seconds that requests get when their version has been replaced.
_DRAIN_SECONDS = 30.0
#: Seconds before a version that did not load is tried again: more and more.
_PAUSES = (1.0, 5.0, 30.0, 120.0)


class _Kept:
    """A service with what is loaded for it."""

    def __init__(self, hosted: Hosted) -> None:
        self.hosted = hosted
        #: Loaded versions by number: the live one, the one before it, the one that is to take over.
        self.pools: dict[int, VersionPool] = {}
        self.wanted = 0
        self.task: asyncio.Task[None] | None = None
        self.failures = 0
        self.try_at = 0.0
        self.problem = ""
        #: The rollout that is recorded as under way, what carries it out once both versions are loaded, and what loads.
        self.recorded: RolloutState | None = None
        self.rollout: RolloutKeeper | None = None
        self.candidate_task: asyncio.Task[None] | None = None


class Keeper:
    """Looks after all services of a store."""

    def __init__(
        self,
        around: Around,
        url: str,
        limits: PoolLimits,
    ) -> None:
        """Take what it needs.

        Args:
            around: the store, and who takes what is said.
            url: where the host answers.
            limits: what the workers of each version may take.
        """
        self._around = around
        self._home = around.home
        self._rollouts = Rollouts(around.home.ledger)
        self._url = url
        self._limits = limits
        self._say = around.say
        self._clock = around.clock
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
                elif self._turn_rollouts(folder) or self._has_followed():
                    self._look(services, folder)
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
                kept.hosted.monitor_page = partial(read_report, self._home.path, name)
                kept.hosted.rollout_page = partial(read_page, self._home.path, self._rollouts, name)
                services.put(kept.hosted)
                tell_again(self._home, name, self._clock())
            kept.hosted.paused = _pause_of(state)
            kept.recorded = self._rollouts.active(name)
            if state.number != kept.wanted or (kept.problem and self._clock() >= kept.try_at):
                self._want(kept, state, folder)
            if kept.rollout is not None and kept.rollout.rollout != kept.recorded:
                self._end_rollout(kept)
        for name in set(self._kept) - set(standing):
            gone = self._kept.pop(name)
            services.remove(name)
            self._say(f"{name} was taken down")
            self._end_rollout(gone)
            self._retire(gone, list(gone.pools))

    def _follow(self) -> None:
        """Look for new runs of followed sources; audits take their time, so beside the loop that answers."""
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(asyncio.to_thread(follow_sources, self._home, self._clock, self._say))

    def _has_followed(self) -> bool:
        """Tell, once, that runs were looked at: there may be a new version, written by this very process."""
        if self._following is None or not self._following.done():
            return False
        self._following = None
        return True

    def _turn_rollouts(self, folder: str) -> bool:
        """Let each rollout count and decide; True when one changed a record."""
        changed = False
        for kept in self._kept.values():
            if kept.rollout is not None:
                changed |= kept.rollout.turn()
            elif kept.recorded is not None:
                changed |= self._begin_rollout(kept, kept.recorded, folder)
        return changed

    def _begin_rollout(self, kept: _Kept, rollout: RolloutState, folder: str) -> bool:
        """Carry a rollout out as soon as both versions are loaded; True when its record changed."""
        live = kept.hosted.live
        if live is None or live.version.number != kept.wanted:
            return False
        if kept.wanted != rollout.live:
            reason = f"version {kept.wanted} answers, not version {rollout.live}"
            give_up(self._home, rollout, reason, self._clock(), "ended")
            return True
        candidate = kept.pools.get(rollout.number)
        if candidate is not None:
            kept.rollout = RolloutKeeper(self._around, kept.hosted, candidate, rollout)
            self._say(f"{rollout.service}, version {rollout.number}: {rollout.words}")
        elif kept.candidate_task is None:
            kept.candidate_task = asyncio.create_task(self._load_candidate(kept, rollout, folder))
        return False

    def _end_rollout(self, kept: _Kept) -> None:
        """Let one version answer alone; the other one drains, unless it is the one that answers."""
        if kept.candidate_task is not None:
            kept.candidate_task.cancel()
        running, kept.rollout = kept.rollout, None
        if running is None:
            return
        running.close()
        number = running.rollout.number
        if running.candidate is not kept.hosted.live and (kept.recorded is None or kept.recorded.number != number):
            self._retire(kept, [number])

    async def _load_candidate(self, kept: _Kept, rollout: RolloutState, folder: str) -> None:
        number = rollout.number
        try:
            pool = await self._start(find_version(self._home.ledger, rollout.service, number), folder)
            kept.pools[number] = pool
            if kept.recorded is None or kept.recorded.number != number:
                self._retire(kept, [number])
        except HeadwaterError as error:
            self._say(f"{rollout.service}, version {number} does not load, and does not take over\n{error}")
            give_up(self._home, rollout, f"it does not load: {error.message}", self._clock())
            kept.recorded = None
        finally:
            kept.candidate_task = None

    def _is_to_be_tried(self) -> bool:
        now = self._clock()
        return any(kept.problem and now >= kept.try_at and kept.task is None for kept in self._kept.values())

    def _want(self, kept: _Kept, state: AliasState, folder: str) -> None:
        if state.number != kept.wanted:
            kept.wanted, kept.failures, kept.problem = state.number, 0, ""
        warm = kept.pools.get(state.number)
        if warm is not None and warm.takes_calls:
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
            if number in kept.pools:
                self._retire(kept, [number])
            kept.pools[number] = pool
            kept.failures, kept.problem = 0, ""
            self._say(f"{name}, version {number} loaded in {time.monotonic() - started:.1f} s")
            if kept.wanted == number:
                self._switch(kept, number)
            else:
                # Somebody changed their mind meanwhile: it stands by in place of what stood by before.
                live = kept.hosted.live
                spared = {number, None if live is None else live.version.number}
                spared.add(None if kept.recorded is None else kept.recorded.number)
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
        if kept.recorded is not None:
            warm.add(kept.recorded.number)
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
        make_private_folder(folder)
        path = os.path.join(folder, "host.json")
        staged = f"{path}.{os.getpid()}"
        with open(staged, "wb", opener=private) as file:
            file.write(msgspec.json.encode(HostStatus(os.getpid(), self._url, self._clock(), services)))
        os.replace(staged, path)

    async def _close(self) -> None:
        for kept in self._kept.values():
            for task in (kept.task, kept.candidate_task):
                if task is not None:
                    task.cancel()
            if kept.rollout is not None:
                kept.rollout.close()
        pools = [pool for kept in self._kept.values() for pool in kept.pools.values()]
        following = [] if self._following is None else [self._following]
        await asyncio.gather(*(pool.close() for pool in pools), *self._closing, *following, return_exceptions=True)


def _open_log(home: Home, deployed: DeployedVersion) -> int:
    path = log_path(home, deployed.service, deployed.number)
    make_private_folder(os.path.dirname(path))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def _status(kept: _Kept) -> ServiceStatus:
    live = kept.hosted.live
    number = None if live is None else live.version.number
    recorded = kept.recorded
    candidate = None if kept.rollout is None or recorded is None else recorded.number
    warm = [other for other in kept.pools if other not in (number, candidate)]
    return ServiceStatus(
        live=number,
        workers=0 if live is None else len(live.worker_pids),
        warm=warm[0] if warm else None,
        problem=kept.problem,
        candidate=candidate,
        share=0.0 if candidate is None or recorded is None else recorded.share,
        wanted=kept.wanted or None,
    )


def _pause_of(state: AliasState) -> str:
    return "" if not state.is_paused else "paused" + (f": {state.reason}" if state.reason else "")
