import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from headwater.hosting import prediction_log
from headwater.hosting.measures import Measures
from headwater.hosting.prediction_files import SETTLED_SECONDS, join_hours, keep_within, write_predictions
from headwater.hosting.prediction_log import PredictionLog
from headwater.hosting.prediction_writer import Writer, masked
from headwater.hosting.predictions import (
    Lot,
    Prediction,
    PredictionsDamaged,
    find_prediction,
    prediction_files,
    predictions_folder,
    read_predictions,
    time_of,
)
from headwater.model.errors import NotFound
from headwater.model.ids import new_ulid
from headwater.model.order import CodeSource
from headwater.model.service import LogOptions, ServiceDefinition, ServiceVersion

#: 15:00 UTC, a whole hour.
HOUR = 1_700_060_400.0
CODE = CodeSource("/p", "adder.py", "adder", "Adder")


class Pool:
    """What the log asks of the pool that answered: its version."""

    def __init__(self, number: int = 1, **options: object) -> None:
        definition = ServiceDefinition("Adder", "adder.py", 1, "adder", {}, log=LogOptions(**options))  # type: ignore[arg-type]
        self.version = ServiceVersion(definition, CODE, "/home", number)


def entry(at: float, number: int = 0, **fields: object) -> Prediction:
    id = new_ulid(at, number.to_bytes(10, "big"))
    plain = Prediction(id, at, "Adder", 1, "add", "live", 200, 0.01, 1.0, f'{{"number":{number}}}', str(number))
    return msgspec.structs.replace(plain, **fields)


def folder_of(home: Path) -> str:
    return predictions_folder(str(home), "Adder")


def numbers(home: Path, **narrowed: object) -> list[int]:
    tables = read_predictions(str(home), "Adder", **narrowed)  # type: ignore[arg-type]
    return [int(answer) for table in tables for answer in table["answer"].to_pylist()]


def wait_until(is_so: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def logging(home: Path, pool: Pool, count: int, said: list[str] | None = None) -> PredictionLog:
    log = PredictionLog(str(home), time.time, (said if said is not None else []).append)
    for number in range(count):
        log.observe(pool, "add", new_ulid(time.time(), os.urandom(10)), b'{"number":1}', 200, b"%d" % number, 0.01)  # type: ignore[arg-type]
    return log


# What is kept


def test_what_was_observed_is_read_again_in_order(tmp_path: Path) -> None:
    log = logging(tmp_path, Pool(), 2500)
    log.start()
    asyncio.run(log.close())

    assert numbers(tmp_path) == list(range(2500))
    assert (log.kept, log.dropped) == ({"Adder": 2500}, {})


def test_a_share_is_kept_and_each_entry_says_which(tmp_path: Path) -> None:
    log = logging(tmp_path, Pool(share=0.25), 4000)
    log.start()
    log.stop()
    (table,) = read_predictions(str(tmp_path), "Adder")

    assert 800 < table.num_rows < 1200
    assert set(table["share"].to_pylist()) == {0.25}


def test_nothing_is_kept_of_a_service_that_logs_nothing(tmp_path: Path) -> None:
    log = logging(tmp_path, Pool(share=0.0), 100)
    log.start()
    log.stop()

    assert (log.kept, os.listdir(tmp_path)) == ({}, [])


def test_what_finds_no_room_is_dropped_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_log, "_MOST_ENTRIES", 10)
    log = logging(tmp_path, Pool(), 25)
    log.start()
    log.stop()

    assert (log.kept, log.dropped) == ({"Adder": 10}, {("Adder", "full"): 15})


def test_room_is_counted_in_bytes_too_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_log, "_MOST_BYTES", 1000)
    log, pool = PredictionLog(str(tmp_path), time.time), Pool()
    log.start()
    for _ in range(2):
        log.observe(pool, "add", "A", b"x" * 600, 200, b"", 0.01)  # type: ignore[arg-type]
    wait_until(lambda: not log._entries)
    log.observe(pool, "add", "B", b"x" * 600, 200, b"", 0.01)  # type: ignore[arg-type]
    log.stop()

    assert (log.kept, log.dropped) == ({"Adder": 2}, {("Adder", "full"): 1})


