"""Answers that are fetched later: how long they are kept, and how many."""

import asyncio

import pytest

from headwater.hosting.calls import Answer, Refused
from headwater.hosting.jobs import KEPT_SECONDS, Jobs


async def _answered(body: bytes = b"1") -> Answer:
    return Answer(200, body, 0, 0.0, 0.0, 1)


async def _refused() -> Answer:
    raise Refused(504, "it took too long")


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_an_answer_is_kept_for_its_time_and_then_forgotten() -> None:
    now = [1000.0]

    async def work() -> list[object]:
        jobs = Jobs(lambda: now[0])
        jobs.start("a", "S/1", _answered())
        await _settle()
        kept = jobs.get("a")
        now[0] += KEPT_SECONDS - 1
        still = jobs.get("a")
        now[0] += 2
        return [kept is not None and kept.answer is not None, still is kept, jobs.get("a")]

    assert asyncio.run(work()) == [True, True, None]


def test_a_call_that_is_given_up_says_why() -> None:
    async def work() -> object:
        jobs = Jobs()
        job = jobs.start("a", "S/1", _refused())
        await _settle()
        return job.refused

    assert asyncio.run(work()) == (504, "it took too long")


@pytest.mark.parametrize("limits", [{"most": 2}, {"most_bytes": 2000}])
def test_no_more_is_kept_than_there_is_room_for(limits: dict[str, int]) -> None:
    async def work() -> int:
        jobs = Jobs(**limits)
        for name in "ab":
            jobs.start(name, "S/1", _answered(b"x" * 1000))
            await _settle()
        with pytest.raises(Refused) as refused:
            jobs.start("c", "S/1", _answered())
        return refused.value.status

    assert asyncio.run(work()) == 429
