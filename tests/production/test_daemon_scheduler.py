"""The scheduler on a real ledger: what it records, whom it has driven, what it makes of what others write."""

import msgspec
import pytest

from headwater.deployments.aliases import Aliases
from headwater.model.errors import DiskFull
from headwater.model.events import Cancel
from headwater.model.graph import ParameterSpec
from headwater.model.launch import PublishedEvent
from headwater.model.production import EventTrigger, FinishTrigger, RunPolicy, Schedule, Triggers
from headwater.production import scheduler as scheduler_module
from headwater.production.backfill import Backfill, backfill_record
from headwater.production.knowledge import CURSOR
from headwater.production.standing import Pools
from tests.production.daemon_scene import firings, rows
from tests.production.hand_world import BEGIN, HOUR, HandScene
from tests.production.standings import TARGET, deployed

HOURLY = Schedule("0 * * * *", "hourly")
SHADOW = "Churn@shadow.2"


@pytest.fixture
def scene(tmp_path):
    made = HandScene(tmp_path)
    yield made
    made.close()


def on_event(*names, parameters=None):
    return (Triggers(tuple(EventTrigger(name, parameters) for name in names)),)


def publish(scene, ident, name, **payload):
    raw = {key: msgspec.Raw(msgspec.json.encode(value)) for key, value in payload.items()}
    scene.ledger.publish(PublishedEvent(ident, name, scene.clock.time, raw, "test"))


def test_a_deployment_that_comes_while_it_runs_fires_from_then_on(scene):
    scene.clock.time += 3 * HOUR
    scene.turn()
    scene.deploy(deployed(schedules=(HOURLY,)))

    scene.turn(HOUR)

    assert scene.fired() == [("schedule:hourly", "started", "Churn/1")]
    assert scene.driven() == ["Churn/1"]


def test_the_next_slot_is_known_without_looking_again(scene):
    scene.deploy(deployed(schedules=(HOURLY,)))
    scene.turn()

    assert scene.scheduler.take_turn() == BEGIN + HOUR


def test_a_slot_is_skipped_while_the_run_before_it_works_and_started_when_it_has_ended(scene):
    scene.deploy(deployed(schedules=(HOURLY,)))
    scene.turn(HOUR)
    scene.turn(HOUR)
    scene.end("Churn/1")
    scene.turn(HOUR)

    verdicts = [(each.verdict, each.reason) for each in firings(scene.home)]
    assert verdicts == [("started", ""), ("skipped", "Churn/1 has not ended"), ("started", "")]
    assert "Churn/1 succeeded" in scene.log()


def test_a_scheduler_that_starts_again_repeats_nothing_and_forgets_nothing(scene):
    scene.deploy(deployed(schedules=(HOURLY,), policy=RunPolicy(overlap="queue")))
    scene.turn(HOUR)
    scene.turn(HOUR)
    scene.begin()

    scene.turn()
    assert scene.driven() == ["Churn/1"]
    scene.end("Churn/1")
    scene.turn()

    assert scene.driven() == ["Churn/2"]
    assert len(scene.fired()) == 2


def test_an_event_starts_a_run_with_its_values_and_is_heard_once(scene):
    made = deployed(triggers=on_event("data", parameters={"day": "date"}))
    graph = msgspec.structs.replace(made.deployment.graph, parameters=(ParameterSpec("day", "day"),))
    made = msgspec.structs.replace(made, deployment=msgspec.structs.replace(made.deployment, graph=graph))
    scene.deploy(made)
    publish(scene, "e1", "data", date="2026-03-06")
    publish(scene, "e1", "data", date="2026-03-07")
    scene.turn()
    scene.begin()
    scene.turn()

    (row,) = rows(scene.home)
    assert row.launch.idempotency_key == f"{TARGET}/event:e1"
    assert scene.home.artifacts.load(row.parameters["day"]) == "2026-03-06"
    assert [event.id for event in row.launch.trigger.events] == ["e1"]


def test_an_event_that_cannot_start_a_run_is_refused_with_the_reason_and_stops_nobody(scene):
    made = deployed(triggers=on_event("data", parameters={"day": "date"}))
    scene.deploy(made)
    scene.deploy(deployed("Other@production", triggers=on_event("data")))
    publish(scene, "e1", "data", day="x")

    scene.turn()

    refused, started = sorted(firings(scene.home), key=lambda each: each.verdict)
    assert (refused.target, refused.verdict) == (TARGET, "refused")
    assert "has no `date` for the parameter `day`" in refused.reason
    assert (started.target, started.verdict) == ("Other@production", "started")


