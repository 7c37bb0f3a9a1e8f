"""What is due becomes firings: each once, in the way of the deployment's policy."""

import pytest

from headwater.model.launch import Trigger
from headwater.model.production import RunPolicy, Schedule
from headwater.production.backfill import Backfill
from headwater.production.listening import Heard
from headwater.production.missed import SlotDecision
from headwater.production.timetable import DueSlots, Timetable
from headwater.production.triggers import TriggeredRun
from headwater.production.turn import BackfillSlots, Happened, plan_turn
from tests.production.standings import TARGET, active, deployed, standing

DAILY = Schedule("0 6 * * *", "daily", missed="latest")
ALL = Schedule("0 6 * * *", "daily", missed="all")
SLOT = 1_772_776_800.0  # 2026-03-06 06:00 UTC


def due(*slots, schedule=DAILY, target=TARGET, verdict="start", reason=""):
    return DueSlots(target, schedule, tuple(SlotDecision(slot, slot, verdict, reason) for slot in slots))


def fires(known, *dues, heard=(), backfills=()):
    return plan_turn(known, Happened(dues, heard, backfills), SLOT + 1).fires


def heard(number=1, refused="", target=TARGET):
    return Heard(target, TriggeredRun(f"{target}/event:{number}", Trigger("event"), number, refused=refused))


def verdicts(fired):
    return [(each.target, each.verdict) for each in fired]


def test_a_due_slot_starts_a_run_under_its_own_key():
    (fire,) = fires(standing(), due(SLOT))

    assert fire.key == "Churn@production/schedule:daily@2026-03-06T06:00:00Z"
    assert (fire.verdict, fire.source, fire.slot, fire.trigger.kind) == ("started", "schedule:daily", SLOT, "schedule")


def test_a_missed_slot_is_recorded_with_its_reason():
    (fire,) = fires(standing(), due(SLOT, verdict="missed", reason="3 h late"))

    assert (fire.verdict, fire.reason) == ("missed", "3 h late")


@pytest.mark.parametrize("stage", ["queued", "driven", "waiting", "interrupted"])
def test_a_slot_is_skipped_while_a_run_has_not_ended(stage):
    (fire,) = fires(standing(active(7, stage)), due(SLOT))

    assert (fire.verdict, fire.reason) == ("skipped", "Churn/7 has not ended")


def test_two_schedules_that_are_due_together_start_one_run():
    fired = fires(standing(), due(SLOT), due(SLOT, schedule=Schedule("* * * * *", "often")))

    assert [each.verdict for each in fired] == ["started", "skipped"]


@pytest.mark.parametrize("overlap", ["queue", "allow", "cancel_previous"])
def test_other_policies_start_a_run_whatever_is_at_work(overlap):
    known = standing(active(7, "driven"), aliases=[deployed(policy=RunPolicy(overlap=overlap))])

    assert verdicts(fires(known, due(SLOT))) == [(TARGET, "started")]


def test_slots_that_are_made_up_wait_for_each_other_instead_of_being_skipped():
    fired = fires(standing(), due(SLOT, SLOT + 86400, schedule=ALL, reason="2 d late: nothing could fire"))

    assert [each.verdict for each in fired] == ["started", "started"]


def test_a_backfill_does_not_let_the_daily_slot_be_skipped():
    assert verdicts(fires(standing(active(7, "driven", kind="backfill")), due(SLOT))) == [(TARGET, "started")]


def test_an_event_is_never_skipped():
    assert verdicts(fires(standing(active(7, "driven")), heard=[heard()])) == [(TARGET, "started")]


def test_an_event_that_lacks_a_parameter_is_refused_with_the_reason():
    (fire,) = fires(standing(), heard=[heard(refused="it has no `day`")])

    assert (fire.verdict, fire.reason) == ("refused", "it has no `day`")


@pytest.mark.parametrize("state", [{"is_paused": True}, {"shadow_of": "Other@production"}])
def test_a_paused_deployment_and_a_shadow_do_not_fire_by_themselves(state):
    known = standing(aliases=[deployed(**state)])

    assert fires(known, due(SLOT), heard=[heard()]) == ()


