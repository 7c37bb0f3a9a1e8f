"""The whole way: something happens to a deployment, somebody hears of it, once."""

import json
import os
import threading

import msgspec
import pytest

from headwater.model.alert import Alert
from headwater.model.events import GateReached
from headwater.model.production import AlertRule, RunPolicy, Schedule
from headwater.production.alerts.channel_book import add_channel, remove_channel
from headwater.production.alerts.channels import Webhook
from headwater.production.retries import next_retry
from tests.production.alert_servers import Hanging, Web, serving
from tests.production.alert_story import BEGIN, DAY, HOUR, Story

DAILY = Schedule("0 6 * * *", name="daily")


@pytest.fixture
def story(tmp_path):
    story = Story(tmp_path / "home")
    yield story
    story.home.close()


@pytest.fixture
def web(story):
    web = Web()
    with serving(web) as server:
        add_channel(story.home.path, Webhook("team", f"http://127.0.0.1:{server.port}/hook"))
        yield web


@pytest.fixture
def look(story):
    """Let the alerter look at everything, and let what it sends arrive."""
    alerters = []

    def look(seconds=10.0):
        if not alerters:
            alerters.append(story.alerter())
        story.tick(seconds)
        alerters[0].turn()
        alerters[0].settle(10)
        while alerters[0].is_sending_more(story.now):
            alerters[0].turn()
            alerters[0].settle(10)

    yield look
    for alerter in alerters:
        alerter.close()


def said(web):
    """Titles that arrived."""
    return [json.loads(body)["text"].split("*")[1] for body in web.bodies]


def test_a_failed_run_of_production_is_told_with_step_line_and_error(story, web, look):
    story.deploy()
    story.good()
    run = story.bad()
    look()

    assert said(web) == ["Churn@production failed at train (churn.py:41): KeyError: 'amount'"]
    alert = story.only("failure")
    assert (run.path, "train", {}) == (alert.run, alert.step, alert.waiting)
    assert [(one.channel, one.is_delivered) for one in alert.deliveries] == [("webhook:team", True)]
    assert 'total = rows["amount"].sum()' in alert.text
    assert "headwater debug Churn/2/train/2" in alert.text
    assert "headwater resume Churn/2" in alert.text


def test_what_is_damaged_is_not_tried_again_and_told_at_once(story, web, look):
    policy = RunPolicy(retries=1, minutes_between_retries=5)
    story.deploy(policy=policy)
    run = story.run().finish("failed", cause="damaged_input", message="the package is damaged: churn.py")
    look()

    assert said(web) == ["Churn@production failed: the package is damaged: churn.py"]
    flow, _, label = run.path.partition("/")
    row = story.ledger.find_run(flow, int(label))
    assert next_retry(row, policy) is None
    assert next_retry(msgspec.structs.replace(row, cause="exception"), policy) is not None


def test_the_same_failure_is_counted_and_not_told_again(story, web, look):
    story.deploy()
    for _ in range(3):
        last = story.bad()
        look()

    assert len(web.bodies) == 1
    alert = story.only("failure")
    assert (3, last.path) == (alert.count, alert.last_run)


def test_another_line_or_error_is_another_cause(story, web, look):
    story.deploy()
    story.bad()
    story.bad(line=42)
    story.bad(error="ValueError", message="no rows")
    look()

    assert len(web.bodies) == 3


def test_many_alerts_at_once_come_as_one_message(story, web, look):
    story.deploy()
    for line in range(9):
        story.bad(line=line)
    look()

    assert said(web) == ["9 alerts: Churn@production failed at train (churn.py:0): KeyError: 'amount'"]
    assert json.loads(web.bodies[0])["text"].count("Churn@production failed at train") == 10
    assert [[one.is_delivered for one in alert.deliveries] for alert in story.alerts.newest(99)] == [[True]] * 9


def test_the_first_success_after_a_failure_is_told_and_ends_the_cause(story, web, look):
    story.deploy()
    story.bad()
    story.bad()
    story.good()
    story.good()
    story.bad()
    look()

    assert story.kinds() == ["failure", "recovery", "failure"]
    assert said(web)[1] == "Churn@production recovered: Churn/3 succeeded"
    assert "2 runs failed" in story.only("recovery").text


def test_a_failure_that_a_retry_of_the_run_may_mend_is_told_only_when_that_fails_too(story, web, look):
    story.deploy(policy=RunPolicy(retries=1, minutes_between_retries=5))
    first = story.bad()
    look()
    assert story.kinds() == []

    story.bad(kind="retry", key=f"{first.path}/retry:1")
    look()
    assert story.kinds() == ["failure"]
    assert "after a retry of the whole run" in story.only("failure").text


