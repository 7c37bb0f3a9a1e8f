"""Hands published events to the deployments that wait for them, each once."""

from collections.abc import Collection, Sequence

import msgspec

from headwater.model.launch import PublishedEvent, Trigger
from headwater.model.production import Triggers
from headwater.production.triggers import Listener, TriggeredRun, match_triggers


class Heard(msgspec.Struct, frozen=True):
    """A run that events ask for."""

    target: str
    run: TriggeredRun


class _Ear:
    """One trigger of one deployment, with what it has heard."""

    def __init__(self, triggers: Triggers, listener: Listener, since: int, recorded: Sequence[Trigger]) -> None:
        self.triggers = triggers
        self.listener = listener
        self.recorded = recorded
        self.last = since
        self.resume_after = since
        self.waiting: dict[int, PublishedEvent] = {}

    def hear(self, events: Sequence[PublishedEvent]) -> tuple[TriggeredRun, ...]:
        match = match_triggers(self.triggers, self.listener, events, self.last, self.waiting, self.recorded)
        self.last, self.waiting, self.resume_after = match.last, match.waiting, match.resume_after
        return match.runs


class Listening:
    """All triggers of all deployments, and how far each has read the published events."""

    def __init__(self, since: int) -> None:
        """Begin behind an event that nobody needs to hear again."""
        self._ears: dict[str, list[_Ear]] = {}
        #: Number of the last event that everybody has heard.
        self.last = since

    def put(
        self,
        target: str,
        triggers: Sequence[Triggers],
        parameters: Collection[str],
        since: int,
        recorded: Sequence[Trigger] = (),
    ) -> None:
        """Take the triggers of a target in place of its old ones.

        Args:
            target: the alias.
            triggers: its triggers; none = it listens no more.
            parameters: names of the flow's parameters.
            since: they count events behind this one.
            recorded: what runs of it were started by, as far back as those events; needed for triggers of several.
        """
        self._ears.pop(target, None)
        if triggers:
            listener = Listener(target, parameters)
            self._ears[target] = [_Ear(each, listener, since, recorded) for each in triggers]
            self.last = min(self.last, since)

    def hear(self, events: Sequence[PublishedEvent]) -> list[Heard]:
        """Give what a batch of events behind `last` sets off, in the order of the events that complete it."""
        if not events:
            return []
        heard = [Heard(target, run) for target, ears in self._ears.items() for ear in ears for run in ear.hear(events)]
        self.last = max(self.last, events[-1].number)
        return sorted(heard, key=lambda each: each.run.number)

    def resume_after(self) -> int:
        """Give the number behind which a scheduler that knows nothing has to begin again."""
        return min([self.last, *(ear.resume_after for ears in self._ears.values() for ear in ears)])
