"""What people want to be told, decided from facts alone."""

from datetime import UTC, datetime

import pytest

from headwater.model.alert import Alert, Delivery
from headwater.model.launch import Firing
from headwater.model.production import AlertRule, RunPolicy
from headwater.production.alerts.causes import failure_cause, missed_cause
from headwater.production.alerts.delivery import PAUSES, after_try, due, is_given_up
from headwater.production.alerts.rules import (
    breaches,
    is_wanted,
    last_deadline,
    missed_outage,
    next_deadline,
    next_retry_keys,
)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def shown(instant):
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("by", "zone", "now", "expected", "before"),
    [
        ("08:00", "UTC", "2025-03-01T07:59", "2025-02-28T08:00", "2025-02-27T08:00"),
        ("08:00", "UTC", "2025-03-01T08:00", "2025-03-01T08:00", "2025-02-28T08:00"),
        ("08:00", "Europe/Berlin", "2025-03-30T06:00", "2025-03-30T06:00", "2025-03-29T07:00"),
        # clocks skip this time: it is over when they have
        ("02:30", "Europe/Berlin", "2025-03-30T05:00", "2025-03-30T01:00", "2025-03-29T01:30"),
        # clocks show it twice: the first counts
        ("02:30", "Europe/Berlin", "2025-10-26T05:00", "2025-10-26T00:30", "2025-10-25T00:30"),
        ("23:30", "America/New_York", "2025-03-01T04:29", "2025-02-28T04:30", "2025-02-27T04:30"),
        ("00:10", "Pacific/Auckland", "2025-02-28T11:10", "2025-02-28T11:10", "2025-02-27T11:10"),
    ],
)
def test_the_deadline_that_passed_last_and_the_one_before_it(by, zone, now, expected, before):
    found = last_deadline(AlertRule("late", by=by, timezone=zone), at(now))

    assert (shown(found.at), shown(found.before)) == (expected, before)


def test_the_next_deadline_is_later_than_now():
    rule = AlertRule("late", by="08:00")

    assert shown(next_deadline(rule, at("2025-03-01T08:00"))) == "2025-03-02T08:00"
    assert shown(next_deadline(rule, at("2025-03-01T07:59"))) == "2025-03-01T08:00"


@pytest.mark.parametrize(
    ("key", "retries", "expected"),
    [
        ("Churn@production/schedule:daily@2025", 0, []),
        ("Churn@production/schedule:daily@2025", 2, ["Churn/17/retry:1"]),
        ("Churn/16/retry:1", 2, ["Churn/16/retry:2", "Churn/17/retry:2"]),
        ("Churn/16/retry:2", 2, []),
    ],
)
def test_the_next_try_of_a_whole_run(key, retries, expected):
    assert next_retry_keys("Churn/17", key, RunPolicy(retries=retries)) == expected


def test_production_is_told_of_unasked_and_others_when_a_rule_says_so():
    assert is_wanted("failure", (), is_production=True)
    assert not is_wanted("failure", (AlertRule("missed"),), is_production=False)
    assert is_wanted("missed", (AlertRule("missed"),), is_production=False)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.7, None),
        (0.9, None),
        (0.699, "is 0.699, below 0.7"),
        (0.91, "is 0.91, above 0.9"),
        (True, "is True, which is no number"),
        (float("-inf"), "is -inf, below 0.7"),
        (float("nan"), "is nan, below 0.7"),
    ],
)
def test_the_bounds_of_a_metric_are_within_them(value, told):
    found = breaches([AlertRule("metric", metric="f1", below=0.7, above=0.9)], {"f1": value})

    assert [one.told for one in found] == ([] if told is None else [told])


def test_an_outage_goes_back_to_the_last_slot_that_was_not_missed():
    verdicts = {1: "missed", 2: "started", 3: "missed", 4: "missed", 5: "skipped"}
    firings = [Firing(str(slot), "Churn", "schedule:d", 9.0, verdict, slot) for slot, verdict in verdicts.items()]
    found = missed_outage(reversed(firings))

    assert (found.first, found.last, found.count) == (3, 4, 2)
    assert missed_outage(firings[1:2]) is None


def test_causes_can_be_typed_without_quotes():
    cause = failure_cause("Churn@production", None, "train", "Key Error'$(rm)", "my dir/churn.py:4")

    assert cause == "Churn@production/failure/0/train:Key-Error-rm:my-dir-churn.py:4"
    assert missed_cause("Churn@production", "schedule:0 6 * * *", 0.0) == (
        "Churn@production/missed/schedule:0-6-_-_-_/1970-01-01T00:00:00Z"
    )


def test_a_channel_is_tried_again_with_longer_pauses_and_then_given_up():
    alert = Alert("cause", "failure", 0.0, "Churn", "title", "text", waiting={"webhook:a": 0.0, "webhook:b": 0.0})
    now, pauses = 0.0, []
    while "webhook:a" in due(alert, now):
        alert = after_try(alert, Delivery("webhook:a", now, is_delivered=False))
        if "webhook:a" in alert.waiting:
            pauses.append(alert.waiting["webhook:a"] - now)
            assert due(alert, alert.waiting["webhook:a"] - 1) == ["webhook:b"]
            now = alert.waiting["webhook:a"]

    assert tuple(pauses) == PAUSES
    assert is_given_up(alert, "webhook:a")
    assert not is_given_up(after_try(alert, Delivery("webhook:b", now, is_delivered=True)), "webhook:b")
