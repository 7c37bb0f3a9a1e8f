"""One run of the generated store: the planner decides, made-up outcomes answer, time passes without anybody waiting."""

import heapq
import random
from collections.abc import Mapping

import msgspec

from bench.store_values import Values
from headwater.model.events import (
    CancelRequested,
    Event,
    GateDecided,
    RunStarted,
    TaskFailed,
    TaskStarted,
    TaskSucceeded,
)
from headwater.model.ids import TaskKey
from headwater.model.outcome import ExitCause, FrameRecord, Outcome, TaskError, Transition, Usage
from headwater.plan.decide import Decision, decide, next_try
from headwater.plan.frontier import Frontier, TaskState
from headwater.plan.recording import run_finished, task_started
from headwater.plan.reuse import Finished, reuse
from headwater.plan.slots import Machine, Slots

_MACHINE = Machine(workers=8, cpus=16.0, memory=64_000.0)

#: Step -> what it leaves behind: name -> kind of value.
ARTIFACTS: dict[str, dict[str, str]] = {
    "Churn.start": {"orders": "table"},
    "Churn.usage": {"visits": "array"},
    "Churn.payments": {"paid": "table"},
    "Churn.join": {"features": "table", "depths": "json"},
    "Churn.train": {"model": "model", "score": "number"},
    "Churn.choose": {"model": "model", "importance": "image", "settings": "json"},
    "Churn.end": {"report": "html"},
    "Sentiment.start": {"texts": "table"},
    "Sentiment.tokenize": {"words": "json", "sample": "text"},
    "Sentiment.fit": {"model": "model", "weights": "array"},
    "Sentiment.evaluate": {"f1": "number", "confusion": "image"},
    "Forecast.start": {"numbers": "json"},
    "Forecast.fit": {"error": "number", "residuals": "array"},
    "Forecast.predict": {"sales": "number"},
    "Forecast.collect": {"table": "table", "report": "html"},
    "Fraud.start": {"payments": "table"},
    "Fraud.rules": {"flags": "json"},
    "Fraud.model": {"flags": "array"},
    "Fraud.publish": {"stopped": "number"},
    "Tuning.propose": {"settings": "json"},
    "Tuning.measure": {"loss": "number"},
    "Scoring.start": {"numbers": "json"},
    "Scoring.score": {"mean": "number"},
    "Scoring.gather": {"means": "array", "drawn": "image"},
}
#: Step -> seconds that it takes, in the middle.
SECONDS = {"fit": 45.0, "train": 180.0, "score": 6.0, "predict": 2.0, "evaluate": 20.0, "measure": 60.0}
#: Step -> summary metrics that it tells.
METRICS = {"Churn.choose", "Sentiment.evaluate", "Forecast.collect", "Tuning.measure", "Fraud.publish"}


class Fate(msgspec.Struct, frozen=True):
    """What becomes of a run."""

    #: Step at which every attempt of one task fails; empty = none does.
    fails_at: str = ""
    #: After so many ends of attempts somebody cancels it, or its driver dies; 0 = never.
    cancelled_after: int = 0
    dies_after: int = 0
    #: It is left at its gate.
    stays_at_gate: bool = False
    #: Children of each foreach; rounds of a loop.
    width: int = 6
    rounds: int = 4


