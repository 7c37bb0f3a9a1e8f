"""The process that fires: waits until something is due or has happened, decides, records, asks for drivers.

Whatever it does is in the ledger before it counts, and everything it knows can be read from there again: it may die
between any two lines, and another one goes on. `turn.py` and `queue.py` decide; this file acts.
"""

import os
import select
import time
import traceback
from collections.abc import Sequence
from threading import Event as Stop

import msgspec

from headwater.deployments.launches import plan_launch
from headwater.deployments.shadows import SOURCE as SHADOW
from headwater.home import Home, open_home
from headwater.model.errors import DiskFull, HeadwaterError, LedgerDamaged
from headwater.model.failpoints import failpoint
from headwater.model.launch import Firing
from headwater.model.ports import PlannedFiring
from headwater.production.asked import Asked
from headwater.production.cancelling import cancel_run
from headwater.production.clock import Clock
from headwater.production.drivers import Drivers
from headwater.production.endings import Endings, read_endings
from headwater.production.journal import Journal
from headwater.production.knowledge import CURSOR, Knowledge
from headwater.production.launcher import DriverEnded
from headwater.production.pools import read_pools
from headwater.production.standing import ActiveRun
from headwater.production.turn import Fire, Happened, Turn, plan_turn

#: The role of the one scheduler of a store.
ROLE = "scheduler"
#: Seconds between two attempts to become it.
_LEAD_INTERVAL = 0.5
#: Longest sleep: what other processes write is seen after so many seconds.
_LOOK_SECONDS = 0.2
#: A look at the ledger takes at most this share of the time, however busy the store is.
_LOOK_SHARE = 0.05
#: Seconds between two looks at all runs that have not ended, for those whose drivers are not ours.
_SWEEP_SECONDS = 5.0
#: Firings of one transaction: the first of a thousand need not wait for the last.
_BATCH = 200
#: Events that were heard and set nothing off, before the cursor is moved for them.
_CURSOR_STEP = 200
#: Longest pause between two looks on a busy store, and longest sleep when nothing is due.
_LONGEST_LOOK = 1.0
_LONGEST = 3600.0
#: Seconds before a run whose driver died is driven again: none the first time, then more and more.
_PAUSES = (0.0, 1.0, 5.0, 30.0, 120.0, 300.0)


def be_scheduler(asked: Asked, journal: Journal) -> int:
    """Be the scheduler of the store, or wait until it is gone and be the next, until told to stop."""
    stop = asked.stopped()
    home = open_home(asked.home)
    drivers = Drivers(asked.command("launcher"), journal.named("launcher"))
    try:
        if _lead(home, stop, journal):
            failpoint("scheduler.leads")
            drivers.start()
            scheduler = Scheduler(home, drivers, asked.clock, journal)
            scheduler.serve(stop)
    finally:
        drivers.close()
        home.close()
    return 0


def _lead(home: Home, stop: Stop, journal: Journal) -> bool:
    """Wait for the role; False when told to stop before."""
    told = False
    while not home.ledger.lead(ROLE):
        if not told:
            journal.note(f"process {home.ledger.leader(ROLE)} is the scheduler: waiting for its end")
            told = True
        if stop.wait(_LEAD_INTERVAL):
            return False
    return not stop.is_set()