def test_a_retry_that_goes_well_leaves_nothing_to_be_told(story, web, look):
    story.deploy(policy=RunPolicy(retries=1))
    first = story.bad()
    look()
    run = story.run(kind="retry", key=f"{first.path}/retry:1")
    for key in ("start", "train", "end"):
        run.task(key)
    run.finish()
    look(HOUR)

    assert story.kinds() == []


def test_a_failure_whose_retry_never_comes_is_told_after_all_even_by_the_next_alerter(story, web, look):
    story.deploy(policy=RunPolicy(retries=2, minutes_between_retries=5))
    story.bad()
    first = story.alerter()
    first.turn()
    first.close()
    assert story.kinds() == []

    look(8 * 60)
    assert story.kinds() == ["failure"]


def test_only_production_is_told_of_unasked(story, web, look):
    story.deploy(alias="user.ann")
    story.bad("Churn@user.ann")
    story.deploy(AlertRule("failure"), alias="test.new")
    story.bad("Churn@test.new")
    look()

    assert said(web) == ["Churn@test.new failed at train (churn.py:41): KeyError: 'amount'"]


def test_nobody_is_woken_up_for_a_shadow(story, web, look):
    story.deploy(alias="shadow.1")
    story.bad("Churn@shadow.1")
    story.deploy()
    story.bad("Churn@production", kind="shadow")
    look()

    assert story.kinds() == []


def test_a_backfill_neither_ends_nor_hides_the_failure_of_the_daily_run(story, web, look):
    story.deploy()
    story.bad()
    story.good(kind="backfill", source="b1")
    story.bad(kind="backfill", source="b1")
    story.bad()
    look()

    assert story.kinds() == ["failure", "failure"]
    assert {2, 1} == {alert.count for alert in story.alerts.newest(9)}


def test_a_cancelled_run_is_no_failure(story, web, look):
    story.deploy()
    story.run().finish("cancelled")
    look()

    assert story.kinds() == []


def test_a_metric_out_of_bounds_is_told_once_with_the_last_values(story, web, look):
    story.deploy(AlertRule("metric", metric="f1", below=0.7))
    for value in (0.9, 0.8, 0.65, 0.6):
        story.good(summary={"f1": value})
        look()

    assert said(web) == ["Churn@production: f1 is 0.65, below 0.7 (Churn/3)"]
    alert = story.only("metric")
    assert alert.count == 2
    assert [line.strip() for line in alert.text.split("\n")[1:4]] == ["Churn/3  0.65", "Churn/2  0.8", "Churn/1  0.9"]


def test_a_metric_that_left_its_bounds_again_is_told_again(story, web, look):
    story.deploy(AlertRule("metric", metric="f1", below=0.7, above=0.95))
    for value in (0.6, 0.8, 0.99):
        story.good(summary={"f1": value})
    look()

    assert said(web) == [
        "Churn@production: f1 is 0.6, below 0.7 (Churn/1)",
        "Churn@production: f1 is 0.99, above 0.95 (Churn/3)",
    ]


@pytest.mark.parametrize(
    ("summary", "told"),
    [({}, "is missing"), ({"f1": float("nan")}, "is no number"), ({"f1": "good"}, "is 'good', which is no number")],
)
def test_a_metric_that_cannot_be_judged_is_told(story, web, look, summary, told):
    story.deploy(AlertRule("metric", metric="f1", below=0.7))
    story.good(summary=summary)
    look()

    assert [f"Churn@production: f1 {told} (Churn/1)"] == said(web)


def test_the_metric_of_a_backfill_is_not_judged(story, web, look):
    story.deploy(AlertRule("metric", metric="f1", below=0.7))
    story.good(kind="backfill", source="b1", summary={"f1": 0.1})
    look()

    assert story.kinds() == []


def test_slots_missed_in_a_row_are_one_cause(story, web, look):
    story.deploy(schedules=(DAILY,))
    for day in range(3):
        story.record("missed", BEGIN + day * DAY, reason="nothing could fire")
    look()
    look()

    assert said(web) == ["Churn@production missed 3 slots of daily"]
    assert "slots from 2025-03-01 06:00:00 UTC to 2025-03-03 06:00:00 UTC" in story.only("missed").text


def test_the_next_outage_is_the_next_cause(story, web, look):
    story.deploy(schedules=(DAILY,))
    story.record("missed", BEGIN)
    look()
    story.good(slot=BEGIN + DAY)
    story.record("missed", BEGIN + 2 * DAY)
    look()

    assert story.kinds() == ["missed", "missed"]


def test_slots_that_were_skipped_on_purpose_are_not_missed(story, web, look):
    story.deploy(schedules=(DAILY,))
    story.record("skipped", BEGIN, reason="Churn/1 was at work")
    look()

    assert story.kinds() == []


