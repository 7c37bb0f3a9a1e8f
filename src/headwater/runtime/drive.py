"""The only place that acts: turns the planner's commands into commits and orders, and reports into events.

One turn of the loop: what the engine reported becomes events, the planner decides, everything goes into one commit,
and only then do the new orders go out. A crash between any two lines is repaired by replaying the ledger.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import msgspec

from headwater.model.artifact import Header
from headwater.model.errors import DiskFull
from headwater.model.events import (
    CancelRequested,
    CodeChanged,
    Decide,
    Event,
    GateDecided,
    GateReached,
    RunFinished,
    TaskFailed,
    TaskSucceeded,
)
from headwater.model.failpoints import failpoint
from headwater.model.ids import Digest, TaskKey
from headwater.model.order import TaskOrder
from headwater.model.outcome import Outcome
from headwater.model.ports import Commit, Ended, Engine, Lease, Ledger, Notice, Report, Started, Wrote
from headwater.plan.decide import Decision, Launch, decide, next_try
from headwater.plan.frontier import Frontier
from headwater.plan.limits import over_limit
from headwater.plan.recording import run_finished, task_started
from headwater.plan.slots import Slots
from headwater.runtime.hooks import HookEnded, HookWrote
from headwater.runtime.orders import RunFacts, SmallPayloads, make_order

#: Longest sleep, so that requests and interrupts are seen in time.
_LONGEST_WAIT_SECONDS = 0.25
#: How long a cancelled attempt may take to end by itself.
GRACE_SECONDS = 10.0

#: Attempts of less than this on average count as short; of those, so many may wait at the engine.
_SHORT_SECONDS = 0.02
_AHEAD = 32
#: While more than half of them wait, so many more reports may go into a commit, if each comes within so many seconds.
_GATHERED = 8
_GATHER_SECONDS = 0.004


class Continued(msgspec.Struct, frozen=True):
    """An interrupted run goes on; what had happened before."""

    events: tuple[Event, ...]


class Parked(msgspec.Struct, frozen=True):
    """The run waits for somebody's decision, and for nothing else: its driver has given it back and ends."""

    gates: tuple[GateReached, ...]


class Left(msgspec.Struct, frozen=True):
    """The driver was told to leave: its tasks are stopped, and the run can be continued by the next one."""


#: What a driver tells whoever watches: an event that is committed, or what the engine reported on the way.
Happening = Event | Wrote | Started | Notice | Continued | Parked | Left | HookWrote | HookEnded


class Interrupts:
    """What signals ask of a driver; it looks at them between two turns."""

    def __init__(self) -> None:
        #: Ctrl-C: the first one drains and cancels the run, the second ends it at once.
        self.count = 0
        #: Stop the tasks and give the run back as it is, to be continued by another driver.
        self.is_leaving = False

    def add(self) -> None:
        """Note one more Ctrl-C."""
        self.count += 1

    def leave(self) -> None:
        """Ask the driver to leave the run to another one."""
        self.is_leaving = True


class Surroundings(msgspec.Struct, frozen=True):
    """What a driver uses of the process that it runs in."""

    #: Stores an object and gives its digest.
    pack: Callable[[bytes], Digest]
    #: Unix time in seconds.
    clock: Callable[[], float]
    interrupts: Interrupts
    #: Gives up the room kept for the last words on a full disk; False when there is none.
    free_reserve: Callable[[], bool]
    #: Surrounds each decision: keeps what other runs hold of this machine from being given away twice.
    agree: Callable[[], AbstractContextManager[None]] = nullcontext


