"""`headwater backfill`: what it comes to, what is refused, how far it is."""

import json
import time

import pytest

from headwater.model.production import Schedule
from headwater.production.backfill import decode_backfill, next_slots
from tests.cli.deployed_flows import Deployed

#: 2025-01-01T00:00Z and 2025-01-06T00:00Z.
JANUARY, SIXTH = 1735689600.0, 1736121600.0
DAY = 86400.0
WEEK = ("Churn@production", "--from", "2025-01-01", "--to", "2025-01-06")
DAILY = Schedule("0 6 * * *", name="daily")
SIX = JANUARY + 6 * 3600


@pytest.fixture
def churn(story):
    return Deployed(story.home).deploy(DAILY)


def backfills(home):
    return [decode_backfill(record) for record in home.ledger.records("backfill")]


def test_a_dry_run_says_what_it_comes_to_and_stores_nothing(call, churn):
    said = call("backfill", *WEEK, "--dry-run")

    assert said.code == 0
    assert "5 of Churn@production, deployment 1" in said.out
    assert "first slot  2025-01-01 06:00 UTC" in said.out
    assert "last slot   2025-01-05 06:00 UTC" in said.out
    assert "unknown: Churn@production has no successful run" in said.out
    assert backfills(churn.home) == []


def test_all_that_is_wrong_with_a_backfill_is_said_at_once(call, churn):
    words = ("Nowhere@production", "--from", "01.02.2025", "--to", "later", "--every", "often", "--timezone", "Mars")
    said = call("backfill", *words, "--yes")

    assert said.code == 2
    for wrong in ("Nowhere@production", "'01.02.2025' is no date", "'later' is no date", "'often' is", "'Mars' is no"):
        assert wrong in said.err


def test_nothing_starts_when_nobody_can_be_asked(call, churn, monkeypatch):
    said = call("backfill", *WEEK)

    assert (said.code, "nobody is here to ask" in said.err, backfills(churn.home)) == (2, True, [])


def test_it_is_recorded_with_its_slots_and_deployment(call, churn):
    said = call("backfill", *WEEK, "--parallel", "4", "--alpha", "0.9", "--yes")

    assert (said.code, said.out) == (0, "started Churn-1\n")
    assert "no daemon runs on this store" in said.err
    (found,) = backfills(churn.home)
    assert (found.id, found.number, found.total, found.priority, found.user) == ("Churn-1", 1, 5, -10, "ann")
    assert bytes(found.parameters["alpha"]) == b'"0.9"'
    assert next_slots(found, None, 0) == [SIX + day * DAY for day in range(4)]


def test_it_stays_with_the_deployment_that_it_named(call, churn):
    call("backfill", *WEEK, "--yes")
    churn.deploy(Schedule("0 7 * * *", name="daily"))
    call("backfill", *WEEK, "--yes")
    call("backfill", *WEEK, "--deployment", "1", "--yes")

    assert [(one.id, one.number, one.schedule.cron) for one in backfills(churn.home)] == [
        ("Churn-1", 1, "0 6 * * *"),
        ("Churn-2", 2, "0 7 * * *"),
        ("Churn-3", 1, "0 6 * * *"),
    ]


def test_slots_with_a_successful_run_or_one_under_way_are_left_out(call, churn):
    churn.launch(SIX, took=60)
    churn.launch(SIX + DAY, took=60, end="failed")
    churn.launch(SIX + 2 * DAY)

    said = call("backfill", *WEEK, "--dry-run", "--json")

    facts = json.loads(said.out)
    assert (facts["total"], facts["left_out"]) == (3, [SIX, SIX + 2 * DAY])
    assert facts["first_slot"] == SIX + DAY
    again = json.loads(call("backfill", *WEEK, "--dry-run", "--json", "--again").out)
    assert (again["total"], again["left_out"]) == (5, [])


def test_the_time_it_takes_is_that_of_earlier_runs_of_the_deployment(call, churn):
    for number, took in enumerate([100, 600, 1100]):
        churn.launch(SIX - 100 * DAY + number * DAY, took=took)
    churn.deploy(DAILY)

    of_any = json.loads(call("backfill", *WEEK, "--dry-run", "--json", "--parallel", "2").out)
    text = call("backfill", *WEEK, "--dry-run", "--deployment", "1", "--parallel", "2").out

    assert (of_any["usual_seconds"], of_any["seconds"]) == (600, 1800)
    assert "about 30 min 0 s: runs of deployment 1 took 10 min 0 s (median of 3)" in text