def test_a_run_that_could_not_be_started_is_told(story, web, look):
    story.deploy(schedules=(DAILY,))
    story.record("refused", BEGIN, reason="no value for alpha")
    story.record("refused", BEGIN + DAY, reason="no value for alpha")
    look()

    assert said(web) == ["Churn@production was not started (schedule daily): no value for alpha"]


def test_a_deployment_without_a_success_by_its_deadline_is_late(story, web, look):
    story.deploy(AlertRule("late", by="08:00"), schedules=(DAILY,))
    story.good(slot=BEGIN)
    look(3 * HOUR)
    assert story.kinds() == []

    story.now = BEGIN + DAY + 1.9 * HOUR
    look()
    assert story.kinds() == []
    look(0.2 * HOUR)
    look(HOUR)
    assert said(web) == ["Churn@production is late: no successful run by 08:00 (UTC)"]
    assert "last good run: Churn/1" in story.only("late").text


def test_a_late_success_is_a_recovery_and_does_not_count_for_the_next_day(story, web, look):
    story.deploy(AlertRule("late", by="08:00"), schedules=(DAILY,))
    story.good(slot=BEGIN)
    story.now = BEGIN + DAY + 2.1 * HOUR
    look()
    story.good(slot=BEGIN + DAY)
    look()
    assert story.kinds() == ["late", "recovery"]

    story.now = BEGIN + 2 * DAY + 2.1 * HOUR
    look()
    assert story.kinds() == ["late", "recovery", "late"]


def test_a_day_without_a_slot_has_no_deadline(story, web, look):
    weekdays = Schedule("0 6 * * 1-5", name="weekdays")
    story.deploy(AlertRule("late", by="08:00"), schedules=(weekdays,))
    story.now = BEGIN + DAY + 3 * HOUR  # a Sunday
    look()
    assert story.kinds() == []

    story.now = BEGIN + 2 * DAY + 3 * HOUR
    look()
    assert story.kinds() == ["late"]


def test_what_was_deployed_after_the_slot_is_not_late(story, web, look):
    story.now = BEGIN + HOUR
    story.deploy(AlertRule("late", by="08:00"), schedules=(DAILY,))
    look(2 * HOUR)

    assert story.kinds() == []


def test_a_paused_deployment_is_not_late(story, web, look):
    target = story.deploy(AlertRule("late", by="08:00"), schedules=(DAILY,))
    story.change(target, change="pause", is_paused=True)
    story.now = BEGIN + DAY + 3 * HOUR
    look()

    assert story.kinds() == []


def test_a_flow_without_schedules_is_late_when_nothing_succeeded_since_the_deadline_before(story, web, look):
    story.deploy(AlertRule("late", by="08:00"))
    story.now = BEGIN + DAY
    story.good(kind="event", source="", slot=None)
    story.now = BEGIN + DAY + 3 * HOUR
    look()
    assert story.kinds() == []

    story.now = BEGIN + 2 * DAY + 3 * HOUR
    look()
    assert story.kinds() == ["late"]


def test_a_late_alert_tells_what_is_at_work_and_what_failed(story, web, look):
    story.deploy(AlertRule("late", by="08:00"), schedules=(DAILY,))
    story.now = BEGIN + DAY
    story.bad()
    running = story.run()
    story.now = BEGIN + DAY + 3 * HOUR
    look()
    running.finish("cancelled")

    text = story.only("late").text
    assert "at work: Churn/2 is running" in text
    assert "failed since: Churn/1: KeyError: 'amount'" in text


def test_a_failure_whose_details_do_not_read_is_told_all_the_same(story, web, look):
    story.deploy()
    run = story.bad()
    os.makedirs(f"{story.home.run_folder(run.run)}/2.0.log")
    look()

    assert said(web) == ["Churn@production failed: KeyError: 'amount'"]
    assert "its details do not read (IsADirectoryError" in story.only("failure").text


def test_a_record_that_a_clock_set_back_made_is_seen(story, web, look):
    story.deploy(schedules=(DAILY,))
    story.record("skipped", BEGIN, at=BEGIN + 5 * HOUR)
    look()
    story.record("missed", BEGIN + DAY, at=BEGIN - DAY)
    look()

    assert story.kinds() == ["missed"]


def test_a_channel_that_never_answers_holds_up_no_other(story, web):
    story.seconds = 20.0
    hanging = Hanging()
    with serving(hanging) as server:
        add_channel(story.home.path, Webhook("dead", f"http://127.0.0.1:{server.port}/hook"))
        story.deploy()
        alerter = story.alerter()
        for count in (1, 2):
            story.bad(line=count)
            turn_until(alerter, lambda count=count: len(web.bodies) == count)

        assert (server.connections, hanging.left) == (1, 0)
        assert "webhook:dead" not in [one.channel for one in story.alerts.newest(1)[0].deliveries]
    alerter.close()


