"""Keeps what the scheduler knows in step with the ledger, without reading again what has not changed."""

from collections.abc import Iterable

import msgspec

from headwater.deployments.names import split_target
from headwater.deployments.shadows import is_shadow_over
from headwater.deployments.stored import find_deployment
from headwater.home import Home
from headwater.model.deployment import AliasState, Deployment
from headwater.model.errors import NotFound, UserMistake
from headwater.model.events import Event, RunStarted
from headwater.model.ids import RunId
from headwater.model.launch import Launch, Trigger
from headwater.model.production import RunPolicy
from headwater.model.records import Record
from headwater.model.rows import RunQuery, RunRow, RunStatus
from headwater.production import backfill as backfills
from headwater.production.backfill import Backfill, decode_backfill, next_slots
from headwater.production.journal import Journal
from headwater.production.listening import Listening
from headwater.production.standing import ActiveRun, Deployed, Pools, Stage, Standing
from headwater.production.timetable import Timetable, source_of
from headwater.production.triggers import waits_for_several
from headwater.production.turn import BackfillSlots

#: Name of the cursor in the published events.
CURSOR = "scheduler"
#: Kind of the records of aliases.
_ALIAS = "alias"
_PAGE = 1000
#: How far the clock of whoever publishes may be ahead of the scheduler's.
_SKEW_SECONDS = 3600.0

#: What a run's row says, for the scheduler.
_STAGES: dict[RunStatus, Stage] = {
    "running": "driven",
    "queued": "queued",
    "waiting": "waiting",
    "interrupted": "interrupted",
}


