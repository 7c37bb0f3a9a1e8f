"""Deployments that listen to the same events, and a scheduler that dies among them."""

import random

import msgspec

from headwater.model.launch import PublishedEvent
from headwater.model.production import EventTrigger, FinishTrigger, Triggers
from headwater.production.listening import Listening

TARGETS = ("Churn@production", "Report@production")


def on(*names, window=400):
    return Triggers(tuple(EventTrigger(name) for name in names), (), window)


def published(names, clock):
    return [
        PublishedEvent(f"{name}{number}", name, float(sum(clock[:number])), number=number)
        for number, name in enumerate(names, 1)
    ]


class Scheduler:
    """Hears events and remembers runs and a cursor, as a ledger would; the rest it loses when it dies."""

    def __init__(self, triggers):
        self.triggers = triggers
        self.runs = {}
        self.cursor = 0
        self.begin()

    def begin(self):
        self.listening = Listening(self.cursor)
        for target in TARGETS:
            recorded = [run.trigger for run in self.runs.values() if run.key.startswith(target)]
            self.listening.put(target, self.triggers[target], (), self.cursor, recorded)

    def hear(self, events, most):
        batch = [event for event in events if event.number > self.listening.last][:most]
        for heard in self.listening.hear(batch):
            self.runs.setdefault(heard.run.key, heard.run)

    def move_cursor(self):
        self.cursor = max(self.cursor, self.listening.resume_after())


def test_whoever_begins_again_starts_neither_fewer_nor_other_runs():
    draw = random.Random(13)
    for _ in range(150):
        names = draw.choices("abcx", k=50)
        events = published(names, [draw.choice([1, 1, 5, 90]) for _ in names])
        triggers = {
            target: [on(*draw.sample("abc", draw.randint(1, 3))) for _ in range(draw.randint(1, 2))]
            for target in TARGETS
        }
        steady = Scheduler(triggers)
        steady.hear(events, len(events))
        mortal = Scheduler(triggers)
        while mortal.listening.last < len(events):
            mortal.hear(events, draw.randint(1, 6))
            if draw.random() < 0.7:
                mortal.move_cursor()
            if draw.random() < 0.3:
                mortal.begin()

        assert sorted(mortal.runs) == sorted(steady.runs)


def test_finished_flows_of_a_pair_are_told_apart_after_a_new_beginning():
    after_both = Triggers((), (FinishTrigger("A", "p", "prod"), FinishTrigger("B", "p", "prod")))
    triggers = {target: [after_both] for target in TARGETS}
    events = []
    for number, flow in enumerate("ABAB", 1):
        said = f'{{"flow":"{flow}","end":"succeeded","target":"p.{flow}@production","project":"p"}}'
        payload = msgspec.json.decode(said, type=dict[str, msgspec.Raw])
        events.append(PublishedEvent(f"run:{number}", "run.finished", 1.0, payload, number=number))
    scheduler = Scheduler(triggers)
    scheduler.hear(events, 2)
    scheduler.cursor = 1  # something else waits for the second event
    scheduler.begin()

    scheduler.hear(events, 4)

    assert sorted(scheduler.runs) == [f"{target}/event:run:{one}+run:{one + 1}" for target in TARGETS for one in (1, 3)]
