"""A scheduler under a clock that is turned by hand, which dies between any two acts, among edits and pauses.

Two schedulers take turns as if both led; drivers die, or end their runs well or badly. Whatever happens, each slot has
one record, each started slot one run, and nothing else is there.
"""

import os
import random
from collections import Counter

import msgspec
import pytest

from headwater.deployments.aliases import Aliases
from headwater.deployments.changes import Changes
from headwater.deployments.moves import moved
from headwater.deployments.names import split_target
from headwater.deployments.owners import Person
from headwater.deployments.stored import find_deployment, record_of
from headwater.home import Home, make_home
from headwater.model.ids import new_ulid
from headwater.model.production import RunPolicy, Schedule
from headwater.production import scheduler as scheduler_module
from headwater.production.journal import Journal
from headwater.production.scheduler import Scheduler
from headwater.production.slots import slots_between
from tests.production.daemon_scene import firings, rows
from tests.production.hand_world import BEGIN, HOUR, Died, HandClock, HandDrivers
from tests.production.standings import TARGET, deployed

CRONS = ["0 * * * *", "*/30 * * * *", "15 */2 * * *", "0 6 * * *"]
POLICIES = [RunPolicy(overlap=overlap, retries=1) for overlap in ("skip", "queue", "allow", "cancel_previous")]


class World:
    """A store, two schedulers on it, and what must have come of it."""

    def __init__(self, folder, seed):
        self.rng = random.Random(seed)
        self.clock = HandClock()
        make_home(str(folder / "home"))
        self.homes = [Home(str(folder / "home"), "ann") for _ in range(3)]
        self.ledger = self.homes[2].ledger
        self.journal = Journal("scheduler", str(folder / "log"))
        self.person = Person(self.homes[2], {"XDG_CONFIG_HOME": str(folder)})
        self.orphans = []
        #: Stretches in which a schedule counted: (schedule, from, until, the last turn before its end).
        self.stretches = []
        self.since = None
        self.schedule = None
        self.last_turn = BEGIN
        self.schedulers = [None, None]
        self.drivers = [None, None]

    def deploy(self):
        """Deploy with the same or another schedule and policy."""
        was, since = self.schedule, self.since
        self._note_end()
        if was is None or self.rng.random() < 0.7:
            self.schedule = Schedule(self.rng.choice(CRONS), "often", missed=self.rng.choice(["none", "latest", "all"]))
        state = self._move((self.schedule,), self.rng.choice(POLICIES))
        if not state.is_paused and was is not None and was.cron == self.schedule.cron and since is not None:
            self.stretches.pop()  # one stretch: the schedule went on where it stood
            self.since = since
        elif not state.is_paused:
            self.since = self.clock.time

    def _move(self, schedules, policy):
        """Let the alias name a new deployment."""
        aliases = Aliases(self.ledger)
        before = aliases.get(TARGET)
        number = 1 if before is None else before.number + 1
        made = deployed(schedules=schedules, policy=policy).deployment
        made = msgspec.structs.replace(made, number=number, id=new_ulid(self.clock.time, os.urandom(10)))
        graph = None if before is None else find_deployment(self.ledger, "Churn", before.number).graph
        facts = {"change": "deploy", "user": "ann", "at": self.clock.time, "latest_event": 0}
        state = moved(before, split_target(TARGET), made, graph, **facts)
        self.ledger.write_records([record_of(made), aliases.record_after(before, state)])
        return state

    def pause_or_unpause(self):
        changes = Changes(self.ledger, self.person)
        if Aliases(self.ledger).require(TARGET).is_paused:
            changes.unpause(TARGET, self.clock.time)
            self.since = self.clock.time
        else:
            self._note_end()
            changes.pause(TARGET, self.clock.time)

    def _note_end(self):
        if self.since is not None:
            self.stretches.append((self.schedule, self.since, self.clock.time, self.last_turn))
            self.since = None

    def turn(self, number, dies=False):
        """Let one scheduler take a turn; it may die at some point of it."""
        if self.schedulers[number] is None:
            self.drivers[number] = HandDrivers(self.homes[number], self.clock, self.rng)
            self.schedulers[number] = Scheduler(self.homes[number], self.drivers[number], self.clock, self.journal)
        self.points = self.rng.randrange(1, 9) if dies else None
        try:
            self.schedulers[number]._has_news()
            self.schedulers[number]._look_after = 0.0
            self.schedulers[number].take_turn()
        except Died:
            self.schedulers[number] = None
            self.orphans.append(self.drivers[number])
            return
        finally:
            self.points = None
        self.last_turn = self.clock.time

    def pass_point(self, name):
        """Die at the n-th point passed."""
        if self.points is not None:
            self.points -= 1
            if self.points == 0:
                raise Died(name)

    def work(self):
        for drivers in [*self.drivers, *self.orphans]:
            if drivers is not None:
                drivers.work()

    def settle(self):
        """Let what is left of the runs come to its end, without any new slot."""
        self.turn(0)
        self._note_end()
        if self._move((), RunPolicy(overlap="allow")).is_paused:
            Changes(self.ledger, self.person).unpause(TARGET, self.clock.time)
        for _ in range(400):
            self.clock.time += 100.0
            self.turn(0)
            self.work()
            left = [row.path for row in rows(self.homes[2]) if row.finished_at is None]
            if not left:
                return
        raise AssertionError(f"never ended: {left}")

    def close(self):
        for home in self.homes:
            home.close()


def check(world):
    """Compare what is recorded with what the schedules say."""
    recorded = [each for each in firings(world.homes[2]) if each.slot is not None and each.source == "schedule:often"]
    counts = Counter(each.slot for each in recorded)
    assert [slot for slot, count in counts.items() if count > 1] == []
    must, may = set(), set()
    for schedule, since, until, last_turn in world.stretches:
        may |= set(slots_between(schedule, since, until))
        must |= set(slots_between(schedule, since, min(until, last_turn)))
    assert sorted(must - set(counts)) == [], "lost"
    assert sorted(set(counts) - may) == [], "fired for nothing"
    started = Counter(each.slot for each in recorded if each.verdict == "started")
    runs = Counter(row.launch.logical_date for row in rows(world.homes[2]) if row.launch.trigger.kind == "schedule")
    assert started == runs
    keys = Counter(row.launch.idempotency_key for row in rows(world.homes[2]))
    assert max(keys.values(), default=1) == 1
    assert {row.status for row in rows(world.homes[2])} <= {"succeeded", "failed", "cancelled"}


def live_through(folder, seed, monkeypatch, steps=60):
    world = World(folder, seed)
    monkeypatch.setattr(scheduler_module, "failpoint", world.pass_point)
    world.points = None
    try:
        world.deploy()
        for _ in range(steps):
            world.clock.time += world.rng.choice([1.0, 60.0, 600.0, HOUR, 5 * HOUR])
            world.turn(world.rng.randrange(2), dies=world.rng.random() < 0.4)
            if world.rng.random() < 0.5:
                world.work()
            deed = world.rng.random()
            if deed < 0.06:
                world.deploy()
            elif deed < 0.12:
                world.pause_or_unpause()
        world.settle()
        check(world)
        return world
    finally:
        world.close()


@pytest.mark.parametrize("seed", range(8))
def test_no_slot_is_lost_or_doubled_whatever_happens(tmp_path, seed, monkeypatch):
    world = live_through(tmp_path, seed, monkeypatch)

    assert world.stretches


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8, 208))
def test_nor_in_two_hundred_other_lives(tmp_path, seed, monkeypatch):
    live_through(tmp_path, seed, monkeypatch, steps=150)