class Scheduler:
    """Takes turns; holds the role."""

    def __init__(self, home: Home, drivers: Drivers, clock: Clock, journal: Journal) -> None:
        """Take what it needs.

        Args:
            home: the store.
            drivers: drives runs.
            clock: says what is due.
            journal: takes what happens.
        """
        self._home = home
        self._ledger = home.ledger
        self._drivers = drivers
        self._clock = clock
        self._journal = journal
        self._pools = read_pools(home.settings)
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Forget everything and read it from the ledger."""
        self._knowledge = Knowledge(self._home, self._pools, self._journal, self._clock.now())
        for run in self._drivers.asked:
            if run in self._knowledge.standing.runs:
                self._knowledge.standing.runs[run].stage = "driven"
        self._cursor = self._ledger.cursor(CURSOR)
        #: The ledger was written since it was read.
        self._is_stale = True
        self._look_after = 0.0
        self._sweep_after = 0.0

    def serve(self, stop: Stop) -> None:
        """Take turns until told to stop."""
        self._journal.note(f"leads, process {os.getpid()}: {len(self._knowledge.standing.deployed)} deployments")
        look_at = self._clock.now()
        while not stop.is_set():
            try:
                if self._has_news() or self._clock.now() >= look_at:
                    look_at = self.take_turn()
            except (HeadwaterError, OSError):
                # Nothing that it was about to do counts before it is in the ledger: read it again, and go on.
                self._journal.note(f"failed, begins anew\n{traceback.format_exc()}")
                stop.wait(1.0)
                self._begin_anew()
                continue
            self._sleep(look_at)
        self._journal.note("stopped")

    def take_turn(self) -> float:
        """Do all that there is to do now; gives when to look again, by the clock of schedules."""
        knowledge = self._knowledge
        endings = self._read()
        now = self._clock.now()
        heard = knowledge.listening.hear(endings.events)
        due = knowledge.timetable.due(now)
        turn = plan_turn(knowledge.standing, Happened(due, heard, knowledge.backfill_slots()), now)
        failpoint("scheduler.decided")
        fired = self._launch([*self._plan(turn.fires, now), *endings.plan_retries(self._ledger, now)])
        for each in due:
            knowledge.timetable.passed(each.target, each.schedule.key, each.decisions[-1].slot)
        self._cancel(turn, now)
        self._drive(turn.drives)
        if fired or endings.is_more:
            return now
        times = [turn.look_at, knowledge.timetable.next_at()]
        return min((at for at in times if at is not None), default=now + _LONGEST)

    # What happened

    def _has_news(self) -> bool:
        """Hear the drivers, and ask whether the ledger was written; cheap, as it is done all the time."""
        ended = self._drivers.ended()
        for each in ended:
            self._note_ended(each)
        self._is_stale |= self._ledger.wait(0)
        now = time.monotonic()
        if now >= self._sweep_after:
            self._sweep_after = now + _SWEEP_SECONDS
            return self._sweep() or bool(ended)
        return bool(ended) or (self._is_stale and now >= self._look_after)

    def _note_ended(self, ended: DriverEnded) -> None:
        failpoint("scheduler.driver_ended")
        self._knowledge.read_run(ended.run)
        run = self._knowledge.standing.runs.get(ended.run)
        if run is None or run.stage == "driven":
            return
        if run.stage == "waiting":
            run.failures = 0
            run.has_news = bool(self._ledger.requests(run.run, run.requests))
            self._journal.note(f"{run.path} waits at a gate")
            return
        pause = _PAUSES[min(run.failures, len(_PAUSES) - 1)]
        run.failures += 1
        run.not_before = self._clock.now() + pause * self._clock.rate
        how = f"was killed by signal {-ended.code}" if ended.code < 0 else f"ended with exit code {ended.code}"
        self._journal.note(f"the driver of {run.path} {how}: another one in {pause:g} s")

    def _read(self) -> Endings:
        """Read what others wrote to the ledger, unless that would take too much of the time."""
        began = time.monotonic()
        if not self._is_stale or began < self._look_after:
            return Endings()
        self._is_stale = False
        knowledge = self._knowledge
        knowledge.read_deployed()
        knowledge.read_backfills()
        knowledge.read_queued()
        knowledge.read_requests()
        endings = read_endings(self._ledger, knowledge, self._journal)
        self._is_stale |= endings.is_more
        took = time.monotonic() - began
        self._look_after = 0.0 if endings.is_more else began + min(_LONGEST_LOOK, took / _LOOK_SHARE)
        return endings

    def _sweep(self) -> bool:
        """Look at the runs whose drivers are not ours: whoever drives them may have died; True if something changed."""
        found = False
        for run in list(self._knowledge.standing.runs.values()):
            if run.stage == "driven" and run.run not in self._drivers.asked and self._ledger.owner(run.run) is None:
                self._knowledge.read_run(run.run)
                found = True
        return found

    # What is done about it

    def _plan(self, fires: Sequence[Fire], now: float) -> list[PlannedFiring]:
        return [self._planned(fire, now) for fire in fires]

    def _planned(self, fire: Fire, now: float) -> PlannedFiring:
        """Make the record of a firing, with the run that it starts; one that cannot be started is refused."""
        record = Firing(fire.key, fire.target, fire.source, now, "refused", fire.slot, fire.reason)
        if fire.verdict != "started":
            return PlannedFiring(msgspec.structs.replace(record, verdict=fire.verdict))
        try:
            deployed = self._knowledge.standing.deployed[fire.target]
            deployment = deployed.deployment
            if fire.number is not None and fire.number != deployment.number:
                deployment = self._knowledge.deployment(deployment.name, fire.number)
            planned = plan_launch(
                self._home,
                deployed.state,
                deployment,
                key=fire.key,
                source=fire.source,
                trigger=fire.trigger,
                at=now,
                slot=fire.slot,
                parameters=fire.parameters,
                priority=fire.priority,
            )
        except KeyError:
            return PlannedFiring(msgspec.structs.replace(record, reason=f"{fire.target} names no deployment any more"))
        except (DiskFull, LedgerDamaged):
            raise
        except HeadwaterError as error:
            return PlannedFiring(msgspec.structs.replace(record, reason=error.message))
        firing = msgspec.structs.replace(planned.firing, reason=fire.reason)
        return msgspec.structs.replace(planned, firing=firing)

    def _launch(self, planned: Sequence[PlannedFiring]) -> bool:
        """Record the firings and start their runs; True when there were any."""
        resume_after = self._knowledge.listening.resume_after()
        is_moving = resume_after > self._cursor and (planned or resume_after >= self._cursor + _CURSOR_STEP)
        batches = [planned[first : first + _BATCH] for first in range(0, len(planned), _BATCH)]
        for batch in batches or ([()] if is_moving else []):
            # The events are behind us only when all that they set off is recorded.
            is_last = not batches or batch is batches[-1]
            cursor = (CURSOR, resume_after) if is_moving and is_last else None
            failpoint("scheduler.before_launch")
            firings = self._ledger.launch(batch, cursor=cursor)
            failpoint("scheduler.after_launch")
            for one, firing in zip(batch, firings, strict=True):
                self._note_firing(one, firing)
        if is_moving:
            self._cursor = resume_after
        return bool(planned)

    def _note_firing(self, planned: PlannedFiring, firing: Firing) -> None:
        if firing.run != planned.firing.run or firing.at != planned.firing.at:
            return  # it was recorded before
        why = f": {firing.reason}" if firing.reason else ""
        started = firing.run_path or ""
        self._journal.note(f"{firing.key}: {firing.verdict} {started}".rstrip() + why)
        if planned.commit is not None and firing.run is not None:
            self._knowledge.note_launched(planned.commit.events[0], started)
        if firing.source == SHADOW:
            self._knowledge.note_shadow(firing.target)

    def _cancel(self, turn: Turn, now: float) -> None:
        for run, reason in turn.cancels:
            failpoint("scheduler.before_cancel")
            cancel_run(self._home, run, reason, now)
            run.is_cancelled = True
            self._journal.note(f"{run.path} is cancelled: {reason}")
            failpoint("scheduler.after_cancel")

    def _drive(self, runs: Sequence[ActiveRun]) -> None:
        for run in runs:
            if run.stage != "queued":
                run.requests = max((number for number, _ in self._ledger.requests(run.run)), default=0)
            run.stage, run.has_news, run.expires_at = "driven", False, None
            failpoint("scheduler.before_drive")
            self._drivers.drive(run.run, run.path)
            failpoint("scheduler.after_drive")

    def _sleep(self, look_at: float) -> None:
        """Wait until it is time, a driver has ended, or a short while is over."""
        seconds = min(_LOOK_SECONDS, self._clock.seconds_until(look_at))
        if seconds:
            select.select([self._drivers.fileno()] if self._drivers.fileno() >= 0 else [], [], [], seconds)