def test_a_value_that_does_not_convert_is_refused_with_the_reason(scene):
    made = deployed(triggers=on_event("data", parameters={"day": "date"}))
    graph = msgspec.structs.replace(made.deployment.graph, parameters=(ParameterSpec("day", "day", "int"),))
    scene.deploy(msgspec.structs.replace(made, deployment=msgspec.structs.replace(made.deployment, graph=graph)))
    publish(scene, "e1", "data", date="monday")

    scene.turn()

    (refused,) = firings(scene.home)
    assert refused.verdict == "refused"
    assert "day" in refused.reason


def test_several_events_start_one_run_also_when_the_scheduler_dies_between_them(scene):
    scene.deploy(deployed(triggers=on_event("left", "right")))
    publish(scene, "e1", "left")
    scene.turn()
    scene.begin()
    publish(scene, "e2", "right")

    scene.turn()

    assert [row.launch.idempotency_key for row in rows(scene.home)] == [f"{TARGET}/event:e1+e2"]


def test_a_run_that_succeeds_starts_the_flows_that_wait_for_it(scene):
    after = deployed("After@production", triggers=(Triggers(flows=(FinishTrigger("Churn"),)),))
    scene.deploy(after)
    scene.deploy(deployed(schedules=(HOURLY,)))
    scene.turn(HOUR)
    scene.end("Churn/1", "failed")
    scene.turn(HOUR)
    scene.end("Churn/2")
    scene.turn()

    (row,) = [row for row in rows(scene.home) if row.flow == "After"]
    assert row.launch.trigger.kind == "finish"
    assert [event.run for event in row.launch.trigger.events] == ["Churn/2"]


def test_the_cursor_moves_with_what_the_events_set_off(scene):
    scene.deploy(deployed(triggers=on_event("data")))
    publish(scene, "e1", "data")

    scene.turn()

    assert scene.ledger.cursor(CURSOR) == 1


def test_the_cursor_moves_on_past_events_that_set_nothing_off(scene):
    for number in range(210):
        publish(scene, f"e{number}", "nothing")

    scene.turn()

    assert scene.ledger.cursor(CURSOR) == 210


def test_a_backfill_runs_so_many_at_once_until_all_its_slots_have_run(scene):
    scene.deploy(deployed())
    backfill = Backfill("Churn-1", TARGET, "Churn", 1, BEGIN, BEGIN + 5 * HOUR, 5, BEGIN, "ann", every="1h", parallel=2)
    scene.ledger.write_records([backfill_record(backfill, 1)])
    scene.turn()
    assert scene.driven() == ["Churn/1", "Churn/2"]

    for number in range(1, 6):
        scene.end(f"Churn/{number}", "failed" if number == 3 else "succeeded")
        scene.turn()

    slots = [row.launch.logical_date for row in rows(scene.home)]
    assert slots == [BEGIN + number * HOUR for number in range(5)]
    assert {row.launch.priority for row in rows(scene.home)} == {-10}


def test_a_cancelled_backfill_starts_no_more(scene):
    scene.deploy(deployed())
    backfill = Backfill("Churn-1", TARGET, "Churn", 1, BEGIN, BEGIN + 5 * HOUR, 5, BEGIN, "ann", every="1h")
    scene.ledger.write_records([backfill_record(backfill, 1)])
    scene.turn()
    cancelled = msgspec.structs.replace(backfill, cancelled_at=BEGIN, cancelled_by="ann")
    scene.ledger.write_records([backfill_record(cancelled, 2)])

    scene.end("Churn/1")
    scene.turn()

    assert len(rows(scene.home)) == 1


def test_the_newest_run_takes_the_place_of_what_is_at_work_and_of_what_waits(scene):
    scene.deploy(deployed(schedules=(HOURLY,), policy=RunPolicy(overlap="cancel_previous")))
    scene.turn(HOUR)
    scene.turn(HOUR)
    scene.turn(HOUR)

    first, second, _ = rows(scene.home)
    assert scene.driven() == ["Churn/1"]
    assert (second.status, second.message) == ("cancelled", "Churn/3 takes its place")
    reasons = [request.reason for _, request in scene.ledger.requests(first.run) if isinstance(request, Cancel)]
    assert reasons == ["Churn/2 takes its place"]
    scene.end("Churn/1", "cancelled")
    scene.turn()
    assert scene.driven() == ["Churn/3"]