def test_dates_are_midnight_on_the_clocks_of_the_schedule(call, story):
    Deployed(story.home).deploy(Schedule("0 0 * * *", timezone="Asia/Kolkata"))

    facts = json.loads(call("backfill", *WEEK, "--dry-run", "--json").out)

    assert (facts["from"], facts["first_slot"], facts["total"]) == (JANUARY - 19800, JANUARY - 19800, 5)


def test_slots_of_its_own_are_counted_in_days_of_the_zone(call, churn):
    words = ("Churn", "--from", "2025-03-29", "--to", "2025-04-01", "--every", "1d", "--timezone", "Europe/Berlin")

    facts = json.loads(call("backfill", *words, "--dry-run", "--json").out)

    assert (facts["total"], facts["last_slot"] - facts["first_slot"]) == (3, 2 * DAY - 3600)


def test_two_that_run_the_same_stretch_are_named(call, churn):
    call("backfill", *WEEK, "--yes")

    assert "beware      Churn-1 runs slots of the same stretch" in call("backfill", *WEEK, "--dry-run").out


@pytest.mark.parametrize(
    ("words", "says", "hint"),
    [
        (("Churm@production", "--from", "2025-01-01"), "nothing is deployed as Churm@production", "Churn@production"),
        (("lst", "--from", "2025-01-01"), "nothing is deployed as lst", "did you mean `headwater backfill list`?"),
        (("Churn", "--from", "2999-01-01"), "does not lie before", "--to is the first"),
        (("Churn", "--from", "2025-01-01", "--to", "2999-01-01"), "lies in the future", "the schedule"),
        (("Churn", "--from", "2025-01-02", "--to", "2025-01-02"), "does not lie before", "--to is the first"),
        (("Churn", "--from", "01.02.2025"), "--from '01.02.2025' is no date", "2025-01-31"),
        (("Churn", "--from", "0001-01-01T00:00+14:00"), "is no date", "2025-01-31"),
        ((*WEEK, "--every", "often"), "'often' is no distance", "1d"),
        ((*WEEK, "--every", "0d"), "'0d' is no distance", "1d"),
        ((*WEEK, "--every", "1d", "--timezone", "Europe/Berln"), "'Europe/Berln' is no time zone", "Europe/Berlin"),
        ((*WEEK, "--timezone", "Europe/Berlin"), "on the clocks of UTC", "--every"),
        ((*WEEK, "--alpah", "1"), "has no parameter `alpah`", "did you mean `alpha`"),
        ((*WEEK, "--alpha", "high"), "alpha", ""),
        ((*WEEK, "stray"), "what about `stray`", "--NAME VALUE"),
        ((*WEEK, "--schedule", "dayly"), "has no schedule `dayly`", "did you mean `daily`"),
        ((*WEEK, "--deployment", "7"), "has no deployment 7", "there are 1"),
        (("Churn", "--from", "2025-01-01T07:00", "--to", "2025-01-01T08:00"), "no slot lies between", "--every"),
        (("Churn", "--from", "2020-01-01", "--every", "1h"), "more than 10000 runs", "make it several"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_stored(call, churn, words, says, hint):
    said = call("backfill", *words, "--yes")

    assert said.code == 2
    assert says in said.err
    assert hint in said.err
    assert backfills(churn.home) == []


def test_a_flow_without_or_with_several_schedules_says_what_to_name(call, story):
    Deployed(story.home, "Report@production").deploy()
    Deployed(story.home).deploy(DAILY, Schedule("0 0 * * 0", name="weekly"))

    assert "--every 1d" in call("backfill", "Report", "--from", "2025-01-01", "--yes").err
    assert "`daily`, `weekly`" in call("backfill", *WEEK, "--yes").err
    assert call("backfill", *WEEK, "--schedule", "weekly", "--yes").code == 0


def test_all_slots_done_is_said(call, churn):
    for day in range(5):
        churn.launch(SIX + day * DAY, took=1)

    said = call("backfill", *WEEK, "--yes")

    assert "each of the 5 slots has a run" in said.err
    assert "--again" in said.err


def test_somebody_else_needs_the_token(call, churn, monkeypatch):
    monkeypatch.setenv("HEADWATER_USER", "bob")

    said = call("backfill", *WEEK, "--yes")

    assert (said.code, backfills(churn.home)) == (2, [])
    assert "Churn@production belongs to ann: bob cannot backfill it" in said.err
    assert call("backfill", *WEEK, "--dry-run").code == 0


@pytest.fixture
def under_way(call, churn):
    """A backfill of five slots: one run succeeded, one failed, one is queued, two are to come."""
    call("backfill", *WEEK, "--yes")
    (backfill,) = backfills(churn.home)
    facts = {"source": backfill.source, "kind": "backfill"}
    churn.launch(SIX, at=backfill.at + 1, took=5, **facts)
    churn.launch(SIX + DAY, at=backfill.at + 2, took=5, end="failed", **facts)
    churn.launch(SIX + 2 * DAY, at=backfill.at + 3, **facts)
    churn.launch(SIX + 9 * DAY, at=backfill.at + 4)
    return churn


def shown(call):
    facts = json.loads(call("backfill", "show", "Churn-1", "--json").out)
    return facts["status"], facts["counts"]


def test_it_tells_how_far_it_is(call, under_way):
    said = call("backfill", "show", "Churn-1")

    assert shown(call) == ("running", {"succeeded": 1, "failed": 1, "queued": 1, "to come": 2})
    assert "stand      1 failed, 1 queued, 1 succeeded, 2 to come" in said.out
    assert [line.split()[:4] for line in said.out.splitlines()[-3:]] == [
        ["2025-01-01", "06:00", "Churn/1", "succeeded"],
        ["2025-01-02", "06:00", "Churn/2", "failed"],
        ["2025-01-03", "06:00", "Churn/3", "queued"],
    ]
    assert "Churn/2" not in call("backfill", "show", "Churn-1", "--limit", "1").out
    assert "1 failed, 1 queued, 1 succeeded, 2 to come" in call("backfill", "list").out


def test_it_is_done_when_all_runs_have_ended(call, under_way):
    for day in (3, 4):
        under_way.launch(SIX + day * DAY, source="backfill:Churn-1", kind="backfill", at=time.time(), took=1)
    assert shown(call)[0] == "running"

    assert call("cancel", "Churn/3").code == 0

    assert shown(call) == ("done", {"succeeded": 3, "failed": 1, "cancelled": 1})
    assert "the same command again" in call("backfill", "show", "Churn-1").err
    assert "nothing is to be stopped" in call("backfill", "cancel", "Churn-1").err


def test_the_same_command_again_runs_what_has_no_successful_run(call, under_way):
    call("backfill", "cancel", "Churn-1")

    again = json.loads(call("backfill", *WEEK, "--dry-run", "--json").out)

    assert again["left_out"] == [SIX]


def test_cancelling_ends_queued_runs_and_starts_no_more(call, under_way):
    said = call("backfill", "cancel", "Churn-1")

    assert (said.code, said.out) == (0, "Churn-1 cancelled: 1 cancelled, 1 failed, 1 succeeded\n")
    (backfill,) = backfills(under_way.home)
    assert next_slots(backfill, None, 0) == []
    assert backfill.cancelled_by == "ann"
    assert call("backfill", "cancel", "Churn-1").code == 0
    assert under_way.home.ledger.find_run("Churn", 4).status == "queued"


def test_cancelling_asks_the_driver_of_a_run_that_has_begun(call, under_way):
    run = under_way.home.ledger.find_run("Churn", 3).run
    lease, _ = under_way.home.ledger.take(run, time.time())

    let = call("backfill", "cancel", "Churn-1", "--let-finish")
    requests = len(under_way.home.ledger.requests(run))
    asked = call("backfill", "cancel", "Churn-1")

    assert "Churn-1 stopping: 1 failed, 1 running, 1 succeeded" in let.out
    assert (requests, len(under_way.home.ledger.requests(run))) == (0, 1)
    assert asked.code == 0
    lease.release()


def test_only_its_starter_and_the_owner_cancel_it(call, under_way, monkeypatch):
    monkeypatch.setenv("HEADWATER_USER", "bob")

    said = call("backfill", "cancel", "Churn-1")

    assert (said.code, "bob cannot cancel a backfill of it" in said.err) == (2, True)
    assert shown(call)[0] == "running"


def test_a_mistyped_id_is_answered_with_the_nearest(call, under_way):
    said = call("backfill", "show", "Churn-2")

    assert (said.code, "did you mean `Churn-1`?" in said.err) == (2, True)


def test_ids_count_on_whatever_the_names_of_other_deployments_are(call, churn):
    other = Deployed(churn.home, "fraud.Churn@production").deploy(DAILY)
    call("backfill", *WEEK, "--yes")
    call("backfill", other.target, *WEEK[1:], "--yes")
    call("backfill", *WEEK, "--yes")

    assert [one.id for one in backfills(churn.home)] == ["Churn-1", "Churn-2", "fraud.Churn-1"]


def test_without_backfills_the_list_says_so(call, churn):
    assert call("backfill", "list").err == "no backfills\n"
    assert json.loads(call("backfill", "list", "--json").out) == []
