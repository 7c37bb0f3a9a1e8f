"""Requests to endpoints over HTTP: answers, refusals, jobs, health, and what a failing endpoint shows."""

import concurrent.futures
import time

import msgspec
import pytest

from tests.hosting.http_scene import HttpHost

PROBLEM = "application/problem+json"


def test_an_endpoint_answers_with_json_a_prediction_id_and_its_version(kinds_host: HttpHost) -> None:
    given = kinds_host.call("/Kinds/text", {"text": "hä", "times": 2})

    assert (given.status, given.value, given.kind) == (200, "hähä", "application/json")
    assert given.headers["service-version"] == "Kinds/0"
    assert len(given.headers["prediction-id"]) == 26
    assert given.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("numbers", {"values": [1, 2.5]}, 2),
        ("row", {"customer": {"age": 41, "plan": "plus"}}, 4.1),
        ("rows", {"customers": [{"age": 1, "plan": "plus"}, {"age": 2, "plan": "basic", "income": 1}]}, [True, False]),
        ("point", {"point": {"x": 1}}, {"x": 1.0, "y": 0.0, "label": ""}),
        ("typed", {"row": {"name": "a", "count": 2}}, {"name": "a", "count": 2}),
        ("choice", {"color": "red"}, "dark"),
        ("moments", {"day": "2026-02-28", "at": "2026-02-28T12:00:00Z"}, "2026-02-28"),
        ("amounts", {"price": "1.10", "raw": "aGk="}, "1.10"),
        ("gathered", {"by_name": {"a": 1}, "pair": [1, "x"], "tags": ["a"]}, {"a": 1}),
        ("anything", {"value": {"a": [None, True]}}, {"a": [None, True]}),
        ("array", {"x": [[1, 2], [3, 4]]}, [[2.0, 4.0], [6.0, 8.0]]),
        ("frame", {"rows": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}, 2),
        ("frame", {"rows": {"a": [1, 2, 3]}}, 3),
        ("many", {"text": "four"}, 4),
    ],
)
def test_each_kind_of_annotation_is_read_and_written(
    kinds_host: HttpHost, path: str, body: object, expected: object
) -> None:
    given = kinds_host.call(f"/Kinds/{path}", body)

    assert (200, expected) == (given.status, given.value)


def test_the_older_form_gets_the_whole_body(kinds_host: HttpHost) -> None:
    given = kinds_host.call("/Older/score", {"anything": [1]})

    assert given.value == {"got": {"anything": [1]}}


