"""`headwater schedule`: what fires when, and what a time table will do."""

import json
import time

import pytest

from headwater.model.launch import Firing
from headwater.model.ports import PlannedFiring
from headwater.model.production import RunPolicy, Schedule
from tests.cli.deployed_flows import Deployed

JANUARY = 1735689600.0
DAY, HOUR = 86400.0, 3600.0
DAILY = Schedule("0 6 * * *", name="daily", timezone="Asia/Kolkata")

FLOW = """
from headwater import FlowSpec, run_policy, schedule, step


@run_policy(overlap="queue")
@schedule(cron="30 2 * * *", timezone="Europe/Berlin", name="nightly")
@schedule(hourly=True)
class Nightly(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass
"""


def listed(call):
    return json.loads(call("schedule", "list", "--json").out)


def test_each_schedule_of_each_live_alias_is_listed(call, story):
    Deployed(story.home).deploy(DAILY, Schedule("0 0 * * 0", name="weekly"))
    Deployed(story.home, "Report@user.ann").deploy(Schedule("*/5 * * * *"))
    Deployed(story.home, "Idle@production").deploy()

    found = listed(call)

    assert [(one["target"], one["schedule"]) for one in found] == [
        ("Churn@production", "daily"),
        ("Churn@production", "weekly"),
        ("Report@user.ann", "*/5 * * * *"),
    ]
    assert all(0 < one["next"] - time.time() <= 7 * DAY for one in found)


def test_the_last_slot_is_shown_with_what_became_of_it(call, story):
    churn = Deployed(story.home).deploy(DAILY)
    churn.launch(JANUARY + 1800)
    late = Firing("k", churn.target, "schedule:daily", JANUARY + DAY, "missed", JANUARY + DAY + 1800, "nothing fired")
    story.home.ledger.launch([PlannedFiring(late)])

    (found,) = listed(call)

    assert (found["verdict"], found["reason"], found["last_slot"]) == ("missed", "nothing fired", JANUARY + DAY + 1800)
    assert found["due"] == JANUARY + 2 * DAY + 1800
    said = call("schedule", "list")
    assert "missed   nothing fired" in said.out
    assert "Churn@production: due since 2025-01-03 00:30 UTC (06:00 Asia/Kolkata" in said.err


def test_a_run_that_was_started_is_named(call, story):
    Deployed(story.home).deploy(DAILY).launch(JANUARY + 1800, took=5)

    assert "started  Churn/1" in call("schedule", "list").out


def test_what_does_not_fire_by_itself_says_why(call, story):
    Deployed(story.home).deploy(DAILY, is_paused=True)
    Deployed(story.home, "Next@shadow.1").deploy(DAILY, shadow_of="Churn@production")
    Deployed(story.home, "Old@production").deploy(Schedule("0 6 * * *", ends_at=JANUARY))

    found = {one["target"]: (one["stands"], one["next"], one["due"]) for one in listed(call)}

    assert found == {
        "Churn@production": ("paused", None, None),
        "Next@shadow.1": ("shadow", None, None),
        "Old@production": ("ended", None, None),
    }


def test_that_nobody_fires_is_said(call, story):
    Deployed(story.home).deploy(DAILY)

    without = call("schedule", "list").err
    assert story.home.ledger.lead("daemon")
    with_daemon = call("schedule", "list").err

    assert "no daemon runs on this store: nothing fires until one does; start it with: headwater up" in without
    assert with_daemon == ""


def test_a_store_without_schedules_says_so(call, home_folder):
    assert (listed(call), call("schedule", "list").err.startswith("nothing is scheduled")) == ([], True)


def simulated(call, *words):
    return call("schedule", "simulate", *words)


def test_all_deployments_are_simulated_side_by_side(call, story):
    Deployed(story.home).deploy(DAILY)
    Deployed(story.home, "Report@production").deploy(Schedule("0 5 * * *"))

    said = simulated(call, "--from", "2025-01-01", "--days", "2")

    assert [line.split()[1:] for line in said.out.splitlines()[1:]] == [
        ["00:30:00", "Wed", "2025-01-01", "06:00", "Churn@production", "daily"],
        ["05:00:00", "Wed", "2025-01-01", "05:00", "Report@production", "0", "5", "*", "*", "*"],
        ["00:30:00", "Thu", "2025-01-02", "06:00", "Churn@production", "daily"],
        ["05:00:00", "Thu", "2025-01-02", "05:00", "Report@production", "0", "5", "*", "*", "*"],
    ]
    assert "4 firings in 2 days; 0 at changes of clocks, 0 while a run still works" in said.err
    assert "2 of Churn@production, schedule daily" in said.err
    assert "2 firings in 2 days" in simulated(call, "Churn@production", "--from", "2025-01-01", "--days", "2").err