def test_long_requests_are_cut(tmp_path: Path) -> None:
    log = PredictionLog(str(tmp_path), time.time)
    log.observe(Pool(), "add", "A", b"x" * (prediction_log.LONGEST + 5), 200, b"", 0.01)  # type: ignore[arg-type]
    log.start()
    log.stop()
    (table,) = read_predictions(str(tmp_path), "Adder")

    assert len(table["request"][0].as_py()) == prediction_log.LONGEST


def test_without_pyarrow_nothing_is_logged_and_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_log.importlib.util, "find_spec", lambda name: None)
    said: list[str] = []
    log = logging(tmp_path, Pool(), 0, said)
    log.start()
    log.observe(Pool(), "add", "A", b"", 200, b"", 0.01)  # type: ignore[arg-type]
    log.stop()

    assert (len(said), "pyarrow is missing" in said[0]) == (1, True)
    assert (log.kept, log.dropped, os.listdir(tmp_path)) == ({}, {}, [])


# What dies


def test_a_writer_that_is_killed_is_replaced_and_its_loss_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_log, "_PAUSE_SECONDS", 0.0)
    said: list[str] = []
    log = logging(tmp_path, Pool(), 5, said)
    log.start()
    wait_until(lambda: log._writer is not None and not log._entries)
    assert log._writer is not None
    os.kill(log._writer._process.pid, signal.SIGKILL)
    log._writer._process.wait()
    log.observe(Pool(), "add", "A", b"", 200, b"7", 0.01)  # type: ignore[arg-type]
    log.stop()

    assert (log.kept, log.dropped) == ({"Adder": 1}, {("Adder", "lost"): 5})
    assert said == ["5 predictions were lost: their writer ended with code -9"]


HOST = """
import os, sys, time
sys.path.insert(0, {project!r})
from pathlib import Path
from tests.hosting.test_prediction_log import Pool, logging
log = logging(Path({home!r}), Pool(), 300)
log.start()
while log._entries:
    time.sleep(0.01)
os.kill(os.getpid(), 9)
"""


def test_a_host_that_is_killed_loses_nothing_that_was_handed_over(tmp_path: Path) -> None:
    program = HOST.format(project=str(Path(__file__).parents[2]), home=str(tmp_path))
    subprocess.run([sys.executable, "-c", program], check=False)
    wait_until(lambda: prediction_files(folder_of(tmp_path), None, None))

    assert numbers(tmp_path) == list(range(300))


def test_a_writer_killed_while_it_writes_leaves_no_torn_file(tmp_path: Path) -> None:
    write_predictions(folder_of(tmp_path), [entry(HOUR, 1)], "first")
    body = msgspec.msgpack.encode(
        Lot([msgspec.structs.astuple(msgspec.structs.replace(entry(HOUR, 2), request=b"", answer=b"2"))], [])  # type: ignore[list-item, arg-type]
    )
    lot = msgspec.msgpack.decode(body, type=Lot)
    body = msgspec.msgpack.encode(Lot(lot.entries, [("Adder", 1, LogOptions())]))
    killed = subprocess.run(
        [sys.executable, "-P", "-m", "headwater.hosting.prediction_writer", str(tmp_path)],
        input=len(body).to_bytes(4, "little") + body,
        env={**os.environ, "HEADWATER_FAILPOINT": "hosting.before_prediction_file"},
        check=False,
    )
    (hour,) = Path(folder_of(tmp_path)).iterdir()

    assert killed.returncode == -signal.SIGKILL
    assert len(list(hour.iterdir())) == 2
    assert numbers(tmp_path) == [1]
    keep_within(folder_of(tmp_path), 10**9, time.time() + 7200)
    assert len(list(hour.iterdir())) == 1


