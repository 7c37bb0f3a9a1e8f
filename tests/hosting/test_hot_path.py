"""What every answer passes through: ids, counts, writes."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from headwater.hosting.calls import Answer
from headwater.hosting.measures import Measures
from headwater.hosting.prediction_ids import PredictionIds
from headwater.hosting.predictions import time_of
from headwater.hosting.writes import JoinedWrites


class _Transport:
    """Keeps what comes out at the other end."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written.append(bytes(data))

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    get_extra_info = pause_reading = resume_reading = lambda self, *_: None


def test_head_and_body_go_out_in_one_write() -> None:
    transport = _Transport()

    async def answer() -> None:
        joined = _joined(transport)
        joined.write(b"head ")
        joined.write(b"body")
        joined.flush()
        await asyncio.sleep(0)

    asyncio.run(answer())

    assert transport.written == [b"head body"]


def test_what_nobody_flushes_goes_out_in_the_next_turn() -> None:
    transport = _Transport()

    async def answer() -> None:
        _joined(transport).write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.sleep(0)

    asyncio.run(answer())

    assert transport.written == [b"HTTP/1.1 100 Continue\r\n\r\n"]


def test_closing_sends_what_is_kept() -> None:
    assert _ended(lambda joined: joined.close()) == ([b"last words"], True)


def test_aborting_sends_nothing() -> None:
    assert _ended(lambda joined: joined.abort()) == ([], True)


def test_large_bodies_are_not_copied_into_one_piece() -> None:
    transport, body = _Transport(), bytes(1 << 20)

    async def answer() -> None:
        joined = _joined(transport)
        joined.write(b"head")
        joined.write(body)
        joined.flush()

    asyncio.run(answer())

    assert [len(each) for each in transport.written] == [4, 1 << 20]


def test_prediction_ids_hold_their_time_and_stand_in_its_order() -> None:
    now = [1_700_000_000.0]
    ids = PredictionIds(lambda: now[0])
    first = ids.next()
    now[0] += 0.001
    second = ids.next()

    assert (time_of(first), time_of(second)) == (1_700_000_000.0, 1_700_000_000.001)
    assert first < second


def test_prediction_ids_of_one_moment_differ() -> None:
    ids = PredictionIds(lambda: 1_700_000_000.0)

    assert len({ids.next() for _ in range(2000)}) == 2000


def test_each_digit_of_a_prediction_id_comes_from_a_byte_of_its_own() -> None:
    # 256 ids are drawn at once; of the next ones no digit may be taken from them again.
    drawn: list[int] = []

    def draw(count: int) -> bytes:
        drawn.append(count)
        return bytes(len(drawn) for _ in range(count))

    ids = PredictionIds(lambda: 0.0, draw)
    given = [ids.next()[10:] for _ in range(257)]

    assert given == ["1" * 16] * 256 + ["2" * 16]
    assert drawn == [16 * 256] * 2


def test_counts_stand_as_prometheus_reads_them() -> None:
    measures = Measures()
    for seconds in (0.001, 0.002, 20.0):
        measures.note(("Churn", "score", "Churn/1"), 200, seconds, None)
    measures.note(("Churn", "score", "Churn/1"), 422, 0.5, Answer(422, b"", 0, queued=0.0, computed=0.1, batch=64))

    found = _samples(measures)

    assert found["headwater_requests_total", "200", None] == 3.0
    assert found["headwater_requests_total", "422", None] == 1.0
    # A bound belongs to its bucket.
    assert found["headwater_request_seconds_bucket", None, "0.001"] == 1.0
    assert found["headwater_request_seconds_bucket", None, "0.0025"] == 2.0
    assert found["headwater_request_seconds_bucket", None, "10.0"] == 3.0
    assert found["headwater_request_seconds_bucket", None, "+Inf"] == 4.0
    assert found["headwater_request_seconds_count", None, None] == 4.0
    assert pytest.approx(20.503) == found["headwater_request_seconds_sum", None, None]
    assert found["headwater_batch_size_bucket", None, "32.0"] == 3.0
    assert found["headwater_batch_size_sum", None, None] == 67.0


def _joined(transport: _Transport) -> JoinedWrites:
    return JoinedWrites(transport, asyncio.get_running_loop())  # type: ignore[arg-type]


def _ended(end: Callable[[JoinedWrites], None]) -> tuple[list[bytes], bool]:
    transport = _Transport()

    async def answer() -> None:
        joined = _joined(transport)
        joined.write(b"last words")
        end(joined)
        await asyncio.sleep(0)

    asyncio.run(answer())
    return transport.written, transport.is_closed


def _samples(measures: Measures) -> dict[tuple[str, Any, Any], float]:
    from prometheus_client.parser import text_string_to_metric_families

    families = text_string_to_metric_families(measures.text().decode())
    return {
        (sample.name, sample.labels.get("status"), sample.labels.get("le")): sample.value
        for family in families
        for sample in family.samples
    }
