"""What a task printed before it was killed is kept, in order, of both streams; floods stay within bounds."""

import resource

import pytest

from headwater.store.lines import read_records
from tests.durability.crash import DEEDS, Scene


def logs(scene):
    return sorted((scene.home / "runs").glob("*/*.log"))


def test_every_flushed_line_before_a_sigkill_is_kept_in_order(tmp_path):
    scene = Scene(tmp_path, "LinesFlow", DEEDS)

    assert scene.start() == 1
    (log,) = logs(scene)
    streams = {"stdout": b"", "stderr": b""}
    for record in read_records(str(log)):
        streams[record.stream] += record.content + b"\n" * record.is_complete
    assert streams["stdout"].decode().splitlines() == [f"out {n}" for n in range(300)] + ["the unfinished one"]
    assert streams["stderr"].decode().splitlines() == [f"err {n}" for n in range(300)]
    assert scene.run("logs", "LinesFlow/1/start/1") == 0
    assert "err 299" in scene.output
    assert "the unfinished one" in scene.output
    assert scene.status()["failures"][0]["error"]["details"]["signal"] == "SIGKILL"


@pytest.mark.parametrize("megabytes", [48, pytest.param(384, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_a_flood_is_bounded_in_memory_and_kept_whole_below_the_limit(tmp_path, megabytes):
    scene = Scene(tmp_path, "FloodFlow", DEEDS)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss

    assert scene.start("--megabytes", str(megabytes), "--quiet") == 0, scene.output[-2000:]
    (log,) = logs(scene)
    size = log.stat().st_size
    assert 2 * megabytes << 20 <= size <= 2.6 * megabytes * (1 << 20)
    # Of all our children the largest; the flood itself would be twice `megabytes`.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak - before < 150_000 or peak < 150_000


def test_a_log_beyond_its_limit_ends_with_a_notice(tmp_path):
    scene = Scene(tmp_path, "FloodFlow", DEEDS)

    assert scene.start("--megabytes", "4", HEADWATER_MAX_LOG_SIZE="1") == 0, scene.output[-2000:]
    (log,) = logs(scene)
    assert 900_000 < log.stat().st_size < (1 << 20) + 70_000
    assert "ends early" in scene.output or b"left out" in log.read_bytes()[-500:], log.read_bytes()[-500:]
