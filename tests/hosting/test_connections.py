"""Callers who send too much, too slowly, or no HTTP at all: they are told, and nobody else notices."""

import contextlib
import gzip
import json
import resource
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosting.http_scene import HttpHost, http_host, read_all, status_of

MB = 1 << 20


@pytest.fixture(scope="module")
def strict_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpHost]:
    """A host with small limits, and an access log."""
    folder = tmp_path_factory.mktemp("strict")
    with http_host(
        folder,
        "Kinds",
        access=str(folder / "access.log"),
        requests={"body_bytes": 4 * MB, "body_seconds": 1.0, "held_bytes": 16 * MB},
        connections={"connections": 40, "request_seconds": 2.0, "answer_seconds": 2.0, "wasted_bytes": 8 * MB},
        pool={"workers": 1},
    ) as host:
        yield host


def head(host: HttpHost, *fields: str, path: str = "/Kinds/text", kind: str = "application/json") -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{host.port}", f"Content-Type: {kind}", *fields, "", ""]
    return "\r\n".join(lines).encode()


BODY = b'{"text": "a"}'
CHUNKED = b"d\r\n" + BODY + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (["Content-Length: 13", "Transfer-Encoding: chunked"], CHUNKED),
        (["Transfer-Encoding: chunked", "Content-Length: 13"], CHUNKED),
        (["Content-Length: 13", "Content-Length: 13"], BODY),
        (["Content-Length: 13", "Content-Length: 1"], BODY),
        (["Content-Length: 13, 13"], BODY),
        (["Content-Length: -1"], BODY),
        (["Content-Length: +13"], BODY),
        (["Content-Length: 0x0d"], BODY),
        (["Content-Length : 13"], BODY),
        (["Transfer-Encoding: xchunked"], CHUNKED),
        (["Transfer-Encoding: chunked, identity"], CHUNKED),
        (["Transfer-Encoding: chunked"], CHUNKED.replace(b"d\r\n", b"d\n", 1)),
        (["X-A: a\nX-B: b", "Content-Length: 13"], BODY),
        (["X-A: a\rX-B: b", "Content-Length: 13"], BODY),
        (["X-A: a\r\n folded", "Content-Length: 13"], BODY),
        (["X-A: a\x00b", "Content-Length: 13"], BODY),
        (["Host: other", "Content-Length: 13"], BODY),
    ],
)
def test_a_request_that_two_parsers_could_read_differently_is_refused(
    kinds_host: HttpHost, fields: list[str], body: bytes
) -> None:
    answer = kinds_host.raw(head(kinds_host, "Connection: close", *fields) + body)

    assert status_of(answer) == 400
    assert answer.count(b"HTTP/1.1") == 1
    assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /\x1b[31mred HTTP/1.1",
        b"GET /\xc3\xa4\x9b HTTP/1.1",
        b"GET / HTTP/9.9",
        b"\x16\x03\x01\x02",
        b"PRI * HTTP/2.0",
    ],
)
def test_a_line_that_is_no_request_is_refused(kinds_host: HttpHost, request_line: bytes) -> None:
    answer = kinds_host.raw(request_line + b"\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % kinds_host.port)

    assert status_of(answer) == 400


def test_a_request_for_the_server_itself_is_no_failure(kinds_host: HttpHost) -> None:
    answer = kinds_host.raw(b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % kinds_host.port)

    assert status_of(answer) == 404


def test_control_characters_of_an_address_are_escaped_in_answer_and_log(strict_host: HttpHost) -> None:
    given = strict_host.get("/%1b[31mred%0d%0aSet-Cookie:%20a=b%9b")
    line = _line_of(strict_host, "Set-Cookie")

    assert (given.status, "set-cookie" in given.headers) == (404, False)
    assert all(each.isprintable() for each in given.body.decode())
    assert all(32 <= byte < 127 for byte in line)
    assert json.loads(line)["path"] == "/%1b[31mred%0d%0aSet-Cookie:%20a=b%9b"


def test_what_was_no_request_is_a_line_of_the_log_too(strict_host: HttpHost) -> None:
    strict_host.raw(b"\x1b]0;owned\x07 / HTTP/1.1\r\n\r\n")
    line = json.loads(_line_of(strict_host, '"path":"","status":400'))

    assert (line["client"], line["method"]) == ("127.0.0.1", "")


# Too much


def test_a_body_that_is_too_large_is_refused_before_it_is_read(strict_host: HttpHost) -> None:
    with strict_host.connect() as connection:
        connection.sendall(head(strict_host, f"Content-Length: {10 << 30}") + b"x" * MB)

        assert status_of(connection.recv(1 << 16)) == 413


def test_a_body_a_little_too_large_is_told_so_to_a_caller_that_sends_it_first(strict_host: HttpHost) -> None:
    given = strict_host.call("/Kinds/text", b'{"text": "' + b"x" * (5 * MB) + b'"}')

    assert (given.status, given.kind) == (413, "application/problem+json")


def test_chunks_without_end_are_cut_off_and_take_no_memory(strict_host: HttpHost) -> None:
    before = strict_host.resident()
    chunk = b"%x\r\n" % MB + b"x" * MB + b"\r\n"
    sent = 0
    with strict_host.connect() as connection:
        connection.sendall(head(strict_host, "Transfer-Encoding: chunked"))
        with contextlib.suppress(ConnectionError):
            while sent < 200 * MB:
                connection.sendall(chunk)
                sent += MB
        answer = read_all(connection)

    # 4 MB are read, 8 MB more thrown away, the rest is what the kernel buffers.
    assert sent < 60 * MB
    assert not answer or status_of(answer) == 413
    assert strict_host.resident() - before < 50 * MB


@pytest.mark.parametrize("levels", [1, 2])
def test_a_small_body_that_unpacks_to_a_giant_one_is_refused(strict_host: HttpHost, levels: int) -> None:
    bomb = b'{"text": "' + b"0" * (100 * MB) + b'"}'
    for _ in range(levels):
        bomb = gzip.compress(bomb, 1)
    assert len(bomb) < 2 * MB
    before, started = strict_host.resident(), _cpu_seconds(strict_host)
    given = strict_host.call("/Kinds/text", bomb, Content_Encoding="gzip")

    assert given.status == (413 if levels == 1 else 400)
    assert strict_host.resident() - before < 50 * MB
    assert _cpu_seconds(strict_host) - started < 1.0


@pytest.mark.parametrize(
    "field",
    [
        "X-Long: " + "x" * 100_000,
        "Range: bytes=" + ",".join(f"{at}-{at}" for at in range(10_000)),
        "X-A: a\r\n" * 20_000,
    ],
)
def test_a_head_that_is_too_long_is_refused(strict_host: HttpHost, field: str) -> None:
    with strict_host.connect() as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(head(strict_host, field.rstrip(), "Content-Length: 13") + BODY)
        answer = read_all(connection)

    assert not answer or status_of(answer) == 431


def test_what_surrounds_chunks_is_bounded_as_well(strict_host: HttpHost) -> None:
    with strict_host.connect() as connection:
        connection.sendall(head(strict_host, "Transfer-Encoding: chunked"))
        with contextlib.suppress(ConnectionError):
            for _ in range(2000):
                connection.sendall(b"1;" + b"x" * 1000 + b"\r\na\r\n")
        answer = read_all(connection)

    assert not answer or status_of(answer) in (400, 431)


def test_ranges_are_not_served(kinds_host: HttpHost) -> None:
    ranges = "bytes=" + ",".join(f"{at}-{at}" for at in range(5_000))
    whole = kinds_host.get("/static/page.css")
    given = kinds_host.get("/static/page.css", Range=ranges)

    assert (200, whole.body) == (given.status, given.body)


def test_bodies_that_are_held_together_are_bounded(strict_host: HttpHost) -> None:
    connections = [strict_host.connect() for _ in range(8)]
    try:
        for connection in connections:
            connection.sendall(head(strict_host, f"Content-Length: {4 * MB}") + b" " * (3 * MB))
        statuses = {status_of(connection.recv(1 << 16)) for connection in connections}
    finally:
        for connection in connections:
            connection.close()

    # Five of them find room, for a second.
    assert {503, 408} == statuses
    assert strict_host.call("/Kinds/text", {"text": "a"}).status == 200


# Too slowly


def test_a_head_that_drips_is_ended(strict_host: HttpHost) -> None:
    started = time.monotonic()
    with strict_host.connect() as connection:
        with contextlib.suppress(ConnectionError):
            for byte in head(strict_host, "X-Slow: " + "x" * 1000):
                connection.sendall(bytes([byte]))
                if _is_readable(connection, 0.05):
                    break
        answer = read_all(connection)

    assert not answer or status_of(answer) == 408
    assert time.monotonic() - started < 10


def test_a_connection_that_says_nothing_is_ended(strict_host: HttpHost) -> None:
    with strict_host.connect() as connection:
        answer = read_all(connection)

    assert status_of(answer) == 408


def test_a_body_that_drips_is_ended(strict_host: HttpHost) -> None:
    with strict_host.connect() as connection:
        connection.sendall(head(strict_host, "Content-Length: 1000"))
        with contextlib.suppress(ConnectionError):
            while not _is_readable(connection, 0.1):
                connection.sendall(b" ")
        answer = connection.recv(1 << 16)

    assert status_of(answer) == 408


def test_an_answer_that_nobody_reads_is_let_go(tmp_path: Path) -> None:
    with http_host(tmp_path, "Troubles", connections={"answer_seconds": 0.5}, pool={"workers": 1}) as host:
        before = host.descriptors()
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", host.port))
            body = b'{"size": 30000000}'
            connection.sendall(head(host, f"Content-Length: {len(body)}", path="/Troubles/large") + body)
            assert _is_readable(connection, 20)
            assert host.descriptors() > before
            until = time.monotonic() + 20
            while host.descriptors() > before:
                assert time.monotonic() < until
                time.sleep(0.05)

        assert host.call("/Troubles/well", {"number": 1}).value == 2


def test_others_are_answered_while_many_callers_drip(strict_host: HttpHost) -> None:
    stop = threading.Event()

    def drip() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError), strict_host.connect() as connection:
                connection.sendall(head(strict_host)[:-2])
                stop.wait(0.3)

    threads = [threading.Thread(target=drip) for _ in range(60)]
    for thread in threads:
        thread.start()
    try:
        seconds = []
        for _ in range(100):
            started = time.monotonic()
            assert strict_host.call("/Kinds/text", {"text": "a"}).status == 200
            seconds.append(time.monotonic() - started)
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    assert sorted(seconds)[98] < 2