def test_changes_of_clocks_stand_where_they_happen(call, story):
    Deployed(story.home).deploy(Schedule("30 2 * * *", timezone="Europe/Berlin"))

    lines = simulated(call, "--from", "2025-03-29", "--days", "3").out.splitlines()

    assert "clocks of Europe/Berlin go from 02:00 to 03:00" in lines[2]
    assert "Sun 2025-03-30 03:00" in lines[3]
    assert "clocks skip 02:30: fires at 03:00" in lines[3]


def test_far_firings_are_listed_only_when_there_is_something_to_say(call, story):
    Deployed(story.home).deploy(Schedule("30 2 * * *", timezone="Europe/Berlin"))

    said = simulated(call, "--from", "2025-01-01", "--days", "365", "--limit", "3")

    assert len(said.out.splitlines()) == 1 + 3 + 2 + 2
    assert "and 360 more firings, that nothing special happens to" in said.err
    assert "365 firings in 365 days; 2 at changes of clocks" in said.err


def test_json_has_every_firing(call, story):
    Deployed(story.home).deploy(Schedule("0 * * * *"))

    facts = json.loads(simulated(call, "--from", "2025-01-01", "--days", "30", "--json").out)

    assert (facts["count"], len(facts["firings"]), facts["is_cut"]) == (720, 720, False)
    assert facts["firings"][1]["slot"] == JANUARY + HOUR


def test_more_firings_than_can_be_looked_at_are_cut_and_said(call, story):
    Deployed(story.home).deploy(Schedule("* * * * *"))

    said = simulated(call, "--from", "2025-01-01", "--days", "80")

    assert "more than 100000 firings in 80 days" in said.err


def test_overlaps_go_by_how_long_runs_took(call, story):
    churn = Deployed(story.home).deploy(Schedule("0 * * * *", name="hourly"), policy=RunPolicy(overlap="allow"))
    for number in range(3):
        churn.launch(JANUARY + number * DAY, took=1.5 * HOUR)

    said = simulated(call, "--from", "2025-02-01", "--days", "1")

    assert "23 while a run still works" in said.err
    assert "the run of 00:00 usually still works then: both run" in said.out
    assert "not known" not in said.err


def test_a_file_is_simulated_as_it_would_be_deployed(call, tmp_path):
    (tmp_path / "nightly.py").write_text(FLOW)

    said = simulated(call, "nightly.py", "--from", "2025-10-26", "--days", "1")

    assert "nightly    clocks show 02:30 twice: fires the first time" in said.out
    assert "24 of Nightly@production, schedule 0 * * * *" in said.err


def test_a_file_needs_no_store(call, tmp_path, monkeypatch):
    (tmp_path / "homeless.py").write_text(FLOW)
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path / "nowhere"))

    assert simulated(call, "homeless.py", "--days", "1").code == 0
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("Churm@production",), "nothing is deployed as Churm@production"),
        (("--from", "soon"), "'soon' is no date"),
        (("--from", "9999-12-01"), "'9999-12-01' is no date"),
        (("nothing.py",), "there is no file nothing.py"),
        (("Idle@production",), "Idle@production has no schedule"),
    ],
)
def test_what_cannot_be_simulated_is_said(call, story, words, says):
    Deployed(story.home).deploy(DAILY)
    Deployed(story.home, "Idle@production").deploy()

    said = simulated(call, *words)

    assert (said.code, said.out) == (2, "")
    assert says in said.err
    assert "hint:" in said.err


def test_a_flow_whose_schedule_never_fires_is_refused_with_its_line(call, tmp_path):
    (tmp_path / "never.py").write_text(FLOW.replace("30 2 * * *", "0 0 31 2 *"))

    said = simulated(call, "never.py")

    assert (said.code, "never fires" in said.err) == (2, True)
