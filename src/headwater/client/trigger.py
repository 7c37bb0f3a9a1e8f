"""What a run was started by: published events, or runs that finished."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Generic, Literal, TypeVar

import msgspec

from headwater.client.named import local_time
from headwater.model.errors import NotFoundByKey
from headwater.model.launch import TriggerEvent
from headwater.model.nearest import did_you_mean, nearest

#: `headwater.Run`, which stands on top of this file.
RunType = TypeVar("RunType")


class MetaflowEvent(msgspec.Struct, frozen=True):
    """One event that a run was started by."""

    #: As it was published; `run.finished` for a run that finished.
    name: str
    id: str
    #: When it was published, in local time.
    timestamp: datetime
    #: `event`: somebody published it; `run`: a run finished.
    type: Literal["event", "run"]
    #: Its fields.
    payload: Mapping[str, object] = {}


class Trigger(Generic[RunType]):
    """The events that a run was started by: `trigger.event`, `trigger["sales.loaded"]`, `for event in trigger`."""

    def __init__(self, events: Sequence[TriggerEvent], find_run: Callable[[str], RunType]) -> None:
        """Show these events.

        Args:
            events: at least one.
            find_run: gives a run by its path.
        """
        self._events = tuple(events)
        self._find_run = find_run

    @property
    def event(self) -> MetaflowEvent:
        """The event; the first one when there are several."""
        return _shown(self._events[0])

    @property
    def events(self) -> list[MetaflowEvent]:
        """All events."""
        return [_shown(event) for event in self._events]

    @property
    def run(self) -> RunType | None:
        """The run that finished, the first one when there are several; None when other events were waited for."""
        runs = self.runs
        return runs[0] if runs else None

    @property
    def runs(self) -> list[RunType] | None:
        """The runs that finished; None when other events were waited for."""
        paths = [event.run for event in self._events if event.type == "run" and event.run is not None]
        return [self._find_run(path) for path in paths] or None

    def __getitem__(self, name: str) -> MetaflowEvent | RunType:
        """Give the event with this name, or the finished run of the flow with this name.

        Raises:
            NotFoundByKey: there is none.
        """
        for event in self._events:
            if _name(event) == name:
                return self._one(event)
        names = list(dict.fromkeys(_name(event) for event in self._events))
        raise NotFoundByKey(
            f"the run was not started by `{name}`",
            choices=nearest(name, names) or names,
            hint=did_you_mean(name, names, what="It was started by"),
        )

    def __contains__(self, name: object) -> bool:
        return any(_name(event) == name for event in self._events)

    def __iter__(self) -> Iterator[MetaflowEvent | RunType]:
        """Yield what started it: runs that finished as runs, everything else as events."""
        return (self._one(event) for event in self._events)

    def __len__(self) -> int:
        return len(self._events)

    def __repr__(self) -> str:
        return f"Trigger({', '.join(_name(event) for event in self._events)})"

    def _one(self, event: TriggerEvent) -> MetaflowEvent | RunType:
        if event.type == "run" and event.run is not None:
            return self._find_run(event.run)
        return _shown(event)


def _name(event: TriggerEvent) -> str:
    """What it is called: the flow of a run that finished, else the event's name."""
    if event.type == "run" and event.run is not None:
        return event.run.partition("/")[0]
    return event.name


def _shown(event: TriggerEvent) -> MetaflowEvent:
    payload = {name: msgspec.json.decode(value) for name, value in event.payload.items()}
    return MetaflowEvent(event.name, event.id, local_time(event.at), event.type, payload)