def test_what_waits_in_the_queue_of_a_deleted_deployment_is_cancelled(scene):
    scene.deploy(deployed(schedules=(HOURLY,), policy=RunPolicy(overlap="queue")))
    scene.turn(HOUR)
    scene.turn(HOUR)
    aliases = Aliases(scene.ledger)
    aliases.change(aliases.require(TARGET), change="delete", user="ann", at=scene.clock.time, deployment=None)

    scene.turn()

    assert scene.statuses()["Churn/2"] == "cancelled"
    assert scene.driven() == ["Churn/1"]


def test_a_paused_deployment_begins_nothing_and_goes_on_when_it_is_unpaused(scene):
    scene.deploy(deployed(schedules=(HOURLY,), policy=RunPolicy(overlap="queue")))
    scene.turn(HOUR)
    scene.turn(HOUR)
    aliases = Aliases(scene.ledger)
    paused = aliases.change(aliases.require(TARGET), change="pause", user="ann", at=scene.clock.time, is_paused=True)
    scene.end("Churn/1")
    scene.turn(HOUR)
    assert scene.driven() == []
    assert len(scene.fired()) == 2

    since = {"hourly": scene.clock.time}
    aliases.change(paused, change="unpause", user="ann", at=scene.clock.time, is_paused=False, schedules_since=since)
    scene.turn()
    assert scene.driven() == ["Churn/2"]


def test_a_shadow_runs_beside_production_as_often_as_it_was_to(scene):
    scene.deploy(deployed(schedules=(HOURLY,)))
    scene.deploy(deployed(SHADOW, shadow_of=TARGET), number=2, shadow_runs=2)
    for _ in range(3):
        scene.turn(HOUR)
        for path in scene.driven():
            scene.end(path)
        scene.turn()

    slots = [row.launch.logical_date for row in rows(scene.home) if row.launch.target == SHADOW]
    assert slots == [BEGIN + HOUR, BEGIN + 2 * HOUR]
    assert len([row for row in rows(scene.home) if row.launch.target == TARGET]) == 3


def test_a_driver_that_dies_is_followed_by_another_after_longer_and_longer_pauses(scene):
    scene.deploy(deployed(schedules=(HOURLY,)))
    scene.turn(HOUR)
    (run,) = scene.drivers.asked
    scene.drivers.die(run)
    scene.turn()
    assert scene.driven() == ["Churn/1"]

    scene.drivers.die(run)
    scene.turn()
    assert scene.driven() == []
    scene.turn(1.5)
    assert scene.driven() == ["Churn/1"]
    assert "the driver of Churn/1 was killed by signal 9: another one in 1 s" in scene.log()


def test_one_deployment_that_cannot_fire_does_not_keep_others_from_it(scene):
    scene.deploy(deployed("Odd@production", schedules=(Schedule("0 * * * *", "odd", timezone="Nowhere/Town"),)))
    scene.deploy(deployed(schedules=(HOURLY,)))

    scene.turn(HOUR)

    assert [row.path for row in rows(scene.home)] == ["Churn/1"]
    assert "Odd@production does not fire by itself: 'Nowhere/Town' is no time zone" in scene.log()


def test_nothing_is_forgotten_when_the_ledger_could_not_be_written(scene, monkeypatch):
    scene.deploy(deployed(schedules=(HOURLY,), policy=RunPolicy(overlap="queue")))
    scene.turn()
    launch = scene.ledger.launch

    def full(*words, **more):
        raise DiskFull("/disk", 1, 0)

    monkeypatch.setattr(scene.ledger, "launch", full)
    with pytest.raises(DiskFull):
        scene.turn(HOUR)
    monkeypatch.setattr(scene.ledger, "launch", launch)
    scene.scheduler._begin_anew()
    scene.turn()

    assert scene.fired() == [("schedule:hourly", "started", "Churn/1")]


def test_runs_wait_for_a_place_in_their_pool(scene):
    scene.scheduler._pools = Pools({"default": 1}, 1)
    scene.scheduler._begin_anew()
    scene.deploy(deployed(schedules=(HOURLY,)))
    scene.deploy(deployed("Other@production", schedules=(HOURLY,)))

    scene.turn(HOUR)
    assert len(scene.driven()) == 1
    scene.end(scene.driven()[0])
    scene.turn()

    assert len(scene.driven()) == 1
    assert sorted(scene.statuses().values()) == ["queued", "succeeded"]


def test_many_slots_that_are_due_together_are_all_recorded_in_one_turn(scene):
    for number in range(250):
        scene.deploy(deployed(f"F{number}@production", schedules=(HOURLY,)))
    scene.turn()

    scene.clock.time += HOUR
    scene.scheduler.take_turn()

    assert len(rows(scene.home)) == 250
    assert scheduler_module._BATCH < 250
