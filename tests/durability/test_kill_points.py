"""SIGKILL at every named point of the protocol, in the driver or in a task: nothing finished is lost or run again."""

import random

import pytest

from tests.durability.crash import RESULTS, SHAPES, Scene

#: Points that the driver, its zygote or a task pass in a plain run.
POINTS = [
    "drive.before_commit",
    "drive.after_commit",
    "drive.before_submit",
    "drive.after_submit",
    "ledger.before_begin",
    "ledger.after_insert",
    "ledger.before_commit",
    "ledger.after_commit",
    "store.before_write",
    "store.before_fsync",
    "store.before_rename",
    "store.before_fsync_folder",
    "store.after_put",
    "store.before_stamp",
    "task.before_save",
]
SEED = 20261122


def _sample():
    """Each point once or twice, each shape four times, at passages drawn by the seed; the long tier has all."""
    rng = random.Random(SEED)
    points = [*POINTS, *rng.sample(POINTS, 9)]
    shapes = [SHAPES[number % len(SHAPES)] for number in range(len(points))]
    rng.shuffle(shapes)
    return [(shape, point, rng.choice((1, 1, 2, 3, 5, 8))) for shape, point in zip(shapes, points, strict=True)]


@pytest.mark.parametrize(("shape", "point", "passage"), _sample())
def test_a_run_killed_at_this_point_ends_as_if_nothing_had_happened(tmp_path, shape, point, passage):
    kill_and_compare(tmp_path, shape, [f"{point}:{passage}"])


@pytest.mark.long
@pytest.mark.parametrize("passage", [1, 2, 3, 4, 6, 9, 13, 20])
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_point_and_passage(tmp_path, shape, point, passage):
    kill_and_compare(tmp_path, shape, [f"{point}:{passage}"])


@pytest.mark.long
@pytest.mark.parametrize("number", range(200))
def test_resumes_may_be_killed_too(tmp_path, number):
    rng = random.Random(SEED + number)
    crashes = [f"{rng.choice(POINTS)}:{rng.choice((1, 2, 3, 5))}" for _ in range(rng.choice((2, 2, 3)))]
    print("seed", SEED + number, crashes)
    kill_and_compare(tmp_path, rng.choice(SHAPES), crashes)


def test_every_failpoint_of_a_run_is_in_the_list(tmp_path):
    passed = set()
    for shape in ("ForeachFlow", "LoopFlow"):
        log = tmp_path / shape / "log"
        log.parent.mkdir()
        assert Scene(tmp_path / shape, shape).start(log=str(log)) == 0
        passed |= set(log.read_text().split())

    assert passed - {"ledger.before_migrated", "ledger.after_migrated", "store.after_touch"} <= set(POINTS)


def kill_and_compare(folder, shape, failpoints):
    scene = Scene(folder, shape)
    committed: set[str] = set()
    for number, failpoint in enumerate(failpoints):
        (scene.start if number == 0 else scene.resume_or_start)(failpoint=failpoint)
        assert_kept(scene, committed)
        committed |= scene.finished()
    before = scene.counts()
    code = scene.resume_or_start()

    latest = scene.latest()
    assert latest is not None, scene.output
    row, result, _ = latest
    assert row.status == "succeeded", (code, scene.output)
    assert result == RESULTS[shape]
    assert_none_again(scene, before, committed)
    assert scene.run("fsck", "--data") == 0, scene.output


def assert_kept(scene, committed):
    assert committed <= scene.finished(), "a committed task is no longer there"


def assert_none_again(scene, before, committed):
    """Tasks that were committed before the last command did not run in it."""
    ran = scene.counts() - before
    for key in committed:
        assert not ran[line_of(key)], f"{key} was committed and ran again: {ran}"


def line_of(key):
    """The line that a task of this key writes."""
    head, *frames = key.split("/")
    step, _, passes = head.partition("~")
    mark = ""
    if step == "work":
        mark = f"#{int(passes or 0)}"
    elif step == "judge":
        mark = f"#{int(passes or 0) + 1}"
    return f"{step}[{'.'.join(frame.rsplit('.', 1)[1] for frame in frames)}]{mark}"
