"""The access log, and traces that callers begin."""

import asyncio
import json
import os
import time
from pathlib import Path

import msgspec
import pytest

from headwater.hosting.access_log import AccessLog, continued_trace, escaped
from tests.hosting.http_scene import http_host

TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_each_request_is_a_line_with_what_it_was_and_what_answered(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    before = time.time()
    with http_host(tmp_path, "Kinds", access=str(path), pool={"workers": 1}) as host:
        parent = f"00-{TRACE}-b7ad6b7169203331-01"
        given = host.call("/Kinds/text?token=hidden", {"text": "private"}, traceparent=parent, Authorization="Bearer x")
        host.get("/nothing")
    first, second = [json.loads(line) for line in path.read_bytes().splitlines()]

    assert before <= first.pop("at") <= time.time()
    assert 0 < first.pop("ms") < 60_000
    assert first == {
        "method": "POST",
        "path": "/Kinds/text",
        "status": 200,
        "client": "127.0.0.1",
        "service": "Kinds",
        "version": "Kinds/0",
        "prediction": given.headers["prediction-id"],
        "trace": TRACE,
    }
    assert (second["path"], second["status"]) == ("/nothing", 404)
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_trace_goes_back_to_its_caller_as_a_new_part_of_it(tmp_path: Path) -> None:
    with http_host(tmp_path, "Kinds", pool={"workers": 1}) as host:
        parent = f"00-{TRACE}-b7ad6b7169203331-01"
        given = host.call("/Kinds/text", {"text": "a"}, traceparent=parent)
        refused = host.call("/Kinds/text", {}, traceparent=parent)
        without = host.call("/Kinds/text", {"text": "a"})

    version, trace, span, flags = given.headers["traceparent"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert span != "b7ad6b7169203331" and len(span) == 16
    assert refused.headers["traceparent"].split("-")[1] == TRACE
    assert "traceparent" not in without.headers


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"00-" + TRACE.encode(),
        b"00-" + TRACE.upper().encode() + b"-b7ad6b7169203331-01",
        b"ff-" + TRACE.encode() + b"-b7ad6b7169203331-01",
        b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01",
        b"00-" + TRACE.encode() + b"-" + b"0" * 16 + b"-01",
        b"00-" + TRACE.encode() + b"-b7ad6b7169203331-01-more",
        b"00-" + TRACE.encode() + b"-b7ad6b7169203331-01\n",
        b"00-" + TRACE.encode() + b"-b7ad6b7169203331-1",
    ],
)
def test_what_is_no_trace_is_ignored(value: bytes) -> None:
    assert continued_trace(value) is None


def test_a_trace_of_a_later_version_is_continued() -> None:
    continued = continued_trace(b"cc-" + TRACE.encode() + b"-b7ad6b7169203331-01-what-comes")

    assert continued is not None and continued[0] == TRACE
    assert continued[1].startswith(b"00-")


@pytest.mark.parametrize("path", [b"/a\x1b[31m", b"/\x9b31m", b"/\xe2\x80\xa8", b"/\x00\x7f\r\n", b"/" + b"x" * 10_000])
def test_a_path_is_written_so_that_a_terminal_shows_it(path: bytes) -> None:
    text = escaped(path)

    assert text.isascii() and text.isprintable()
    assert len(text) <= 2000


class _Request(dict[str, object]):
    """What the log reads of a request."""

    def __init__(self) -> None:
        super().__init__(method="GET", raw_path=b"/", client=("127.0.0.1", 1))


def test_what_a_disk_does_not_take_is_counted_and_told_when_it_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "not yet"
    log = AccessLog(str(folder / "access.log"), clock=lambda: 1.0)

    async def work() -> None:
        log.note(_Request(), 200, 0.1)
        log.note(_Request(), 200, 0.1)
        log.close()
        folder.mkdir()
        log.note(_Request(), 200, 0.1)
        log.close()

    asyncio.run(work())
    (line,) = (folder / "access.log").read_bytes().splitlines()

    assert msgspec.json.decode(line)["lost"] == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_long_log_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.hosting.access_log._LONGEST_BYTES", 100)
    log = AccessLog(str(tmp_path / "access.log"), clock=lambda: 1.0)

    async def work() -> None:
        for _ in range(3):
            for _ in range(5):
                log.note(_Request(), 200, 0.1)
            log.close()

    asyncio.run(work())

    assert len((tmp_path / "access.log.1").read_bytes().splitlines()) == 5
    assert not (tmp_path / "access.log").exists()