def turn_until(alerter, is_true):
    pause = threading.Event()
    for _ in range(400):
        alerter.turn()
        if is_true():
            return
        pause.wait(0.02)
    raise AssertionError("it never came")


def test_delivery_is_tried_again_later_and_given_up_in_the_end(story, look):
    with serving(Web(b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nbusy")) as server:
        add_channel(story.home.path, Webhook("team", f"http://127.0.0.1:{server.port}/hook"))
        story.deploy()
        story.bad()
        look()
        assert server.connections == 1
        look(29)
        assert server.connections == 1
        for pause in (30, 120, 480, 1200, 5000):
            look(pause)

        alert = story.only("failure")
        assert 5 == server.connections == len(alert.deliveries)
        assert (alert.waiting, alert.deliveries[0].message) == ({}, "127.0.0.1 answered 500: busy")


def test_what_was_not_delivered_is_delivered_by_the_next_alerter(story):
    story.deploy()
    story.bad()
    add_channel(story.home.path, Webhook("team", "http://127.0.0.1:1/hook"))
    first = story.alerter()
    first.turn()
    first.settle(10)
    first.close()
    web = Web()
    with serving(web) as server:
        story.home.ledger.close()
        remove_channel(story.home.path, "team")
        add_channel(story.home.path, Webhook("team", f"http://127.0.0.1:{server.port}/hook"))
        again = Story(story.home.path)
        again.now = story.now + 60
        second = again.alerter()
        second.turn()
        second.settle(10)

        assert len(web.bodies) == 1
        assert [one.is_delivered for one in again.only("failure").deliveries] == [False, True]
        second.close()
        again.home.close()


def test_an_alert_does_not_wait_for_a_channel_that_was_removed(story, look):
    add_channel(story.home.path, Webhook("team", "http://127.0.0.1:1/hook"))
    story.deploy()
    story.bad()
    look()
    remove_channel(story.home.path, "team")
    look(60)

    assert (story.only("failure").waiting, story.only("failure").deliveries[-1].message) == ({}, "the channel is gone")


def test_while_channels_do_not_read_they_are_as_they_were(story, web, look):
    story.deploy()
    look()
    with open(f"{story.home.path}/alerts.json", "w") as file:
        file.write("oops")
    story.bad()
    look()

    assert len(web.bodies) == 1


def test_an_alert_waits_while_its_channel_does_not_read(story, web):
    story.alerts.keep(Alert("cause", "test", BEGIN, "", "title", "", waiting={"webhook:team": BEGIN}))
    path = f"{story.home.path}/alerts.json"
    os.rename(path, f"{path}.whole")
    with open(path, "w") as file:
        file.write("oops")
    alerter = story.alerter()
    alerter.turn()
    assert list(story.only("test").waiting) == ["webhook:team"]

    os.rename(f"{path}.whole", path)
    alerter.turn()
    alerter.settle(10)
    alerter.close()
    assert said(web) == ["title"]


def test_a_variable_that_does_not_read_silences_no_other_channel(story, web):
    story.deploy()
    story.bad()
    alerter = story.alerter(HEADWATER_ALERT_EMAIL="nonsense")
    alerter.turn()
    alerter.settle(10)
    alerter.close()

    assert len(web.bodies) == 1


def test_without_channels_alerts_are_recorded_all_the_same(story, look):
    story.deploy()
    story.bad()
    look()

    assert story.kinds() == ["failure"]


def test_a_channel_of_the_environment_is_told_too(story):
    web = Web()
    with serving(web) as server:
        story.deploy()
        story.bad()
        alerter = story.alerter(HEADWATER_ALERT_WEBHOOK=f"http://127.0.0.1:{server.port}/hook")
        alerter.turn()
        alerter.settle(10)
        alerter.close()

        assert len(web.bodies) == 1
        assert story.only("failure").deliveries[0].channel == "webhook:environment"


def test_a_run_that_waits_for_an_approval_is_told_with_the_way_to_answer(story, web, look):
    story.deploy()
    run = story.run()
    run.task("start")
    run.add(GateReached(story.tick(), "train", "train", "deployer", story.now + DAY))
    run.lease.release()
    look()
    look()

    assert said(web) == ["Churn@production waits for approval of train (Churn/1)"]
    assert "headwater approve Churn/1/train" in story.only("approval").text


def test_a_move_that_waits_for_an_approval_is_told(story, web, look):
    story.deploy()
    story.ask_for_move()
    look()
    look()

    assert said(web) == ["Churn@production waits for approval of deployment 2, asked for by bo"]
    assert "headwater approve Churn@production" in story.only("approval").text
