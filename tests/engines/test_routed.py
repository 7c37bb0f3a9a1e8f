"""One engine per environment: who gets which order, and how many are at work together."""

import select
from collections.abc import Iterator

import pytest

from headwater.engines.local import LocalEngine
from headwater.engines.routed import RoutedEngine
from headwater.model.errors import EnvironmentMistake
from headwater.model.ids import Digest
from headwater.model.order import TaskOrder
from headwater.model.ports import Ended, Report, Started
from tests.engines import engine_stories as stories


class Startings(list[Digest | None]):
    """Notes which environments' engines were started, in order."""

    def __call__(self, environment: Digest | None) -> LocalEngine:
        if environment == "cannot be built":
            raise EnvironmentMistake("no such package", hint="ask for another")
        self.append(environment)
        return stories.local(environment=environment)


@pytest.fixture
def started() -> Startings:
    return Startings()


@pytest.fixture
def engine(started: Startings) -> Iterator[RoutedEngine]:
    made = RoutedEngine(started, max_running=2)
    yield made
    made.close()


def where(environment: str | None, label: int) -> TaskOrder:
    return stories.order("says_where_it_is", label, environment=environment)


def pids(reports: list[Report]) -> dict[str, int]:
    return {one.key: one.pid for one in reports if isinstance(one, Started)}


def test_an_engine_is_started_with_the_first_order_of_its_environment(engine: RoutedEngine, started: Startings) -> None:
    assert started == []
    stories.outcomes(engine, where("a", 1), where(None, 2), where("a", 3), where("b", 4), where(None, 5))

    assert started == ["a", None, "b"]


def test_an_engine_that_is_there_already_is_used(started: Startings) -> None:
    engine = RoutedEngine(started, default=stories.local())
    stories.outcomes(engine, where(None, 1))
    engine.close()

    assert started == []


def test_an_environment_that_cannot_be_had_fails_its_own_attempts_only(engine: RoutedEngine) -> None:
    found = stories.outcomes(engine, where("cannot be built", 1), where("a", 2))

    assert [one.cause for one in found] == ["environment", "ok"]
    assert found[0].error is not None
    assert (found[0].error.message, found[0].error.hint) == ("no such package", "ask for another")


def test_engines_together_have_no_more_at_work_than_the_bound(engine: RoutedEngine) -> None:
    names = ["a", "b", "a", "b", None]
    orders = [stories.order("waits", label, environment=name) for label, name in enumerate(names)]
    for order in orders:
        engine.submit(order)
    reports = stories.collect(engine, lambda found: len(pids(found)) == 2)
    assert set(pids(reports)) == {order.key for order in orders[:2]}
    assert set(engine._in_flight) == {(order.key, 0) for order in orders[:2]}

    engine.cancel(orders[0].key, 0, 0.0)
    more = stories.collect(engine, lambda found: len(pids(found)) == 1)
    assert list(pids(more)) == [orders[2].key]


def test_an_order_of_the_environment_in_use_does_not_overtake_one_that_waits(engine: RoutedEngine) -> None:
    orders = [stories.order("waits", label, environment=name) for label, name in enumerate(["a", "a", "b", "a"])]
    for order in orders:
        engine.submit(order)
    stories.collect(engine, lambda found: len(pids(found)) == 2)
    engine.cancel(orders[1].key, 0, 0.0)
    after = stories.collect(engine, lambda found: len(pids(found)) == 1)

    assert list(pids(after)) == [orders[2].key]


def test_with_one_environment_in_use_its_engine_keeps_the_line(started: Startings) -> None:
    made = stories.local(max_running=1)
    engine = RoutedEngine(started, default=made, max_running=1)
    orders = [stories.order("nothing", label) for label in range(6)]
    for order in orders:
        engine.submit(order)

    assert len(made._in_flight) == 6
    assert len([one for one in stories.collect_ends(engine, 6) if isinstance(one, Ended)]) == 6
    engine.close()


def test_an_attempt_that_waits_for_a_place_is_cancelled(engine: RoutedEngine) -> None:
    orders = [stories.order("waits", label, environment=name) for label, name in enumerate(["a", "b", "a"])]
    for order in orders:
        engine.submit(order)
    engine.cancel(orders[2].key, 0, 0.0)
    ended = stories.collect(engine, lambda found: any(isinstance(one, Ended) for one in found))

    causes = [(one.outcome.key, one.outcome.cause) for one in ended if isinstance(one, Ended)]
    assert causes == [(orders[2].key, "cancelled")]


def test_one_descriptor_tells_of_all_engines(engine: RoutedEngine) -> None:
    stories.outcomes(engine, where("a", 1), where("b", 2))
    engine.submit(where("b", 3))
    engine.poll(0)
    number = engine.fileno()
    assert number is not None

    assert select.select([number], [], [], stories.PATIENCE)[0] == [number]


def test_an_order_that_comes_to_an_engine_of_another_environment_is_not_run() -> None:
    for engine in (stories.local(environment="b"), stories.inline()):
        found = stories.outcome(engine, where("a", 1))
        engine.close()

        assert found.cause == "environment"
        assert not found.is_retryable


def test_large_orders_reach_engines_side_by_side(engine: RoutedEngine) -> None:
    orders = [
        stories.order("nothing", label, environment=name, small={"0" * 64: b"x" * 400_000})
        for label, name in enumerate(["a", "b", "a", "b"])
    ]

    assert [one.cause for one in stories.outcomes(engine, *orders)] == ["ok"] * 4
