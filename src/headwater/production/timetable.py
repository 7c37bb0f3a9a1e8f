"""All schedules of all deployments, in the order in which they are due: those that are not cost nothing."""

import heapq
from collections.abc import Mapping, Sequence

import msgspec

from headwater.model.production import Schedule
from headwater.production.missed import SlotDecision, decide_slots
from headwater.production.slots import fires_at, next_slot

#: A schedule that was due and gave nothing is looked at again after so many seconds.
_LOOK_AGAIN = 1.0


class DueSlots(msgspec.Struct, frozen=True):
    """Slots of one schedule that are due, oldest first."""

    target: str
    schedule: Schedule
    decisions: tuple[SlotDecision, ...]

    @property
    def source(self) -> str:
        """`schedule:<name>`."""
        return source_of(self.schedule)


class _Line:
    """One schedule of one target."""

    def __init__(self, target: str, schedule: Schedule, since: float) -> None:
        self.target = target
        self.schedule = schedule
        self.since = since
        self.fires_at = self.next()

    def next(self) -> float | None:
        slot = next_slot(self.schedule, self.since)
        return None if slot is None else fires_at(self.schedule, self.target, slot)


class Timetable:
    """Says which slots are due, and when the next one is."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[str, _Line]] = {}
        #: (due, number, line); a line that was replaced or moved on leaves its entry behind, which counts for nothing.
        self._heap: list[tuple[float, int, _Line]] = []
        self._count = 0

    def put(self, target: str, schedules: Sequence[Schedule], since: Mapping[str, float]) -> None:
        """Take the schedules of a target instead of those it had.

        Args:
            target: the alias.
            schedules: its schedules; none = it fires no more.
            since: name -> slot behind which it counts.
        """
        lines = {}
        for schedule in schedules:
            name = schedule.key
            line = _Line(target, schedule, since[name])
            lines[name] = line
            self._push(line)
        self._lines[target] = lines

    def next_at(self) -> float | None:
        """Give when the next slot is due; None when nothing ever is."""
        while self._heap and not self._counts(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> list[DueSlots]:
        """Give what is due, soonest first. Whoever has recorded it says so with `passed`."""
        found = []
        again = []
        while (at := self.next_at()) is not None and at <= now:
            line = heapq.heappop(self._heap)[2]
            decisions = decide_slots(line.schedule, line.target, line.since, now)
            if decisions:
                found.append(DueSlots(line.target, line.schedule, tuple(decisions)))
            else:
                line.fires_at = now + _LOOK_AGAIN
            again.append(line)
        for line in again:
            self._push(line)
        return found

    def passed(self, target: str, name: str, slot: float) -> None:
        """Go on behind a slot that is recorded."""
        line = self._lines.get(target, {}).get(name)
        if line is not None and slot > line.since:
            line.since = slot
            line.fires_at = line.next()
            self._push(line)

    def _push(self, line: _Line) -> None:
        if line.fires_at is not None:
            self._count += 1
            heapq.heappush(self._heap, (line.fires_at, self._count, line))

    def _counts(self, entry: tuple[float, int, _Line]) -> bool:
        at, _, line = entry
        return line.fires_at == at and self._lines.get(line.target, {}).get(line.schedule.key) is line


def source_of(schedule: Schedule) -> str:
    """Give the source of a schedule's firings: `schedule:<name>`."""
    return f"schedule:{schedule.key}"
