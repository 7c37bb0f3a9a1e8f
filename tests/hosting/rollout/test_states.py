"""What follows on what in a rollout, by a clock turned by hand; and how the records of it are kept."""

import msgspec
import pytest

from headwater.hosting.rollout.evidence import Counts
from headwater.hosting.rollout.judge import SIGNALS, Judged, Judgement
from headwater.hosting.rollout.page import rollout_page
from headwater.hosting.rollout.records import Rollouts
from headwater.hosting.rollout.states import RolloutState, Seen, decide, first_state
from headwater.model.errors import VersionConflict
from headwater.model.service import Rollout

PLAN = Rollout(shadow_seconds=600, steps=(1.0, 10.0, 50.0), min_requests=2000)
HOUR = 3600.0


def judged(verdict: str, candidate: int = 0, live: int = 0) -> Seen:
    counts = Counts(live, 0, candidate, 0)
    signals = tuple(Judged(name, counts, 1.0, 1200.0, 1.0, 20.0, 0.01) for name in SIGNALS)
    return Seen(Judgement(verdict, f"it is {verdict}", signals))  # type: ignore[arg-type]


def begun(plan: Rollout = PLAN) -> RolloutState:
    state = first_state("Adder", 2, 1, plan, user="ann", at=0.0)
    assert state is not None
    return state


def at_step(step: int, plan: Rollout = PLAN, state: str = "share") -> RolloutState:
    return msgspec.structs.replace(begun(plan), state=state, step=step)


def test_a_good_version_goes_through_shadow_and_shares_to_all_of_the_traffic() -> None:
    state, seen = begun(), []
    for minute in range(11, 60, 11):
        after = decide(state, judged("better_or_equal", 2000, 2000), minute * 60.0)
        if after is None:
            break
        state = after
        seen.append((state.state, state.share))

    assert seen == [("share", 0.01), ("share", 0.1), ("share", 0.5), ("promoted", 0.0)]


def test_the_shadow_lasts_as_long_as_said_and_then_goes_on_without_a_proof() -> None:
    state = begun()

    assert decide(state, judged("better_or_equal"), 599.0) is None
    after = decide(state, judged("inconclusive"), 600.0)
    assert after is not None
    assert (after.state, after.step) == ("share", 0)


@pytest.mark.parametrize(
    "state", [begun(), at_step(0), at_step(2), at_step(1, state="held"), at_step(-1, state="held")]
)
def test_a_worse_version_goes_back_from_everywhere_at_once(state: RolloutState) -> None:
    after = decide(state, judged("worse"), 0.1)

    assert after is not None
    assert (after.state, after.user, after.reason) == ("rolled_back", "host", "worse: it is worse")


def test_a_version_that_cannot_answer_goes_back_whatever_the_numbers_say() -> None:
    after = decide(at_step(0), Seen(judged("better_or_equal").judgement, "its workers do not stay up"), 1.0)

    assert after is not None
    assert (after.state, after.reason) == ("rolled_back", "its workers do not stay up")


@pytest.mark.parametrize(
    ("choice", "state", "step"), [("hold", "held", 0), ("promote", "share", 1), ("rollback", "rolled_back", 0)]
)
def test_numbers_that_do_not_decide_in_time_lead_where_the_class_says(choice: str, state: str, step: int) -> None:
    plan = msgspec.structs.replace(PLAN, on_inconclusive=choice)
    busy = judged("inconclusive", candidate=5_000, live=495_000)

    assert decide(at_step(0, plan), busy, 24 * HOUR - 1) is None
    after = decide(at_step(0, plan), busy, 24 * HOUR)
    assert after is not None
    assert (after.state, after.step) == (state, step)
    assert after.reason == "inconclusive: 24 hours are over, and it is inconclusive"