def test_a_disk_that_takes_nothing_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path))
    writer.take(Lot([(*msgspec.structs.astuple(entry(HOUR))[:9], b"", b"")], [("Adder", 1, LogOptions())]))  # type: ignore[list-item]
    Path(folder_of(tmp_path)).parent.mkdir(parents=True)
    Path(folder_of(tmp_path)).touch()
    (written,) = writer.write()

    assert (written.kept, written.failed) == (0, 1)
    assert "predictions of Adder were not kept" in written.message


# Masks


def test_masked_fields_are_left_out_at_any_depth() -> None:
    body = b'{"customer":[{"email":"a@b.c","age":3}],"email":{"x":1}}'

    assert masked(body, frozenset({"email"})) == '{"customer":[{"email":"***","age":3}],"email":"***"}'


def test_a_masked_tensor_is_known_by_its_name() -> None:
    body = b'{"inputs":[{"name":"email","datatype":"BYTES","data":["a@b.c"]},{"name":"age","data":[3]}]}'

    assert b"a@b.c" not in masked(body, frozenset({"email"})).encode()
    assert '"data":[3]' in masked(body, frozenset({"email"}))


@pytest.mark.parametrize("body", [b"a@b.c", b'{"email":"a@b.c"', b"\xff\x00", b"[" * 5000])
def test_what_cannot_be_read_is_masked_whole(body: bytes) -> None:
    assert masked(body, frozenset({"email"})) == '"***"'


def test_each_version_is_masked_as_it_says_itself(tmp_path: Path) -> None:
    log = PredictionLog(str(tmp_path), time.time)
    for pool in (Pool(1, mask=("email",)), Pool(2)):
        log.observe(pool, "add", "A", b'{"email":"a@b.c"}', 200, b"", 0.01)  # type: ignore[arg-type]
    log.start()
    log.stop()
    requests = [
        [
            text
            for table in read_predictions(str(tmp_path), "Adder", version=number)
            for text in table["request"].to_pylist()
        ]
        for number in (1, 2)
    ]

    assert requests == [['{"email":"***"}'], ['{"email":"a@b.c"}']]


# Reading


