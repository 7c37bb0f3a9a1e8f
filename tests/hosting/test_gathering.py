"""Gathering calls into batches, on a clock turned by hand."""

from hypothesis import given
from hypothesis import strategies as st

from headwater.hosting.gathering import Gatherer


def test_a_lone_caller_does_not_wait() -> None:
    gatherer = Gatherer[str](8, 0.01)

    assert gatherer.add("first", 0.0) == ["first"]
    assert gatherer.add("much later", 5.0) == ["much later"]
    assert gatherer.due_in(5.0) is None


def test_calls_that_come_quickly_are_held_until_the_first_has_waited_enough() -> None:
    gatherer = Gatherer[int](8, 0.010)
    gatherer.add(0, 0.000)
    held = [gatherer.add(number, number * 0.001) for number in (1, 2, 3)]

    assert held == [[], [], []]
    assert abs((gatherer.due_in(0.003) or 0) - 0.008) < 1e-9
    assert gatherer.take() == [1, 2, 3]


def test_a_full_batch_goes_out_at_once() -> None:
    gatherer = Gatherer[int](3, 1.0)
    gatherer.add(0, 0.0)
    out = [gatherer.add(number, number * 0.001) for number in (1, 2, 3)]

    assert out == [[], [], [1, 2, 3]]
    assert len(gatherer) == 0


_TICKS = st.integers(0, 50).map(lambda ticks: ticks / 1024)  # sums of these are exact


@given(st.lists(_TICKS, max_size=200), st.integers(1, 16), _TICKS)
def test_every_call_goes_out_once_in_order_and_no_batch_is_too_large(
    gaps: list[float], size: int, within: float
) -> None:
    gatherer = Gatherer[int](size, within)
    out: list[int] = []
    now = 0.0
    for number, gap in enumerate(gaps):
        now += gap
        due = gatherer.due_in(now)
        if due == 0.0:
            out += gatherer.take()
        batch = gatherer.add(number, now)
        assert len(batch) <= size
        assert (gatherer.due_in(now) or 0.0) <= within
        out += batch
    out += gatherer.take()

    assert out == list(range(len(gaps)))
