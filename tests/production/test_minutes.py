"""A clock turned by hand, minute by minute through changes of clocks, and schedulers that die at any of them."""

import random
from datetime import UTC, datetime

import pytest

from headwater.model.production import Schedule
from headwater.production.simulate import clock_changes
from headwater.production.timetable import Timetable
from tests.production import slot_oracle

TARGET = "Churn@production"
FIRST = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
LAST = datetime(2029, 1, 1, tzinfo=UTC).timestamp()
DAY = 86400


class Ledger:
    """Keeps the first record of each slot; the last one tells where a schedule goes on."""

    def __init__(self, begin):
        self.begin = begin
        self.records = {expression: {} for expression in slot_oracle.EXPRESSIONS}

    def record(self, due):
        for each in due:
            for decision in each.decisions:
                self.records[each.schedule.cron].setdefault(decision.slot, decision.verdict)

    def since(self):
        return {expression: max(slots, default=self.begin) for expression, slots in self.records.items()}


def new_timetable(ledger, zone):
    table = Timetable()
    schedules = [Schedule(expression, timezone=zone, missed="none") for expression in slot_oracle.EXPRESSIONS]
    table.put(TARGET, schedules, ledger.since())
    return table


def live_through(zone, begin, days, seed):
    """Let two schedulers look each minute, of which one dies now and then, before or after it has recorded."""
    draw = random.Random(seed)
    ledger = Ledger(begin)
    tables = [new_timetable(ledger, zone) for _ in range(2)]
    for now in range(begin, begin + days * DAY + 1, 60):
        number = draw.randrange(2)
        due = tables[number].due(now)
        fate = draw.random()
        if fate < 0.05 and due:  # died before the record: the next one comes at once
            tables[number] = new_timetable(ledger, zone)
            due = tables[number].due(now)
        ledger.record(due)
        if fate > 0.95:  # died after the record, or has never heard of what the other one did
            tables[number] = new_timetable(ledger, zone)
            continue
        for each in due:
            for table in tables:
                table.passed(TARGET, each.schedule.cron, each.decisions[-1].slot)

    minutes = list(slot_oracle.walk(zone, begin, begin + days * DAY))
    for expression, found in ledger.records.items():
        assert sorted(found) == slot_oracle.slots(expression, minutes), (zone, expression, begin)
        assert set(found.values()) <= {"start"}, (zone, expression, begin)


def weeks_of_changes(zone):
    """The days around every change of a zone's clocks in five years, and around each 29 February and new year."""
    ordinary = [datetime(2024, 2, 29), datetime(2028, 2, 29), *(datetime(year, 1, 1) for year in range(2025, 2029))]
    days = [change.at for change in clock_changes(zone, FIRST, LAST)]
    days += [day.replace(tzinfo=UTC).timestamp() for day in ordinary]
    return [int(day) // DAY * DAY - DAY for day in sorted(days)]


@pytest.mark.parametrize("number", range(len(slot_oracle.ZONES)))
def test_each_slot_is_recorded_once_through_a_change_of_clocks(number):
    zone = slot_oracle.ZONES[number]
    draw = random.Random(number)

    live_through(zone, draw.choice(weeks_of_changes(zone)), 2, number)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("zone", slot_oracle.ZONES)
def test_each_slot_is_recorded_once_through_every_change_of_five_years(zone):
    for seed, begin in enumerate(weeks_of_changes(zone)):
        live_through(zone, begin, 4, seed)
