"""A scheduler in this process: its clock is turned by hand, its drivers end runs when they are told to."""

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.moves import moved
from headwater.deployments.names import split_target
from headwater.deployments.stored import find_deployment, record_of
from headwater.home import Home, make_home
from headwater.model.errors import RunIsDriven, RunIsFinished
from headwater.model.events import DriverChanged, RunFinished
from headwater.model.ports import FIRST_EPOCH, Commit
from headwater.production.journal import Journal
from headwater.production.launcher import DriverEnded
from headwater.production.scheduler import Scheduler
from tests.production.daemon_scene import firings, rows

BEGIN = 1_772_776_800.0  # 2026-03-06 06:00 UTC
HOUR = 3600.0


class Died(BaseException):
    """The scheduler's process is gone."""


class HandClock:
    rate = 1.0

    def __init__(self):
        self.time = BEGIN

    def now(self):
        return self.time

    def seconds_until(self, instant):
        return 0.0


class HandDrivers:
    """Drives runs when it is told to, by ending them."""

    def __init__(self, home, clock, rng):
        self.home, self.clock, self.rng = home, clock, rng
        self.asked = {}
        self._over = []

    def drive(self, run, path):
        self.asked[run] = path

    def fileno(self):
        return -1

    def ended(self):
        over, self._over = self._over, []
        for each in over:
            self.asked.pop(each.run, None)
        return over

    def work(self):
        for run in list(self.asked):
            deed = self.rng.random()
            if deed < 0.3:
                continue
            if deed > 0.4:
                self.end(run, "failed" if deed > 0.85 else "succeeded")
            else:
                self.die(run)

    def die(self, run):
        """Let a driver be killed."""
        self._over.append(DriverEnded(run, -9))

    def end(self, run, end):
        """Write the end of a run, and go."""
        self._over.append(DriverEnded(run, 0))
        try:
            lease, epoch = self.home.ledger.take(run, self.clock.time)
        except (RunIsDriven, RunIsFinished):
            return
        events = [RunFinished(at=self.clock.time, end=end, message="as told")]
        if epoch > FIRST_EPOCH:
            events.insert(0, DriverChanged(at=self.clock.time, host="desk", pid=1, epoch=epoch))
        self.home.ledger.append(lease, Commit(events=events))


class HandScene:
    """A store with deployments that were put there by hand, and a scheduler that takes turns when it is told to."""

    def __init__(self, folder):
        make_home(str(folder / "home"))
        self.folder = folder
        self.clock = HandClock()
        self.home = Home(str(folder / "home"), "ann")
        self.ledger = self.home.ledger
        self.begin()

    def begin(self):
        """Let another scheduler take the place of the one before, which knows nothing."""
        self.drivers = HandDrivers(self.home, self.clock, None)
        self.scheduler = Scheduler(self.home, self.drivers, self.clock, Journal("scheduler", str(self.folder / "log")))

    def deploy(self, made, *, number=1, **state):
        """Put a `Deployed` of `standings.py` to work."""
        aliases = Aliases(self.ledger)
        before = aliases.get(made.state.target)
        ulid = f"{number}-{made.state.target}"
        deployment = msgspec.structs.replace(made.deployment, number=number, id=ulid)
        graph = None if before is None else find_deployment(self.ledger, deployment.name, before.number).graph
        after = moved(
            before,
            split_target(made.state.target),
            deployment,
            graph,
            change="deploy",
            user="ann",
            at=self.clock.time,
            latest_event=0,
        )
        after = msgspec.structs.replace(after, shadow_of=made.state.shadow_of, **state)
        records = [aliases.record_after(before, after)]
        if self.ledger.record("deployment", f"{deployment.name}/{number}") is None:
            records.append(record_of(deployment))
        self.ledger.write_records(records)

    def turn(self, seconds=0.0, turns=3):
        """Let the time pass, and the scheduler look until nothing is left to do."""
        self.clock.time += seconds
        for _ in range(turns):
            self.scheduler._has_news()
            self.scheduler._look_after = 0.0
            self.scheduler.take_turn()

    def end(self, path, end="succeeded"):
        """Let the driver of a run end it."""
        run = next(run for run, asked in self.drivers.asked.items() if asked == path)
        self.drivers.end(run, end)

    def log(self):
        return (self.folder / "log").read_text()

    def fired(self, **query):
        return [(each.source, each.verdict, each.run_path) for each in firings(self.home, **query)]

    def statuses(self):
        return {row.path: row.status for row in rows(self.home)}

    def driven(self):
        return sorted(self.drivers.asked.values())

    def close(self):
        self.home.close()
