"""How far a run is, for those who watch it."""

from headwater.model.events import (
    DriverChanged,
    GateDecided,
    GateReached,
    RunStarted,
    TaskFailed,
    TaskReused,
    TaskStarted,
    TaskSucceeded,
)
from headwater.model.ids import TaskKey, parse_task_key
from headwater.runtime.drive import Continued, Happening


class StepTally:
    """How far one step is."""

    def __init__(self, name: str) -> None:
        self.name = name
        #: Tasks that are known to come, so far.
        self.expected = 0
        self.running = 0
        self.done = 0
        self.reused = 0
        self.failed = 0
        self.retried = 0
        self.started_at: float | None = None
        self.ended_at: float | None = None


class Tally:
    """How far a run is, worked out from its events."""

    def __init__(self) -> None:
        self.started: RunStarted | None = None
        self.steps: dict[str, StepTally] = {}
        self.labels: dict[TaskKey, tuple[str, int]] = {}
        self.failures: list[TaskFailed] = []
        self.parents: dict[TaskKey, tuple[TaskKey, ...]] = {}
        #: The last event was at a gate, and the one before it said the same of another task of the step.
        self.is_gate_repeated = False
        self._gate = ("", "")

    @property
    def path(self) -> str:
        """`Churn/17`; empty before the first event."""
        return f"{self.started.flow}/{self.started.label}" if self.started is not None else ""

    def name(self, key: TaskKey) -> str:
        """`train/4`."""
        step, label = self.labels.get(key, (key, 0))
        return f"{step}/{label}"

    def fold(self, event: Happening) -> None:
        """Take one event in."""
        gate = _gate(event)
        self.is_gate_repeated = gate == self._gate
        self._gate = gate
        match event:
            case RunStarted():
                self.started = event
                self.steps = {name: StepTally(name) for name in event.graph.steps}
                self.steps[event.graph.start].expected = 1
            case TaskStarted():
                step = self.steps[event.step]
                self.labels[event.key] = (event.step, event.label)
                self.parents[event.key] = event.parents
                step.running += 1
                step.started_at = step.started_at or event.at
            case TaskSucceeded():
                step = self.steps[self.labels[event.key][0]]
                step.running -= 1
                step.done += 1
                step.ended_at = event.at
                self._expect(event)
            case TaskReused():
                self.labels[event.key] = (event.step, event.label)
                step = self.steps[event.step]
                step.reused += 1
                step.done += 1
                self._expect(event)
            case TaskFailed():
                step = self.steps[self.labels[event.key][0]]
                step.running -= 1
                step.ended_at = event.at
                if event.retry_at is None:
                    step.failed += 1
                    self.failures.append(event)
                else:
                    step.retried += 1
            case DriverChanged():
                for step in self.steps.values():
                    step.running = 0
            case Continued():
                for earlier in event.events:
                    self.fold(earlier)
            case _:
                pass

    def _expect(self, event: TaskSucceeded | TaskReused) -> None:
        assert self.started is not None
        graph = self.started.graph
        for target in event.transition.targets:
            if graph.steps[target].is_join:
                self.steps[target].expected = max(1, self.steps[target].expected)
            else:
                self.steps[target].expected += event.transition.width or 1


def _gate(event: Happening) -> tuple[str, str]:
    """What an event says of a gate: its step, and what came of it; empty for other events."""
    if isinstance(event, GateReached):
        return event.step, "reached"
    return (parse_task_key(event.key).step, event.verdict) if isinstance(event, GateDecided) else ("", "")