# Too many


def test_when_connections_run_out_the_idle_ones_go_first(strict_host: HttpHost) -> None:
    idle = [strict_host.connect() for _ in range(100)]
    try:
        given = strict_host.call("/Kinds/text", {"text": "still here"})
        open_ones = strict_host.descriptors()
    finally:
        for connection in idle:
            connection.close()

    assert (given.status, given.value) == (200, "still here")
    assert open_ones < 80


def test_when_all_connections_are_busy_a_new_caller_is_told_to_wait(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    body = json.dumps({"path": str(gate)}).encode()
    limits = {"connections": 3}
    with http_host(tmp_path, "Troubles", connections=limits, pool={"workers": 1, "queue": 10}) as host:
        busy = [host.connect() for _ in range(3)]
        for connection in busy:
            connection.sendall(head(host, f"Content-Length: {len(body)}", path="/Troubles/waits") + body)
        until = time.monotonic() + 20
        answer = b""
        while b"503" not in answer:
            assert time.monotonic() < until
            answer = host.raw(head(host, "Content-Length: 0", "Connection: close"))
        gate.touch()
        answers = [connection.recv(1 << 16) for connection in busy]
        for connection in busy:
            connection.close()

    assert b"retry-after: 1" in answer.lower()
    # One of the three may have gone while it was still sending.
    assert sorted(status_of(each) for each in answers if each) >= [200] * 2


def test_when_too_many_requests_wait_the_next_is_told_to_come_back(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    body = json.dumps({"path": str(gate)}).encode()
    with http_host(tmp_path, "Troubles", pool={"workers": 1, "queue": 4}) as host:
        busy = [host.connect() for _ in range(4)]
        for connection in busy:
            connection.sendall(head(host, f"Content-Length: {len(body)}", path="/Troubles/waits") + body)
        until = time.monotonic() + 20
        while (given := host.call("/Troubles/well", {"number": 1})).status != 429:
            assert time.monotonic() < until
        gate.touch()
        statuses = [status_of(connection.recv(1 << 16)) for connection in busy]
        for connection in busy:
            connection.close()

    assert (given.headers["retry-after"], statuses) == ("1", [200] * 4)


def test_the_host_opens_as_many_descriptors_as_it_may(kinds_host: HttpHost) -> None:
    soft, hard = resource.prlimit(kinds_host.process.pid, resource.RLIMIT_NOFILE)

    assert soft >= min(hard, 1 << 16)


def _is_readable(connection: socket.socket, seconds: float) -> bool:
    return bool(select.select([connection], [], [], seconds)[0])


def _cpu_seconds(host: HttpHost) -> float:
    with open(f"/proc/{host.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _line_of(host: HttpHost, text: str) -> bytes:
    """Wait for a line of the access log that holds a text."""
    path = host.errors.with_name("access.log")
    until = time.monotonic() + 20
    while True:
        lines = path.read_bytes().splitlines() if path.exists() else []
        found = [line for line in lines if text.encode() in line]
        if found:
            return found[-1]
        assert time.monotonic() < until
        time.sleep(0.02)