class Knowledge:
    """What the scheduler knows, read from the ledger."""

    def __init__(self, home: Home, pools: Pools, journal: Journal, now: float) -> None:
        """Read all of it.

        Args:
            home: the store.
            pools: what the settings say.
            journal: takes what cannot be read.
            now: Unix time.
        """
        self._journal = journal
        #: What ended before then was told by whoever knew it then.
        self.read_at = now
        self._ledger = home.ledger
        self._deployments: dict[tuple[str, int], Deployment] = {}
        self._versions: dict[str, int] = {}
        self._backfill_versions: dict[str, int] = {}
        self._backfills: dict[str, Backfill] = {}
        self.standing = Standing(pools=pools)
        self.timetable = Timetable()
        self.listening = Listening(self._ledger.cursor(CURSOR))
        self.read_deployed()
        self.read_backfills()
        self.read_runs()

    # Deployments

    def deployment(self, name: str, number: int) -> Deployment:
        """Find a deployment, decoded once; raises NotFound."""
        found = self._deployments.get((name, number))
        if found is None:
            found = self._deployments[name, number] = find_deployment(self._ledger, name, number)
        return found

    def read_deployed(self) -> None:
        """Take note of aliases that moved."""
        for record in self._changed(_ALIAS, self._versions):
            state = msgspec.json.decode(record.body, type=AliasState)
            deployed = self._deployed(state)
            if deployed is None:
                self.standing.deployed.pop(state.target, None)
                self.timetable.put(state.target, (), {})
                self.listening.put(state.target, (), (), 0)
            else:
                self.standing.deployed[state.target] = deployed
                self.note_shadow(state.target)
                try:
                    self._listen(deployed)
                except UserMistake as mistake:
                    # A zone that this machine has no more, for example: the others go on.
                    self._journal.note(f"{state.target} does not fire by itself: {mistake.message}")
                    self.timetable.put(state.target, (), {})

    def note_shadow(self, target: str) -> None:
        """Take note of whether a shadow has run as often as it was to; it may have fired just now."""
        self.standing.over.discard(target)
        deployed = self.standing.deployed.get(target)
        if deployed is not None and is_shadow_over(self._ledger, deployed.state):
            self.standing.over.add(target)

    def _deployed(self, state: AliasState) -> Deployed | None:
        if state.deployment is None:
            return None
        try:
            return Deployed(state, self.deployment(state.name, state.number))
        except NotFound:
            return None  # it was deleted between two reads: the alias is about to say so

    def _listen(self, deployed: Deployed) -> None:
        state, production = deployed.state, deployed.deployment.graph.production
        schedules = production.schedules if deployed.fires_by_itself else ()
        since = {
            each.key: max(
                state.schedules_since.get(each.key, state.at),
                self._ledger.last_slot(state.target, source_of(each)) or 0.0,
            )
            for each in schedules
        }
        self.timetable.put(state.target, schedules, since)
        parameters = [each.name for each in deployed.deployment.graph.parameters]
        triggers = production.triggers if deployed.fires_by_itself else ()
        after = max(state.events_after, self._ledger.cursor(CURSOR))
        recorded = self._started_by(state.target, after) if any(map(waits_for_several, triggers)) else []
        self.listening.put(state.target, triggers, parameters, after, recorded)

    def _started_by(self, target: str, after: int) -> list[Trigger]:
        """Give what runs of a target were started by that came behind an event."""
        first = self._ledger.published(after, limit=1)
        query = RunQuery(target=target, since=first[0].at - _SKEW_SECONDS, limit=_PAGE) if first else None
        found: list[Trigger] = []
        while query is not None:
            page = self._ledger.runs(query)
            found += [row.launch.trigger for row in page.rows if row.launch is not None]
            query = None if page.cursor is None else msgspec.structs.replace(query, cursor=page.cursor)
        return found

    def _changed(self, kind: str, versions: dict[str, int]) -> Iterable[Record]:
        """Yield the records whose version is not the one last seen."""
        after = ""
        while page := self._ledger.records(kind, after=after, limit=_PAGE):
            for record in page:
                if versions.get(record.key) != record.version:
                    versions[record.key] = record.version
                    yield record
            after = page[-1].key

    # Backfills

    def read_backfills(self) -> None:
        """Take note of backfills that were asked for or cancelled."""
        for record in self._changed(backfills.KIND, self._backfill_versions):
            backfill = decode_backfill(record)
            self._backfills[backfill.id] = backfill

    def backfill_slots(self) -> list[BackfillSlots]:
        """Give the slots that it is the turn of; forgets backfills that are through."""
        found = []
        for backfill in list(self._backfills.values()):
            running = sum(
                run.launch.trigger.source == backfill.id for run in self.standing.runs.values() if run.is_backfill
            )
            if running >= backfill.parallel:
                continue
            recorded = self._ledger.last_slot(backfill.target, backfill.source)
            slots = next_slots(backfill, recorded, running)
            if slots:
                found.append(BackfillSlots(backfill, tuple(slots)))
            elif not running:
                del self._backfills[backfill.id]
        return found

    # Runs

    def policy(self, launch: Launch) -> RunPolicy:
        """Give the policy of a run's own deployment, whatever its alias names now."""
        try:
            return self.deployment(split_target(launch.target).name, launch.number).graph.production.policy
        except NotFound:
            return RunPolicy()

    def read_runs(self) -> None:
        """Read all runs of deployments that have not ended."""
        rows: dict[RunId, RunRow] = {}
        for status in _STAGES:
            cursor: str | None = None
            while True:
                page = self._ledger.runs(RunQuery(status=status, limit=_PAGE, cursor=cursor))
                rows |= {row.run: row for row in page.rows if row.launch is not None}
                cursor = page.cursor
                if cursor is None:
                    break
        known, self.standing.runs = self.standing.runs, {}
        for row in sorted(rows.values(), key=lambda row: (row.started_at, row.run)):
            if row.run in known:
                self.standing.runs[row.run] = known[row.run]
            self.note_row(row)

    def read_queued(self) -> None:
        """Take note of runs that somebody else launched."""
        cursor: str | None = None
        news: list[RunRow] = []
        while True:
            page = self._ledger.runs(RunQuery(status="queued", limit=20, cursor=cursor))
            fresh = [row for row in page.rows if row.run not in self.standing.runs]
            news += fresh
            cursor = page.cursor
            if cursor is None or len(fresh) < len(page.rows):
                break
        for row in reversed(news):
            self.note_row(row)

    def read_run(self, run: RunId) -> None:
        """Look at one run again."""
        self.note_row(self._ledger.run(run))

    def note_row(self, row: RunRow) -> None:
        """Take over what a run's row says."""
        stage = _STAGES.get(row.status)
        if stage is None or row.launch is None:
            self.standing.runs.pop(row.run, None)
            return
        run = self.standing.runs.get(row.run)
        if run is None:
            run = self.standing.runs[row.run] = ActiveRun(row.run, row.path, row.launch, stage, row.started_at)
            run.not_before = self._not_before(row.launch, row.started_at)
            run.has_news = stage == "waiting" and bool(self._ledger.requests(row.run))
        run.stage, run.expires_at = stage, row.gate_expires_at

    def note_launched(self, started: Event, path: str) -> None:
        """Take note of a run that was launched just now."""
        assert isinstance(started, RunStarted) and started.launch is not None
        run = ActiveRun(started.run, path, started.launch, "queued", started.at)
        run.not_before = self._not_before(started.launch, started.at)
        self.standing.runs[started.run] = run

    def _not_before(self, launch: Launch, launched_at: float) -> float:
        """A retry waits for a while; all others may be driven at once."""
        if launch.trigger.kind != "retry":
            return 0.0
        return launched_at + self.policy(launch).minutes_between_retries * 60

    def read_requests(self) -> None:
        """Take note of what was asked of runs that wait."""
        for run in self.standing.runs.values():
            if run.stage == "waiting" and not run.has_news:
                run.has_news = bool(self._ledger.requests(run.run, run.requests))