def test_a_backfills_slots_are_started_with_its_version_and_priority():
    backfill = Backfill("Churn-1", TARGET, "Churn", 3, 0.0, SLOT, 9, 0.0, "ann", schedule=DAILY)

    (fire,) = fires(standing(active(7, "driven")), backfills=[BackfillSlots(backfill, (SLOT,))])

    assert fire.key == "Churn@production/backfill:Churn-1@2026-03-06T06:00:00Z"
    assert (fire.verdict, fire.number, fire.priority, fire.trigger.kind) == ("started", 3, -10, "backfill")


def test_a_shadow_runs_beside_what_it_shadows():
    known = standing(aliases=[deployed(), deployed("Churn@shadow.2", shadow_of=TARGET)])

    first, second = fires(known, due(SLOT))

    assert second.target == "Churn@shadow.2"
    assert second.key == f"Churn@shadow.2/shadow:{first.key}"
    assert (second.verdict, second.source, second.slot) == ("started", "shadow", SLOT)
    assert (second.trigger.kind, second.trigger.source) == ("shadow", first.key)


def test_a_shadow_does_not_run_beside_a_slot_that_was_skipped_nor_beside_a_backfill():
    aliases = [deployed(), deployed("Churn@shadow.2", shadow_of=TARGET)]
    backfill = Backfill("Churn-1", TARGET, "Churn", 1, 0.0, SLOT, 9, 0.0, "ann", schedule=DAILY)

    assert verdicts(fires(standing(active(7, "driven"), aliases=aliases), due(SLOT))) == [(TARGET, "skipped")]
    fired = fires(standing(aliases=aliases), backfills=[BackfillSlots(backfill, (SLOT,))])
    assert verdicts(fired) == [(TARGET, "started")]


def test_a_slow_shadow_is_skipped_and_one_that_is_over_does_not_run():
    shadow = "Churn@shadow.2"
    known = standing(active(7, "driven", target=shadow), aliases=[deployed(), deployed(shadow, shadow_of=TARGET)])

    assert verdicts(fires(known, due(SLOT))) == [(TARGET, "started"), (shadow, "skipped")]
    known.over.add(shadow)
    assert verdicts(fires(known, due(SLOT))) == [(TARGET, "started")]


def test_the_same_is_decided_for_the_same():
    known = standing(active(7, "driven", kind="backfill"))
    happened = Happened([due(SLOT)], [heard()], [])

    assert plan_turn(known, happened, SLOT) == plan_turn(known, happened, SLOT)


class TestTimetable:
    def test_gives_only_what_is_due_and_knows_when_the_next_one_is(self):
        table = Timetable()
        table.put("A@production", (Schedule("0 6 * * *"),), {"0 6 * * *": SLOT - 1})
        table.put("B@production", (Schedule("0 7 * * *"),), {"0 7 * * *": SLOT - 1})

        assert table.next_at() == SLOT
        assert table.due(SLOT - 0.5) == []
        assert [each.target for each in table.due(SLOT)] == ["A@production"]

    def test_goes_on_behind_a_slot_that_is_recorded_and_repeats_one_that_is_not(self):
        table = Timetable()
        table.put(TARGET, (DAILY,), {"daily": SLOT - 1})

        assert len(table.due(SLOT)) == 1
        assert len(table.due(SLOT)) == 1
        table.passed(TARGET, "daily", SLOT)
        assert table.due(SLOT) == []
        assert table.next_at() == SLOT + 86400

    def test_forgets_a_schedule_that_was_replaced(self):
        table = Timetable()
        table.put(TARGET, (DAILY,), {"daily": SLOT - 1})
        table.put(TARGET, (Schedule("0 7 * * *", "daily"),), {"daily": SLOT - 1})

        assert table.due(SLOT) == []
        table.put(TARGET, (), {})
        assert table.next_at() is None

    def test_a_schedule_that_has_ended_is_never_due(self):
        table = Timetable()
        table.put(TARGET, (Schedule("0 6 * * *", "daily", ends_at=SLOT - 10),), {"daily": SLOT - 1})

        assert table.next_at() is None
