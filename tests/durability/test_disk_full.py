"""A disk that fills up at any moment: the run ends `failed: disk full` and says so, and resumes when there is room."""

import random
import re
import stat

import pytest

from tests.durability.crash import DEEDS, Scene
from tests.durability.volumes import enlarge, small_volume

#: KB of the whole volume; the flow needs about 5,500 of them beside the reserve.
SIZES = [2200, 2800, 3400, 4200, 5200]
#: On a smaller volume there is no room for the last words of a run: it may be left `interrupted`.
RESERVE_KILOBYTES = 1600
SEED = 20261122
RESULT = [600_000, 500_000, 500_001, 500_002, 500_003, 800_000]


@pytest.mark.parametrize("kilobytes", SIZES)
def test_a_run_on_a_full_disk_says_so_and_resumes_when_there_is_room(tmp_path, kilobytes):
    fill_and_resume(tmp_path, kilobytes)


@pytest.mark.long
@pytest.mark.parametrize("kilobytes", range(64, 6400, 64))
def test_at_every_size(tmp_path, kilobytes):
    fill_and_resume(tmp_path, kilobytes)


@pytest.mark.long
@pytest.mark.parametrize("number", range(12))
def test_at_any_number_of_inodes(tmp_path, number):
    inodes = random.Random(SEED + number).randrange(12, 60)
    print("inodes", inodes)
    fill_and_resume(tmp_path, 20_000, inodes=inodes)


def fill_and_resume(tmp_path, kilobytes, inodes=0):
    with small_volume(tmp_path / "volume", kilobytes, inodes=inodes) as volume:
        scene = Scene(tmp_path, "DiskFlow", DEEDS, home=volume / "home")
        code = scene.start()
        said = scene.output
        assert "headwater/store" not in said, f"our own frames are shown: {said}"
        enlarge(volume, 40_000)
        if code:
            assert_said_full(scene, code, said, has_reserve=kilobytes > RESERVE_KILOBYTES)
        committed = scene.finished()
        before = scene.counts()

        if code:
            ended = scene.resume_or_start()
            if ended and kilobytes <= RESERVE_KILOBYTES:
                # The run was left `interrupted` behind a task whose failure was recorded: only its end was left.
                assert (scene.latest()[0].status, scene.latest()[0].cause) == ("failed", "disk_full")
                ended = scene.resume_or_start()
            assert ended == 0, (said, scene.output)
        row, result, _ = scene.latest()
        assert (row.status, result) == ("succeeded", RESULT)
        assert_none_again(scene, before, committed)
        assert scene.findings("--data") == []


def assert_said_full(scene, code, said, *, has_reserve):
    """The command names the path and what is free; a run that could start has ended, and its record says why."""
    assert re.search(r"[Dd]isk full|No space left", said), said
    if not (scene.home / "ledger.db").exists() or (row := newest(scene)) is None:
        assert code in (1, 2), said  # not even a run could begin
        return
    ends = [("failed", "disk_full")] + [("interrupted", None)] * (not has_reserve)
    assert (row.status, row.cause) in ends, (row, said)
    assert re.search(rf"disk full at {re.escape(str(scene.home))}\S*: .*free", said), said


def newest(scene):
    if not stat.S_ISREG((scene.home / "ledger.db").stat().st_mode) or not (scene.home / "ledger.db").stat().st_size:
        return None
    return scene.row()


def assert_none_again(scene, before, committed):
    ran = scene.counts() - before
    for key in committed:
        step, _, frame = key.partition("/")
        line = step if not frame else f"{step} {frame.rsplit('.', 1)[1]}"
        assert not ran[line], f"{key} was committed and ran again"