class Tale:
    """The events of one run."""

    def __init__(self, started: RunStarted, fate: Fate, values: Values, rng: random.Random) -> None:
        self.events: list[Event] = []
        self.started = started
        self._fate = fate
        self._values = values
        self._rng = rng
        self._frontier = Frontier()
        self._slots = Slots(_MACHINE)
        self._now = started.at
        self._ends: list[tuple[float, TaskKey, int]] = []
        #: When the latest attempt of each task started.
        self._began: dict[TaskKey, float] = {}
        self._victim: TaskKey | None = None
        self._ended = 0
        self._add(started)

    @property
    def tasks(self) -> int:
        """How many tasks the run has."""
        return self._frontier.last_label

    def take_over(self, origin: str, events: list[Event]) -> None:
        """Reuse what an earlier run of the same graph finished."""
        labels = {event.key: event for event in events if isinstance(event, TaskStarted)}
        finished = {
            event.key: Finished(f"{origin}/{labels[event.key].step}/{labels[event.key].label}", event)
            for event in events
            if isinstance(event, TaskSucceeded) and not event.is_caught
        }
        self.events += reuse(self._frontier, finished, lambda task, earlier: True, self._now)

    def tell(self) -> None:
        """Go on to the end, or to where its fate leaves it."""
        while True:
            decision = decide(self._frontier, self._now, self._slots)
            self._launch(decision)
            for gate in decision.gates:
                self._add(gate)
            if decision.finish is not None:
                self._add(run_finished(decision.finish, self._now))
                return
            if decision.is_parked:
                if self._fate.stays_at_gate:
                    return
                self._answer()
            elif decision.stops:
                for stop in decision.stops:
                    self._fail(self._frontier.running[stop.key], "cancelled")
            elif self._ends:
                self._end_next()
                if self._ended == self._fate.dies_after:
                    return
            elif decision.ask_again_at is not None:
                self._now = max(self._now, decision.ask_again_at)

    def _add(self, event: Event) -> None:
        self._frontier.apply(event)
        self.events.append(event)

    def _launch(self, decision: Decision) -> None:
        for launch in decision.launches:
            self._add(task_started(self._frontier, launch, self._now))
            self._began[launch.key] = self._now
            if launch.step == self._fate.fails_at and self._victim is None and self._rng.random() < 0.3:
                self._victim = launch.key
            seconds = SECONDS.get(launch.step, 3.0) * self._rng.lognormvariate(0, 0.5)
            heapq.heappush(self._ends, (self._now + seconds, launch.key, launch.attempt))

    def _answer(self) -> None:
        self._now += self._rng.uniform(60, 7200)
        for key in list(self._frontier.gates):
            self._add(GateDecided(self._now, key, "approved", "ann", "looks right"))

    def _end_next(self) -> None:
        self._now, key, attempt = heapq.heappop(self._ends)
        task = self._frontier.running.get(key)
        if task is None or task.attempt != attempt:
            return
        self._ended += 1
        is_victim = key == self._victim or (self._victim is None and task.step == self._fate.fails_at)
        # What fails by chance has another attempt, which does not.
        is_tried_again = self._frontier.graph.steps[task.step].options.retry is not None and not task.attempt
        has_luck = not is_tried_again or self._rng.random() > 0.02
        if is_victim or not has_luck:
            self._fail(task, "out_of_memory" if self._rng.random() < 0.15 else "exception")
        else:
            self._succeed(task)
        if self._ended == self._fate.cancelled_after:
            self._add(CancelRequested(self._now, "bob", "took too long"))

    def _fail(self, task: TaskState, cause: ExitCause) -> None:
        self._slots.give_back(task.key)
        error = None if cause == "cancelled" else self._error(task, cause)
        usage = self._usage(task)
        options = self._frontier.graph.steps[task.step].options
        outcome = Outcome("outcome", 1, self.started.run, task.key, task.attempt, cause, error=error)
        retry_at, is_catch = next_try(options, task.failures, outcome, self._now)
        if options.catch is not None and retry_at is None and cause == "exception":
            transition = self._transition(task.step)
            caught = TaskSucceeded(
                self._now, task.key, task.attempt, {}, transition, usage, is_caught=True, error=error, cause=cause
            )
            self._add(caught)
            return
        self._add(TaskFailed(self._now, task.key, task.attempt, cause, error, usage, retry_at, is_catch))

    def _succeed(self, task: TaskState) -> None:
        self._slots.give_back(task.key)
        name = f"{self.started.flow}.{task.step}"
        artifacts = {name: self._values.any_of(kind) for name, kind in ARTIFACTS.get(name, {}).items()}
        parameters = list(self.started.parameters.items())[:1]
        event = TaskSucceeded(
            self._now,
            task.key,
            task.attempt,
            artifacts,
            self._transition(task.step),
            self._usage(task),
            {parameter: ref.digest for parameter, ref in parameters},
            summary=self._summary(name),
        )
        self._add(event)

    def _transition(self, step: str) -> Transition:
        known = self._frontier.graph.steps[step]
        if known.kind == "foreach":
            return Transition(known.targets, self._fate.width, self._values.any_of("json"))
        if known.kind == "switch":
            goes_back = step == "measure" and self._frontier.last_label < 2 * self._fate.rounds
            target = (
                known.targets[0] if goes_back or (step != "measure" and self._rng.random() < 0.7) else known.targets[1]
            )
            return Transition((target,))
        return Transition(known.targets)

    def _summary(self, name: str) -> dict[str, float | int | str | bool | None]:
        if name not in METRICS:
            return {}
        draw = self._rng.random
        told: Mapping[str, dict[str, float | int | str | bool | None]] = {
            "Churn.choose": {"f1": round(0.6 + draw() / 4, 4), "auc": round(0.7 + draw() / 4, 4), "rows": 400},
            "Sentiment.evaluate": {"f1": round(0.8 + draw() / 8, 4), "loss": round(draw(), 4), "kind": "linear"},
            "Forecast.collect": {"mape": round(5 + 10 * draw(), 3)},
            "Tuning.measure": {"loss": round(draw() / (1 + self._frontier.last_label), 5)},
            "Fraud.publish": {
                "stopped": int(draw() * 90),
                "precision": round(0.5 + draw() / 2, 4),
                "strict": draw() < 0.5,
            },
        }
        return told[name]

    def _usage(self, task: TaskState) -> Usage:
        began = self._began[task.key]
        took = max(0.01, self._now - began)
        compute = took * self._rng.uniform(0.6, 0.95)
        rest = took - compute
        return Usage(
            started_at=began,
            ended_at=self._now,
            host=self.started.host,
            pid=10_000 + task.label,
            user_cpu=compute * 0.9,
            system_cpu=compute * 0.05,
            peak_memory_bytes=int(self._rng.lognormvariate(18.5, 0.7)),
            queue=max(0.0, began - task.ready_at),
            importing=rest * 0.2,
            input_load=rest * 0.5,
            compute=compute,
            save=rest * 0.3,
            started_by="fork",
        )

    def _error(self, task: TaskState, cause: ExitCause) -> TaskError:
        code, step = self.started.code, self._frontier.graph.steps[task.step]
        file = f"{code.root}/{step.file}"
        if cause == "out_of_memory":
            details = {"signal": "SIGKILL", "limit": "4000 MB"}
            return TaskError("", "the task used more memory than it may: 4000 MB", details=details)
        function = f"{self.started.flow}.{task.step}"
        missing = self._rng.randrange(1, 90)
        outer = FrameRecord(file, step.line + 3, function, "rows = clean(self.orders)", True, {"self.alpha": "0.5"})
        inner_locals = {"missing": str(missing), "orders": "<pandas.DataFrame 400 x 4>"}
        raised = 'raise ValueError(f"{missing} orders have no amount")'
        inner = FrameRecord(f"{code.root}/rows.py", 15, "clean", raised, True, inner_locals)
        message = f"{missing} orders have no amount"
        lines = [f'  File "{one.file}", line {one.line}, in {one.function}\n    {one.text}\n' for one in (outer, inner)]
        traceback = "Traceback (most recent call last):\n" + "".join(lines) + f"ValueError: {message}\n"
        return TaskError("ValueError", message, (outer, inner), traceback)
