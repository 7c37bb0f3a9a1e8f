"""Dividing callers, counting what they see, and asking a candidate unheard: on real worker processes."""

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from scipy import stats

from headwater.flow.load import find_code
from headwater.hosting.calls import Refused
from headwater.hosting.pool import VersionPool
from headwater.hosting.rollout.judge import Tally
from headwater.hosting.rollout.shadow import ShadowWatch
from headwater.hosting.rollout.watch import Divider, Watch
from headwater.hosting.services import Hosted
from headwater.hosting.workers import PoolLimits
from headwater.model.service import ServiceDefinition, ServiceVersion

SERVICE = """
import os, time
from headwater import RequestRefused, ServiceSpec, endpoint


class Echo(ServiceSpec):
    @endpoint(timeout=20)
    def say(self, text: str) -> str:
        {body}
        return text
"""
PAIR = ("pass", "text += '!'")


def make_version(folder: Path, number: int, body: str) -> ServiceVersion:
    """Compile a service in a process of its own."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[project]\nname = 'echo'\n")
    (folder / "echo.py").write_text(SERVICE.format(body=body))
    code = find_code(str(folder / "echo.py"))
    told = subprocess.run(
        [sys.executable, "-P", "-m", "headwater.hosting.compiling"],
        input=msgspec.json.encode(code),
        capture_output=True,
        check=True,
    )
    definition = msgspec.json.decode(told.stdout, type=ServiceDefinition)
    return ServiceVersion(definition, msgspec.structs.replace(code, flow="Echo"), str(folder), number)


def with_pools(
    folder: Path, bodies: tuple[str, str], test: Callable[[VersionPool, VersionPool], Awaitable[None]]
) -> None:
    """Run a test with a live version and a candidate that both answer."""

    async def run() -> None:
        (folder / "sockets").mkdir()
        pools = [
            VersionPool(
                make_version(folder / f"v{number}", number, body),
                {},
                PoolLimits(workers=1, queue=50),
                folder=str(folder / "sockets"),
            )
            for number, body in enumerate(bodies, 1)
        ]
        try:
            await asyncio.gather(*(pool.start() for pool in pools))
            await test(*pools)
        finally:
            await asyncio.gather(*(pool.close() for pool in pools))

    asyncio.run(run())


async def say(hosted: Hosted, text: str = "a", key: bytes = b"") -> int:
    """Ask as a caller does, in a task as each request has one; gives the status."""

    async def ask() -> int:
        try:
            return (await hosted.pick(key).call("say", json.dumps({"text": text}).encode())).status
        except Refused as refused:
            return refused.status

    return await asyncio.create_task(ask())


def dividing(hosted: Hosted, candidate: VersionPool, share: float, *, sticky_by: str | None = None) -> Watch:
    """Give a candidate a share of the requests, counted."""
    assert hosted.live is not None
    watch = Watch(hosted.live, candidate, Tally(share), max_slower=1.25, chance=random.Random(1))
    hosted.live.watch = candidate.watch = watch
    hosted.split = Divider(candidate, share, salt="Echo/2", sticky_by=sticky_by, chance=random.Random(5))
    return watch


def test_callers_are_divided_by_the_stated_share(tmp_path: Path) -> None:
    async def test(live: VersionPool, candidate: VersionPool) -> None:
        for share in (0.01, 0.1, 0.5):
            hosted = Hosted("Echo", live)
            dividing(hosted, candidate, share)
            for key in (lambda number: b"", lambda number: b"user %d" % number):
                picked = [hosted.pick(key(number)) is candidate for number in range(20_000)]
                expected = [20_000 * (1 - share), 20_000 * share]

                assert stats.chisquare([picked.count(False), picked.count(True)], expected).pvalue > 1e-6

    with_pools(tmp_path, PAIR, test)


def test_a_key_stays_with_its_version_and_growing_shares_take_nobody_back() -> None:
    pool = object()
    keys = [b"user %d" % number for number in range(2000)]
    by_share = []
    for share in (0.01, 0.1, 0.5):
        divider = Divider(pool, share, salt="Echo/2", sticky_by="x-user")  # type: ignore[arg-type]
        by_share.append({key for key in keys if divider.is_candidate(key)})
        assert by_share[-1] == {key for key in keys if divider.is_candidate(key)}
    other = Divider(pool, 0.1, salt="Echo/3", sticky_by="x-user")  # type: ignore[arg-type]

    assert by_share[0] < by_share[1] < by_share[2]
    assert {key for key in keys if other.is_candidate(key)} != by_share[1]


def test_failures_of_each_version_are_counted_and_a_failing_candidate_is_found(tmp_path: Path) -> None:
    async def test(live: VersionPool, candidate: VersionPool) -> None:
        hosted = Hosted("Echo", live)
        watch = dividing(hosted, candidate, 0.5)
        statuses = [await say(hosted) for _ in range(60)]

        counts = watch.tally.failures.counts
        assert counts.candidate == counts.candidate_bad == statuses.count(500) > 10
        assert (counts.live, counts.live_bad) == (statuses.count(200), 0)
        assert watch.tally.refusals.counts.candidate_bad == 0

    with_pools(tmp_path, ("pass", "raise ValueError(1)"), test)


def test_what_a_version_refuses_is_counted_apart(tmp_path: Path) -> None:
    async def test(live: VersionPool, candidate: VersionPool) -> None:
        hosted = Hosted("Echo", live)
        watch = dividing(hosted, candidate, 0.5)
        statuses = [await say(hosted) for _ in range(30)]

        assert watch.tally.refusals.counts.candidate_bad == statuses.count(422) > 5
        assert watch.tally.failures.counts.candidate_bad == 0

    with_pools(tmp_path, ("pass", "raise RequestRefused('no')"), test)


def test_failures_that_come_together_are_one_piece_of_evidence(tmp_path: Path) -> None:
    async def test(live: VersionPool, candidate: VersionPool) -> None:
        now = [0.0]
        watch = Watch(live, candidate, Tally(0.1), max_slower=1.25, clock=lambda: now[0])
        for _ in range(64):
            watch.end(*watch.begin("say", is_candidate=True), 502, b"")
        now[0] += 0.06
        watch.turn()
        assert watch.tally.failures.bets.count == 1
        assert watch.tally.failures.counts.candidate_bad == 64
        for _ in range(3):
            now[0] += 0.06
            watch.end(*watch.begin("say", is_candidate=True), 502, b"")
        watch.turn()

        assert watch.tally.failures.bets.count == 3

    with_pools(tmp_path, PAIR, test)


def test_a_request_is_slow_before_its_answer_has_come(tmp_path: Path) -> None:
    async def test(live: VersionPool, candidate: VersionPool) -> None:
        now = [0.0]
        watch = Watch(live, candidate, Tally(0.1), max_slower=1.25, clock=lambda: now[0])
        for _ in range(60):
            number, watched = watch.begin("say", is_candidate=False)
            now[0] += 0.010
            watch.end(number, watched, 200, b'"a"')
        number, watched = watch.begin("say", is_candidate=True)
        now[0] += 0.0140
        watch.turn()
        before = watch.tally.slow.counts.candidate
        now[0] += 0.0010
        watch.turn()
        counted = watch.tally.slow.counts
        now[0] += 60
        watch.end(number, watched, 200, b'"a"')

        assert before == 0
        assert (counted.candidate, counted.candidate_bad) == (1, 1)
        assert watch.tally.slow.counts == counted

    with_pools(tmp_path, PAIR, test)


def test_a_sticky_caller_counts_once_however_often_they_call(tmp_path: Path) -> None:
    async def test(live: VersionPool, candidate: VersionPool) -> None:
        hosted = Hosted("Echo", live)
        watch = dividing(hosted, candidate, 0.5, sticky_by="x-user")
        for _ in range(10):
            for user in (b"a", b"b", b"c", b"d"):
                await say(hosted, key=user)

        counts = watch.tally.failures.counts
        assert counts.live + counts.candidate == 4

    with_pools(tmp_path, ("raise ValueError(1)", "raise ValueError(1)"), test)


def test_requests_that_chose_their_version_do_not_count(tmp_path: Path) -> None:
    async def test(live: VersionPool, candidate: VersionPool) -> None:
        hosted = Hosted("Echo", live)
        watch = dividing(hosted, candidate, 0.5)

        async def ask() -> None:
            await hosted.pick_live().call("say", b'{"text": "a"}')

        await asyncio.create_task(ask())
        assert watch.tally.failures.counts.live == 0
        await say(hosted)
        assert watch.tally.failures.counts.live + watch.tally.failures.counts.candidate == 1

    with_pools(tmp_path, PAIR, test)


def test_a_candidate_without_workers_is_given_nothing(tmp_path: Path) -> None:
    async def test(live: VersionPool, candidate: VersionPool) -> None:
        hosted = Hosted("Echo", live)
        absent = VersionPool(candidate.version, {}, candidate.limits, folder=str(tmp_path))
        watch = dividing(hosted, absent, 0.5)
        statuses = [await say(hosted) for _ in range(40)]

        assert statuses == [200] * 40
        # Those that were the candidate's by lot are no evidence for the live version.
        assert 5 < watch.tally.failures.counts.live < 35

    with_pools(tmp_path, PAIR, test)


async def settle(watch: ShadowWatch) -> None:
    """Wait until all that is under way unheard has come."""
    while watch._tasks:
        await asyncio.wait(list(watch._tasks))


def test_a_shadow_hears_what_the_live_version_is_asked_and_is_not_heard(tmp_path: Path) -> None:
    async def test(live: VersionPool, candidate: VersionPool) -> None:
        hosted, logged = Hosted("Echo", live), []
        watch = ShadowWatch(live, candidate, Tally(0.5), max_slower=1.25, log=lambda *entry: logged.append(entry))
        live.watch = watch
        for text in ("same", "same", "other"):
            assert await say(hosted, text) == 200
            await settle(watch)

        assert (watch.tally.compared, watch.tally.equal) == (3, 2)
        assert watch.tally.failures.counts.live == watch.tally.failures.counts.candidate == 3
        assert [(entry[0], entry[3], entry[5], entry[7]) for entry in logged] == [
            (candidate, b'{"text": "same"}', b'"same"', "shadow"),
            (candidate, b'{"text": "same"}', b'"same"', "shadow"),
            (candidate, b'{"text": "other"}', b'"other!"', "shadow"),
        ]

    with_pools(tmp_path, ("pass", "text += '!' if text == 'other' else ''"), test)


def test_a_shadow_that_fails_is_counted_and_nobody_notices(tmp_path: Path) -> None:
    async def test(live: VersionPool, candidate: VersionPool) -> None:
        hosted = Hosted("Echo", live)
        watch = ShadowWatch(live, candidate, Tally(0.5), max_slower=1.25)
        live.watch = watch
        for _ in range(5):
            assert await say(hosted) == 200
            await settle(watch)
        await watch.close()

        counts = watch.tally.failures.counts
        assert (counts.live_bad, counts.candidate_bad, counts.candidate) == (0, 5, 5)

    with_pools(tmp_path, ("pass", "raise ValueError(1)"), test)


def test_a_shadow_that_is_busy_is_left_out_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    async def test(live: VersionPool, candidate: VersionPool) -> None:
        hosted = Hosted("Echo", live)
        watch = ShadowWatch(live, candidate, Tally(0.5), max_slower=1.25)
        live.watch = watch
        statuses = [await say(hosted) for _ in range(20)]

        assert statuses == [200] * 20
        assert (watch.dropped, candidate.waiting) == (18, 2)
        assert watch.tally.failures.counts.candidate == 0
        await watch.close()

    with_pools(tmp_path, ("pass", "time.sleep(15)"), test)


@pytest.mark.parametrize("body", ["pass", "raise ValueError(1)"])
def test_without_a_watch_calls_go_straight_to_the_workers(tmp_path: Path, body: str) -> None:
    async def test(live: VersionPool, candidate: VersionPool) -> None:
        assert live.watch is None
        assert await say(Hosted("Echo", live)) == (200 if body == "pass" else 500)

    with_pools(tmp_path, (body, "pass"), test)