def test_reading_is_narrowed_by_time_and_version_to_the_columns_wanted(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    for number, at in enumerate((HOUR - 1, HOUR, HOUR + 10, HOUR + 3600)):
        write_predictions(folder, [entry(at, number, version=1 + number % 2)], str(number))
    narrowed = list(read_predictions(str(tmp_path), "Adder", since=HOUR, columns=["answer"]))

    assert numbers(tmp_path, since=HOUR, until=HOUR + 3600) == [1, 2]
    assert numbers(tmp_path, version=2) == [1, 3]
    assert numbers(tmp_path, newest_first=True) == [3, 2, 1, 0]
    assert [table.column_names for table in narrowed] == [["answer"]] * 3


def test_a_prediction_is_found_by_its_id(tmp_path: Path) -> None:
    kept = [entry(HOUR + number, number) for number in range(100)]
    write_predictions(folder_of(tmp_path), kept, "a")

    assert find_prediction(str(tmp_path), ["Other", "Adder"], kept[42].id) == kept[42]
    for missing in (new_ulid(HOUR, b"\xff" * 10), "nothing", ""):
        with pytest.raises(NotFound):
            find_prediction(str(tmp_path), ["Adder"], missing)


def test_a_damaged_file_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    for number in range(3):
        write_predictions(folder, [entry(HOUR + number, number)], str(number))
    path = prediction_files(folder, None, None)[1]
    Path(path).write_bytes(b"PAR1 nothing PAR1")
    damaged: list[str] = []

    assert (numbers(tmp_path, damaged=damaged), damaged) == ([0, 2], [path])
    with pytest.raises(PredictionsDamaged, match="is damaged"):
        numbers(tmp_path)
    with pytest.raises(NotFound, match="is in no log") as raised:
        find_prediction(str(tmp_path), ["Adder"], entry(HOUR, 9).id)
    assert path in raised.value.hint


def test_an_id_holds_its_time() -> None:
    assert time_of(new_ulid(HOUR + 0.25, b"\x00" * 10)) == HOUR + 0.25
    assert time_of("8" * 25 + "-") is None


# Files


def test_a_past_hour_becomes_one_file_and_nothing_is_read_twice(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    for number in range(30):
        write_predictions(folder, [entry(HOUR + number, number)], f"{number:02}")
    over = HOUR + 3600 + SETTLED_SECONDS
    early, joined, again = join_hours(folder, over - 1), join_hours(folder, over), join_hours(folder, over)
    both = numbers(tmp_path)
    join_hours(folder, time.time() + SETTLED_SECONDS + 1)

    assert (early, joined, again) == (0, 1, 0)
    assert both == numbers(tmp_path) == list(range(30))
    assert os.listdir(folder) == ["2023-11-15T15.parquet"]


def test_what_comes_late_for_a_joined_hour_is_kept(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    for number in range(2):
        write_predictions(folder, [entry(HOUR, number)], str(number))
    join_hours(folder, HOUR + 3600 + SETTLED_SECONDS)
    write_predictions(folder, [entry(HOUR, 2)], "late")

    assert numbers(tmp_path) == [0, 1, 2]


def test_an_hour_with_a_damaged_part_stays_in_parts(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    for number in range(3):
        write_predictions(folder, [entry(HOUR, number)], str(number))
    Path(prediction_files(folder, None, None)[1]).write_bytes(b"nothing")

    assert join_hours(folder, HOUR + 3600 + SETTLED_SECONDS) == 0
    assert numbers(tmp_path, damaged=[]) == [0, 2]
    assert os.listdir(folder) == ["2023-11-15T15"]


def test_the_oldest_files_go_when_the_budget_is_used_up(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    sizes = [write_predictions(folder, [entry(HOUR + 3600 * number, number)], "a") for number in range(5)]

    assert keep_within(folder, sum(sizes), HOUR) == 0
    assert keep_within(folder, sum(sizes[3:]), HOUR + 10 * 3600) == 3
    assert numbers(tmp_path) == [3, 4]
    assert len(os.listdir(folder)) == 2
    assert keep_within(folder, 0, HOUR) == 1
    assert numbers(tmp_path) == [4]


def test_the_writer_keeps_to_the_budget_and_says_so(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path))
    messages = []
    for number in range(20):
        fields = msgspec.structs.astuple(entry(HOUR + 3600 * number, number))[:9]
        writer.take(Lot([(*fields, b"", b"%d" % number)], [("Adder", 1, LogOptions(budget_bytes=30_000))]))  # type: ignore[list-item]
        messages += [written.message for written in writer.write()]
    left = prediction_files(folder_of(tmp_path), None, None)

    assert sum(os.path.getsize(path) for path in left) <= 30_000
    assert numbers(tmp_path)[-1] == 19
    assert any("at its budget" in message for message in messages)


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    write_predictions(folder_of(tmp_path), [entry(HOUR)], "a")
    (path,) = prediction_files(folder_of(tmp_path), None, None)

    assert (os.stat(path).st_mode & 0o777, os.stat(os.path.dirname(path)).st_mode & 0o777) == (0o600, 0o700)


def test_metrics_show_what_became_of_predictions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_log, "_MOST_ENTRIES", 3)
    log = logging(tmp_path, Pool(), 5)
    log.start()
    log.stop()
    measures = Measures()
    measures.add_predictions(log)
    text = measures.text().decode()

    assert 'headwater_predictions_kept_total{service="Adder"} 3.0' in text
    assert 'headwater_predictions_dropped_total{reason="full",service="Adder"} 2.0' in text
