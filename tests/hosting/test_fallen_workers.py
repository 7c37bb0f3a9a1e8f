"""Workers that are killed, one or all of them: what their callers see, and for how long they wait."""

import concurrent.futures
import sys
import time
from pathlib import Path

import pytest

from tests.hosting.http_scene import HttpHost, http_host

HASTY = str(Path(__file__).with_name("hasty_zygote.py"))


@pytest.mark.parametrize("zygotes", [False, True])
def test_no_call_fails_while_every_worker_is_killed_under_load(troubles_host: HttpHost, zygotes: bool) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(troubles_host.call, "/Troubles/well", {"number": number}) for number in range(100)]
        for _ in concurrent.futures.as_completed(calls[:10]):
            pass
        troubles_host.kill_all(zygotes=zygotes)
        given = [each.result() for each in calls]

    assert [(200, number + 1) for number in range(100)] == [(each.status, each.value) for each in given]


def test_a_call_waits_for_a_worker_where_none_is_there(troubles_host: HttpHost) -> None:
    before = troubles_host.workers()
    troubles_host.kill_all(zygotes=True)
    until = time.monotonic() + 20
    while troubles_host.get("/readyz").status == 200:
        assert time.monotonic() < until
    given = troubles_host.call("/Troubles/well", {"number": 1})

    assert (given.status, given.value) == (200, 2)
    assert not set(before) & set(troubles_host.workers())


def test_a_call_whose_worker_is_killed_goes_to_another_one(troubles_host: HttpHost, tmp_path: Path) -> None:
    given = troubles_host.call("/Troubles/dies_at_first", {"path": str(tmp_path / "there")})

    assert (given.status, given.value) == (200, "alive")


def test_a_call_that_kills_its_workers_is_given_to_no_third_one(troubles_host: HttpHost) -> None:
    given = troubles_host.call("/Troubles/dies", {})
    until = time.monotonic() + 20
    while _deaths(troubles_host) < 2:  # the second is written down a moment after its caller was told
        assert time.monotonic() < until
    _until_all_are_back(troubles_host)

    assert (given.status, given.value["detail"]) == (502, "its worker process died")
    assert _deaths(troubles_host) == 2


def test_a_call_that_must_not_be_repeated_is_not(troubles_host: HttpHost, tmp_path: Path) -> None:
    given = troubles_host.call("/Troubles/pays", {"path": str(tmp_path / "paid")})

    assert (given.status, (tmp_path / "paid").read_text()) == (502, "paid ")


def test_calls_that_were_gathered_with_one_that_kills_are_answered(troubles_host: HttpHost) -> None:
    texts = ["a", "b", "poison", "c"]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        given = list(
            pool.map(lambda text: troubles_host.call("/Troubles/dies_with_others", {"text": text}).status, texts)
        )

    assert given == [200, 200, 502, 200]


def test_callers_do_not_wait_for_workers_that_fall_again_and_again(tmp_path: Path) -> None:
    with http_host(tmp_path / "host", "Troubles", pool={"workers": 1}) as host:
        given = [host.call("/Troubles/dies", {}) for _ in range(4)]
        refused = next(each for each in given if each.status != 502)
        _until_all_are_back(host, 1)
        after = host.call("/Troubles/well", {"number": 1})

    assert (refused.status, refused.value["detail"]) == (503, "the workers of Troubles/0 do not stay up")
    assert refused.headers["retry-after"] == "1"
    assert after.status == 200


def test_workers_that_are_killed_while_idle_come_back_each_time(troubles_host: HttpHost) -> None:
    for _ in range(3):
        troubles_host.kill_all(zygotes=False)
        _until_all_are_back(troubles_host)

    assert troubles_host.call("/Troubles/well", {"number": 1}).status == 200


def test_a_zygote_that_ends_before_it_has_forked_is_replaced(tmp_path: Path) -> None:
    command = [sys.executable, "-P", HASTY, str(tmp_path / "was here")]
    with http_host(tmp_path / "host", "Troubles", command=command) as host:
        given = host.call("/Troubles/well", {"number": 1})

    assert (tmp_path / "was here").exists()
    assert given.status == 200


def _until_all_are_back(host: HttpHost, count: int = 2) -> None:
    until = time.monotonic() + 20
    while host.get("/readyz").status != 200 or len(host.workers()) != count:
        assert time.monotonic() < until


def _deaths(host: HttpHost) -> int:
    return host.errors.read_text().count("of Troubles/0 ")