class Driver:
    """Drives one run to its end, holding its lease."""

    def __init__(
        self,
        ledger: Ledger,
        lease: Lease,
        frontier: Frontier,
        engine: Engine,
        *,
        slots: Slots,
        facts: RunFacts,
        around: Surroundings,
    ) -> None:
        """Take what it needs.

        Args:
            ledger: where the run's stream is.
            lease: the right to write it.
            frontier: the run's state, with all events of the stream folded in.
            engine: where tasks run.
            slots: what they may use.
            facts: what all orders share.
            around: what it uses of its process.
        """
        self._ledger = ledger
        self._lease = lease
        self._frontier = frontier
        self._engine = engine
        self._slots = slots
        self._facts = facts
        self._pack = around.pack
        self._clock = around.clock
        self._interrupts = around.interrupts
        self._free_reserve = around.free_reserve
        self._agree = around.agree
        self._payloads = SmallPayloads()
        self._events: list[Event] = []
        self._small: dict[Digest, bytes] = {}
        self._headers: dict[Digest, Header] = {}
        self._request_number = 0
        self._requests_read_at = 0.0
        #: Attempts that were sent out and have not been reported as ended.
        self._at_engine: set[tuple[TaskKey, int]] = set()
        self._stopping: set[tuple[TaskKey, int]] = set()
        self._code_changed = False
        self._mean_seconds = 1.0
        self._heard_at = around.clock()
        self._given_up: str | None = None

    @property
    def request_number(self) -> int:
        """Number of the last request that was folded in."""
        return self._request_number

    def drive(self) -> Iterator[Happening]:
        """Drive until the run's last event is committed; yields what happens, in order, after it is durable.

        Ends before that when nothing is left to do until somebody decides at a gate (`Parked`), or when it is told to
        leave (`Left`).

        Raises:
            LeaseLost: another driver took the run over; its attempts here are stopped, nothing more is written.
            DiskFull: not even the end of the run could be recorded; `resume` continues it.
        """
        while True:
            now = self._clock()
            self._read_requests(now)
            self._given_up = self._given_up or over_limit(self._frontier, now, self._heard_at)
            with self._agree():
                decision = decide(self._frontier, now, self._slots, given_up=self._given_up)
            orders = self._prepare(decision, now)
            yield from self._commit()
            if self._frontier.finished is not None:
                return
            if self._interrupts.is_leaving:
                yield from self._leave()
                return
            if decision.is_parked:
                self._lease.settle()
                failpoint("drive.parked")
                yield Parked(tuple(self._frontier.gates.values()))
                return
            self._send(orders)
            for stop in decision.stops:
                self._stop(stop.key, stop.attempt)
            yield from self._listen(decision, now)

    def _prepare(self, decision: Decision, now: float) -> list[tuple[Launch, TaskOrder]]:
        """Record the launches, and make their orders; a run's end is recorded likewise."""
        for launch in decision.launches:
            self._add(task_started(self._frontier, launch, now))
            self._heard_at = now
        for event in decision.gates:
            self._add(event)
        if decision.finish is not None:
            self._add(run_finished(decision.finish, now))
        return [
            (launch, make_order(self._frontier, launch, self._facts, self._payloads, self._pack))
            for launch in decision.launches
        ]

    def _send(self, orders: list[tuple[Launch, TaskOrder]]) -> None:
        failpoint("drive.before_submit")
        gangs: dict[tuple[TaskKey, ...], list[TaskOrder]] = {}
        for launch, order in orders:
            self._at_engine.add((launch.key, launch.attempt))
            if launch.gang:
                gangs.setdefault(launch.gang, []).append(order)
            else:
                self._engine.submit(order)
        for members in gangs.values():
            self._engine.submit_gang(members)
        failpoint("drive.after_submit")

    def _listen(self, decision: Decision, now: float) -> Iterator[Happening]:
        wait = _LONGEST_WAIT_SECONDS
        if decision.ask_again_at is not None:
            wait = min(wait, max(0.0, decision.ask_again_at - now))
        reports = self._reports(wait)
        if reports:
            self._heard_at = self._clock()
        for report in reports:
            if isinstance(report, Ended):
                self._end(report.outcome)
            else:
                yield report

    def _reports(self, wait: float) -> list[Report]:
        """Wait for what the engine reports; while enough orders are in line there, let more of it share one commit.

        1,000 short tasks took 440 to 780 commits without it, a third of the driver's time, and each waits for the disk.
        """
        reports = self._engine.poll(wait)
        for _ in range(_GATHERED if reports else 0):
            if len(self._frontier.running) - len(reports) < _AHEAD // 2:
                break
            more = self._engine.poll(_GATHER_SECONDS)
            if not more:
                break
            reports += more
        return reports

    def _end(self, outcome: Outcome) -> None:
        now = self._clock()
        self._slots.give_back(outcome.key)
        self._at_engine.discard((outcome.key, outcome.attempt))
        self._look_ahead(outcome)
        was_stopped = (outcome.key, outcome.attempt) in self._stopping
        self._stopping.discard((outcome.key, outcome.attempt))
        task = self._frontier.running.get(outcome.key)
        if task is None or task.attempt != outcome.attempt:
            return  # of an attempt that the ledger has given up
        self._note_code(outcome, now)
        if outcome.transition is not None and (outcome.cause == "ok" or outcome.is_caught):
            self._small.update(outcome.small)
            self._headers.update(outcome.headers)
            self._payloads.remember(outcome.small)
            self._add(_success(outcome, now))
            return
        options = self._frontier.graph.steps[task.step].options
        if self._frontier.cancelled is not None or was_stopped:
            outcome = msgspec.structs.replace(outcome, cause="cancelled")
        retry_at, is_catch = next_try(options, task.failures, outcome, now)
        is_over = (self._frontier.cancelled, self._frontier.failed, self._given_up) != (None, None, None)
        if was_stopped and not is_over:
            retry_at = now  # stopped because another member of its gang failed and is tried again
        self._add(
            TaskFailed(
                at=now,
                key=outcome.key,
                attempt=outcome.attempt,
                cause=outcome.cause,
                error=outcome.error,
                usage=outcome.usage,
                retry_at=retry_at,
                is_next_a_catch=is_catch,
            )
        )

    def _look_ahead(self, outcome: Outcome) -> None:
        """Let orders wait at the engine while attempts are so short that workers would idle during a commit."""
        took = max(0.0, outcome.usage.ended_at - outcome.usage.started_at)
        self._mean_seconds += (took - self._mean_seconds) / 8
        self._slots.ahead = _AHEAD if self._mean_seconds < _SHORT_SECONDS else 0

    def _note_code(self, outcome: Outcome, now: float) -> None:
        if self._code_changed or not outcome.modules:
            return
        changed = tuple(sorted(self._changed_files(outcome.modules)))
        if changed:
            self._code_changed = True
            self._add(CodeChanged(at=now, key=outcome.key, files=changed))

    def _changed_files(self, modules: dict[str, Digest]) -> list[str]:
        return [file for file, digest in modules.items() if self._facts.files.get(file, digest) != digest]

    def _read_requests(self, now: float) -> None:
        if self._interrupts.count and self._frontier.cancelled is None:
            self._add(CancelRequested(at=now, user=self._user(), reason="interrupted"))
        is_early = now - self._requests_read_at < _LONGEST_WAIT_SECONDS and now >= self._requests_read_at
        if is_early and not self._frontier.gates:  # what was decided in time must be read before a gate expires
            return
        self._requests_read_at = now
        self._fold_requests(now)
        # Out of reach of the ledger nobody's answer is heard, and no gate expires.
        while self._is_gate_due(now) and self._lease.settle():
            self._fold_requests(now)

    def _is_gate_due(self, now: float) -> bool:
        return any(gate.expires_at is not None and gate.expires_at <= now for gate in self._frontier.gates.values())

    def _fold_requests(self, now: float) -> None:
        for number, request in self._ledger.requests(self._lease.run, self._request_number):
            self._request_number = number
            if isinstance(request, Decide):
                self._decide_gates(request, now)
            elif self._frontier.cancelled is None:
                self._add(CancelRequested(at=now, user=request.user, reason=request.reason))

    def _decide_gates(self, request: Decide, now: float) -> None:
        """Fold an answer in: it is meant for the gates of its step that were open when it was given."""
        for key, gate in list(self._frontier.gates.items()):
            is_late = gate.expires_at is not None and request.at >= gate.expires_at
            if gate.step == request.step and gate.at <= request.at and not is_late:
                self._add(GateDecided(now, key, request.verdict, request.user, request.reason))

    def _user(self) -> str:
        started = self._frontier.started
        return started.user if started is not None else ""

    def _stop(self, key: TaskKey, attempt: int) -> None:
        grace = 0.0 if self._interrupts.count > 1 else GRACE_SECONDS
        if (key, attempt) not in self._stopping or not grace:
            self._stopping.add((key, attempt))
            self._engine.cancel(key, attempt, grace)

    def _leave(self) -> Iterator[Happening]:
        """Stop what runs, and keep what finished nevertheless; the rest runs again under the next driver."""
        while self._at_engine:
            for key, attempt in self._at_engine:
                self._stop(key, attempt)
            for report in self._engine.poll(_LONGEST_WAIT_SECONDS):
                if not isinstance(report, Ended):
                    yield report
                    continue
                outcome = report.outcome
                self._at_engine.discard((outcome.key, outcome.attempt))
                if outcome.transition is not None and (outcome.cause == "ok" or outcome.is_caught):
                    self._end(outcome)
        yield from self._commit()
        self._lease.settle()
        yield Left()

    def _add(self, event: Event) -> None:
        self._frontier.apply(event)
        self._events.append(event)

    def _commit(self) -> Iterator[Event]:
        if not self._events:
            return
        events, small, headers = self._events, self._small, self._headers
        self._events, self._small, self._headers = [], {}, {}
        failpoint("drive.before_commit")
        try:
            self._ledger.append(self._lease, Commit(events=events, small=small, headers=headers))
        except DiskFull as full:
            if not self._free_reserve():
                raise
            if self._frontier.finished is None:
                finish = RunFinished(at=self._clock(), end="failed", cause="disk_full", message=full.message)
                self._frontier.apply(finish)
                events.append(finish)
            self._ledger.append(self._lease, Commit(events=events, small=small, headers=headers))
        failpoint("drive.after_commit")
        yield from events


def _success(outcome: Outcome, now: float) -> TaskSucceeded:
    assert outcome.transition is not None
    return TaskSucceeded(
        at=now,
        key=outcome.key,
        attempt=outcome.attempt,
        artifacts=outcome.artifacts,
        transition=outcome.transition,
        usage=outcome.usage,
        reads=outcome.reads,
        is_caught=outcome.is_caught,
        error=outcome.error,
        cause=outcome.cause,
        summary=outcome.summary,
    )