@pytest.mark.parametrize(
    ("path", "body", "status", "named"),
    [
        ("text", {"text": 1}, 422, "$.text"),
        ("text", {}, 422, "`text`"),
        ("text", {"text": "a", "more": 1}, 422, "`more`"),
        ("text", [], 422, "array"),
        ("row", {"customer": {"age": "x", "plan": "plus"}}, 422, "$.customer.age"),
        ("row", {"customer": {"age": 1, "plan": "gold"}}, 422, "gold"),
        ("choice", {"color": "red", "size": -1}, 422, "$.size"),
        ("moments", {"day": "2026-02-30"}, 422, "$.day"),
        ("array", {"x": [[1], [1, 2]]}, 422, "one length"),
        ("array", {"x": ["a"]}, 422, "numbers"),
        ("frame", {"rows": [1]}, 422, "rows"),
        ("text", b"", 400, "truncated"),
        ("text", b"{", 400, "truncated"),
        ("text", b'{"text": NaN}', 400, "malformed"),
        ("numbers", b'{"values": [Infinity]}', 400, "malformed"),
        ("numbers", b'{"values": [1e999]}', 422, "out of range"),
        ("text", b'{"text": "a", "times": ' + b"9" * 5000 + b"}", 422, "$.times"),
        ("text", b'{"text": "\\ud800"}', 400, "truncated"),
        ("text", b'{"text": "\xff"}', 400, "utf-8"),
        ("text", b'\xef\xbb\xbf{"text": "a"}', 400, "malformed"),
        ("text", b'{"text": "a"} x', 400, "trailing"),
        ("text", b'{"text": "a", "text": "b"}', 400, "`text` twice"),
        ("row", b'{"customer": {"age": 1, "age": 2, "plan": "plus"}}', 400, "`age` twice"),
        ("text", b'{"text": "a", "t\\u0065xt": "b"}', 400, "`text` twice"),
        ("anything", b'{"value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "deep"),
        ("anything", b'{"value": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}", 400, "deep"),
        ("frame", {"rows": {"a": [1], "b": [1, 2]}}, 422, "length"),
    ],
)
def test_what_does_not_fit_is_told_as_a_problem_that_names_it(
    kinds_host: HttpHost, path: str, body: object, status: int, named: str
) -> None:
    given = kinds_host.call(f"/Kinds/{path}", body)

    assert (status, PROBLEM) == (given.status, given.kind)
    assert status == given.value["status"]
    assert named.lower() in given.value["detail"].lower()


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/Kinds/nothing", {"Content-Type": "application/json"}, 404),
        ("POST", "/Nothing/text", {"Content-Type": "application/json"}, 404),
        ("POST", "/Kinds/text", {"Content-Type": "text/plain"}, 415),
        ("POST", "/Kinds/text", {}, 415),
        ("POST", "/Kinds/text", {"Content-Type": "application/json", "Content-Encoding": "br"}, 415),
        ("DELETE", "/Kinds/text", {}, 405),
        ("POST", "/", {}, 405),
        ("POST", "/Kinds/", {}, 405),
        ("POST", "/metrics", {}, 405),
        ("GET", "/jobs/none", {}, 404),
        ("GET", "/static/../app.py", {}, 404),
        ("GET", "/static/%2e%2e%2fapp.py", {}, 404),
        ("GET", "/a/b/c/d", {}, 404),
        ("POST", "/Coming/x", {"Content-Type": "application/json"}, 503),
        ("GET", "/Coming/", {}, 503),
    ],
)
def test_addresses_and_methods_that_are_none_are_refused(
    kinds_host: HttpHost, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    given = kinds_host.send(method, path, b"{}" if method == "POST" else None, headers)

    assert (status, PROBLEM) == (given.status, given.kind)
    assert ("allow" in given.headers) == (status == 405)
    assert ("retry-after" in given.headers) == (status == 503)


def test_a_packed_body_is_unpacked(kinds_host: HttpHost) -> None:
    import gzip
    import zlib

    body = b'{"text": "packed"}'
    packed = kinds_host.call("/Kinds/text", gzip.compress(body), Content_Encoding="gzip")
    deflated = kinds_host.call("/Kinds/text", zlib.compress(body), Content_Encoding="deflate")
    broken = kinds_host.call("/Kinds/text", b"no gzip", Content_Encoding="gzip")
    short = kinds_host.call("/Kinds/text", gzip.compress(body)[:-9], Content_Encoding="gzip")

    assert [packed.value, deflated.value] == ["packed", "packed"]
    assert [broken.status, short.status] == [400, 400]


def test_an_answer_can_be_fetched_later(kinds_host: HttpHost) -> None:
    begun = kinds_host.call("/Kinds/text", {"text": "later"}, Prefer="respond-async")
    until = time.monotonic() + 20
    while (given := kinds_host.get(begun.headers["location"])).status == 202:
        assert time.monotonic() < until

    assert begun.status == 202
    assert (given.status, given.value) == (200, "later")
    assert begun.headers["prediction-id"] == given.headers["prediction-id"] == begun.value["id"]


def test_a_job_that_failed_says_so(troubles_host: HttpHost) -> None:
    begun = troubles_host.call("/Troubles/dies", {}, Prefer="respond-async")
    until = time.monotonic() + 20
    while (given := troubles_host.get(begun.headers["location"])).status == 202:
        assert time.monotonic() < until

    assert (given.status, given.kind) == (502, PROBLEM)


def test_calls_that_come_together_are_gathered(kinds_host: HttpHost) -> None:
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        given = list(pool.map(lambda size: kinds_host.call("/Kinds/many", {"text": "x" * size}).value, range(64)))
    metrics = kinds_host.get("/metrics").body.decode()
    calls = _metric(metrics, 'headwater_batch_size_count{endpoint="many"')
    alone = _metric(metrics, 'headwater_batch_size_bucket{endpoint="many",le="1.0"')

    assert list(range(64)) == given
    assert alone < calls


def test_a_wrong_call_does_not_spoil_the_others_of_its_batch(kinds_host: HttpHost) -> None:
    bodies: list[object] = [{"text": "abc"}, {"text": 1}, {"text": "abcd"}, {}] * 4
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        given = list(pool.map(lambda body: kinds_host.call("/Kinds/many", body).status, bodies))

    assert given == [200, 422, 200, 422] * 4


def test_health_and_readiness_are_told(kinds_host: HttpHost) -> None:
    assert (kinds_host.get("/healthz").status, kinds_host.get("/healthz").value) == (200, {"live": True})
    ready = kinds_host.get("/readyz")
    assert (ready.status, ready.value) == (503, {"ready": False, "waiting_for": ["Coming"]})


def test_head_is_answered_without_a_body(kinds_host: HttpHost) -> None:
    given = kinds_host.send("HEAD", "/Kinds/text")

    assert (given.status, given.body) == (200, b"")


# What a failing endpoint shows, and what it leaves standing


def test_what_an_endpoint_raises_is_not_shown_to_callers(troubles_host: HttpHost) -> None:
    given = troubles_host.call("/Troubles/raises", {"text": "of mine"})

    assert (given.status, given.kind) == (500, PROBLEM)
    assert b"secret inside" not in given.body and b"Traceback" not in given.body and b".py" not in given.body
    assert "RuntimeError: secret inside: of mine" in troubles_host.errors.read_text()


def test_an_endpoint_can_refuse_a_request(troubles_host: HttpHost) -> None:
    given = troubles_host.call("/Troubles/refuses", {"text": "this"})

    assert (given.status, given.value["detail"]) == (422, "this makes no sense")


@pytest.mark.parametrize("path", ["unwritable", "too_few"])
def test_an_answer_that_cannot_be_told_is_a_failure(troubles_host: HttpHost, path: str) -> None:
    body = {"text": "a"} if path == "too_few" else {}

    assert troubles_host.call(f"/Troubles/{path}", body).status == 500
    assert troubles_host.call("/Troubles/well", {"number": 7}).value == 8


def test_numbers_that_json_does_not_know_are_null(troubles_host: HttpHost) -> None:
    assert troubles_host.call("/Troubles/not_a_number", {}).value == [None, None, 1.0]


def test_a_worker_that_dies_costs_its_call_and_is_replaced(troubles_host: HttpHost) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        died = pool.submit(troubles_host.call, "/Troubles/dies", {})
        others = [pool.submit(troubles_host.call, "/Troubles/well", {"number": number}) for number in range(40)]
        statuses = [each.result().status for each in others]
    ready = troubles_host.get("/readyz")

    assert died.result().status == 502
    assert statuses == [200] * 40
    assert ready.status == 200


def test_a_worker_that_hangs_is_given_up(troubles_host: HttpHost) -> None:
    given = troubles_host.call("/Troubles/hangs", {})

    assert (given.status, given.kind) == (504, PROBLEM)
    assert troubles_host.call("/Troubles/well", {"number": 1}).value == 2


def test_a_host_that_is_told_to_stop_answers_what_it_has_begun(troubles_host: HttpHost, tmp_path) -> None:
    gate = tmp_path / "gate"
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(troubles_host.call, "/Troubles/waits", {"path": str(gate)})
        until = time.monotonic() + 20
        while 'headwater_in_flight{service="Troubles"} 1.0' not in troubles_host.get("/metrics").body.decode():
            assert time.monotonic() < until
        troubles_host.process.terminate()
        gate.touch()
        given = waiting.result()

    assert (given.status, given.value) == (200, "waited")
    assert troubles_host.process.wait(20) == 0


def _metric(text: str, name: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


def test_every_problem_is_a_whole_one(kinds_host: HttpHost) -> None:
    class Problem(msgspec.Struct, forbid_unknown_fields=True):
        type: str
        title: str
        status: int
        detail: str

    given = kinds_host.call("/Kinds/text", {})

    assert msgspec.json.decode(given.body, type=Problem).status == 422