def test_twenty_requests_an_hour_are_held_after_half_an_hour_and_say_how_long_it_would_take() -> None:
    quiet = judged("inconclusive", candidate=0, live=9)

    assert decide(at_step(0), quiet, 599.0) is None
    after = decide(at_step(0), quiet, HOUR / 2)
    assert after is not None
    assert after.state == "held"
    assert after.reason == (
        "inconclusive: at 20 requests an hour, 2,000 requests to the candidate take 417 days, "
        "and 24 hours are allowed; it is inconclusive"
    )


def test_a_service_that_nobody_calls_is_held_too() -> None:
    after = decide(at_step(0), judged("inconclusive"), HOUR)

    assert after is not None
    assert after.state == "held"


def test_enough_traffic_is_not_held_by_a_forecast() -> None:
    assert decide(at_step(0), judged("inconclusive", candidate=40, live=3960), HOUR) is None


def test_what_is_held_stays_at_its_share_and_goes_on_when_the_numbers_decide() -> None:
    held = at_step(1, state="held")

    assert held.share == 0.1
    assert decide(held, judged("inconclusive"), 1000 * HOUR) is None
    after = decide(held, judged("better_or_equal", 3000, 30_000), 1000 * HOUR)
    assert after is not None
    assert (after.state, after.step) == ("share", 2)


@pytest.mark.parametrize("state", ["promoted", "rolled_back", "ended"])
def test_an_end_never_changes(state: str) -> None:
    assert decide(at_step(1, state=state), judged("worse"), 1e9) is None


def test_without_shadow_and_shares_there_is_no_rollout() -> None:
    assert first_state("Adder", 2, 1, Rollout(), user="ann", at=0.0) is None


def test_a_shadow_alone_needs_a_proof() -> None:
    plan = Rollout(shadow_seconds=60)

    held = decide(begun(plan), judged("inconclusive"), 60.0)
    assert held is not None
    assert (held.state, held.share) == ("held", 0.0)
    promoted = decide(begun(plan), judged("better_or_equal", 2000, 2000), 60.0)
    assert promoted is not None
    assert promoted.state == "promoted"


@pytest.fixture
def rollouts(home):
    return Rollouts(home.ledger), home.ledger


def test_every_change_is_a_version_of_the_record(rollouts) -> None:
    kept, ledger = rollouts
    first = begun()
    ledger.write_records(kept.records_of_begin(first))
    after = decide(first, judged("worse"), 5.0)
    assert after is not None
    ledger.write_records([kept.record_after(first, after)])

    assert kept.get("Adder", 2) == after
    assert kept.history("Adder", 2) == [first, after]
    assert kept.active("Adder") is None


def test_two_who_change_a_rollout_at_once_do_not_both_succeed(rollouts) -> None:
    kept, ledger = rollouts
    first = begun()
    ledger.write_records(kept.records_of_begin(first))
    one, other = (decide(first, judged("worse"), at) for at in (5.0, 6.0))
    assert one is not None
    assert other is not None
    ledger.write_records([kept.record_after(first, one)])

    with pytest.raises(VersionConflict):
        kept.record_after(first, other)


def test_a_new_rollout_ends_the_one_under_way(rollouts) -> None:
    kept, ledger = rollouts
    ledger.write_records(kept.records_of_begin(begun()))
    ledger.write_records(kept.records_of_begin(msgspec.structs.replace(begun(), number=10)))

    replaced = kept.get("Adder", 2)
    assert replaced is not None
    assert (replaced.state, replaced.reason) == ("ended", "version 10 takes its place")
    assert kept.active("Adder") == kept.get("Adder", 10)


def test_the_page_shows_every_change_with_its_numbers_and_needs_nothing_else() -> None:
    first = msgspec.structs.replace(begun(), user="<ann>")
    after = decide(first, judged("worse", candidate=77, live=1234), 5.0)
    assert after is not None
    page = rollout_page([first, after]).decode()

    assert "rolled back" in page
    assert "0 of 77" in page
    assert "0 of 1,234" in page
    assert "&lt;ann&gt;" in page
    assert "<svg" in page
    assert "<script" not in page
    assert "http" not in page
    assert "src=" not in page
