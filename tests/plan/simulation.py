"""Runs a graph through `apply` and `decide` with made-up outcomes: no process, no clock, seeded."""

import random
from collections import Counter

from headwater.flow.compile import compile_flow
from headwater.model.events import (
    DriverChanged,
    GateDecided,
    RunStarted,
    TaskFailed,
    TaskSucceeded,
)
from headwater.model.order import CodeSource
from headwater.model.outcome import Outcome, Transition
from headwater.plan.decide import decide, next_try
from headwater.plan.frontier import Frontier
from headwater.plan.recording import run_finished, task_started
from headwater.plan.slots import Machine, Slots

MACHINE = Machine(workers=3, cpus=2.0, memory=1000.0)


class Simulation:
    """A driver without an engine: each launched task ends, at a random moment, as its step says."""

    def __init__(self, flow, seed, *, failing=0.0, choices=None, widths=None):
        self.graph = compile_flow(flow)
        self.rng = random.Random(seed)
        self.failing = failing
        #: step -> list of targets that its switch takes, one a visit (the last one for ever).
        self.choices = choices or {}
        self.widths = widths or {}
        self.visits = Counter()
        self.now = 1000.0
        self.events = []
        self.frontier = Frontier()
        self.slots = Slots(MACHINE)
        self.executions = Counter()
        self.most_at_once = 0
        self.add(started(self.graph))

    def add(self, event):
        self.frontier.apply(event)
        self.events.append(event)

    def turn(self):
        """One turn of a driver; False when the run has ended."""
        decision = self.act()
        if decision.finish is not None:
            return False
        if decision.stops or decision.gates:
            return True
        if decision.is_parked:
            self.answer()
            return True
        if self.frontier.gates and self.rng.random() < 0.3:
            self.answer()
        if not self.frontier.running:
            assert decision.ask_again_at is not None, "nothing runs, nothing is waited for, and the run has not ended"
            self.now = max(self.now, decision.ask_again_at)
            return True
        self.end_one(self.rng.choice(sorted(self.frontier.running)))
        return True

    def act(self):
        """Do what the planner says; nothing ends."""
        decision = decide(self.frontier, self.now, self.slots)
        for launch in decision.launches:
            self.add(task_started(self.frontier, launch, self.now))
        for event in decision.gates:
            self.add(event)
        for stop in decision.stops:
            task = self.frontier.running[stop.key]
            self.slots.give_back(stop.key)
            self.fail(stop.key, task, None if self.frontier.failed else self.now, cause="cancelled")
        self.most_at_once = max(self.most_at_once, len(self.frontier.running))
        if decision.finish is not None:
            self.add(run_finished(decision.finish, self.now))
        return decision

    def answer(self, verdict="approved"):
        """Somebody decides about all tasks that wait at one step."""
        step = self.rng.choice(sorted({gate.step for gate in self.frontier.gates.values()}))
        for key in [key for key, gate in self.frontier.gates.items() if gate.step == step]:
            self.add(GateDecided(at=self.now, key=key, verdict=verdict, user="ann"))

    def end_one(self, key):
        self.now += 1.0
        task = self.frontier.running[key]
        self.slots.give_back(key)
        options = self.graph.steps[task.step].options
        if self.rng.random() < self.failing:
            outcome = Outcome(kind="outcome", v=1, run="R", key=key, attempt=task.attempt, cause="exception")
            retry_at, is_catch = next_try(options, task.failures, outcome, self.now)
            self.fail(key, task, retry_at, is_catch)
            return
        self.executions[key] += 1
        self.add(TaskSucceeded(at=self.now, key=key, attempt=task.attempt, transition=self.transition(task.step)))

    def fail(self, key, task, retry_at, is_catch=False, cause="exception"):
        self.add(
            TaskFailed(
                at=self.now,
                key=key,
                attempt=task.attempt,
                cause=cause,
                retry_at=retry_at,
                is_next_a_catch=is_catch,
            )
        )

    def transition(self, name):
        step = self.graph.steps[name]
        if step.kind == "switch":
            taken = self.choices.get(name, [step.targets[-1]])
            target = taken[min(self.visits[name], len(taken) - 1)]
            self.visits[name] += 1
            return Transition(targets=(target,))
        if step.kind in ("foreach", "parallel"):
            return Transition(targets=step.targets, width=self.widths.get(name, 3))
        return Transition(targets=step.targets)

    def crash(self):
        """Lose everything but the events, as a killed driver does; the next one replays them."""
        self.frontier = Frontier()
        for event in self.events:
            self.frontier.apply(event)
        self.slots = Slots(MACHINE)
        self.add(DriverChanged(at=self.now, host="h", pid=1, epoch=self.frontier.epoch + 1))

    def run(self, crash_share=0.0):
        while self.turn():
            if self.rng.random() < crash_share:
                self.crash()
            assert len(self.events) < 5000, "the run does not end"
        return self


def started(graph):
    return RunStarted(
        at=1000.0,
        run="R",
        flow=graph.flow,
        label=1,
        user="u",
        host="h",
        pid=1,
        graph=graph,
        code=CodeSource("", "", "", ""),
        seed=0,
    )
