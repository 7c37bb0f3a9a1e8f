"""gc beside running flows, and killed at any point: nothing that a run holds is ever gone."""

import os
import random
import subprocess
import sys
from contextlib import closing

import pytest

from headwater.home import make_home, open_home
from headwater.store.keys import object_key
from tests.durability.crash import DEEDS, RESULTS, Scene, wait_until_gone

SEED = 20261122
POINTS = ["store.before_move_to_trash", "store.after_move_to_trash", "ledger.before_commit", "ledger.after_commit"]


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_gc_loses_nothing_and_the_next_one_finishes_its_work(tmp_path, point):
    scene = Scene(tmp_path, "StoredFlow", DEEDS)
    assert scene.start() == 0, scene.output
    orphans = make_orphans(scene, 3)

    code = scene.run("gc", "--yes", failpoint=f"{point}:1")
    assert code in (-9, 0), scene.output  # 0: there was nothing to do in the ledger
    assert scene.findings("--data") == []
    assert scene.run("gc", "--yes", "--purge") == 0, scene.output
    assert not any(path.exists() for path in orphans)
    assert scene.findings("--data") == []
    assert os.listdir(scene.home / "trash") == []


def test_gc_beside_a_running_flow_takes_nothing_of_it(tmp_path):
    scene = Scene(tmp_path, "HeldFlow", DEEDS)
    let_go = tmp_path / "let_go"
    os.mkfifo(let_go)
    orphans = make_orphans(scene, 2)
    running = scene.begin(*scene.start_words, LET_GO=str(let_go))
    scene.wait_told()

    swept = subprocess.run(
        [sys.executable, "-m", "headwater", "gc", "--yes", "--purge"],
        env=scene.environ(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert swept.returncode == 0, swept.stderr
    assert not any(path.exists() for path in orphans)
    let_go.write_text("x")
    assert running.wait(60) == 0, scene.console()
    wait_until_gone(scene.mark)
    assert scene.latest()[1] == [2_048_000, 2_048_000, 5]
    assert scene.findings("--data") == []


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", range(10))
def test_writers_kills_and_gc_together_lose_nothing(tmp_path, number):
    """Runs that are started, killed and resumed while gc goes round beside them."""
    rng = random.Random(SEED + number)
    print("seed", SEED + number)
    scene = Scene(tmp_path, "ForeachFlow")
    make_orphans(scene, 2)
    for _ in range(6):
        point = rng.choice(["store.before_rename", "store.after_put", "drive.before_commit", "ledger.after_commit"])
        begun = scene.begin(*scene.start_words, failpoint=f"{point}:{rng.randrange(1, 8)}")
        while begun.poll() is None:
            swept = subprocess.run(
                [sys.executable, "-m", "headwater", "gc", "--yes", "--purge"],
                env=scene.environ(),
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert swept.returncode == 0, swept.stderr
        wait_until_gone(scene.mark)
        assert scene.findings("--data") == []
        assert scene.resume_or_start() == 0, scene.output
        assert scene.latest()[1] == RESULTS["ForeachFlow"]
        assert scene.findings("--data") == []


def make_orphans(scene, count):
    """Store objects that nothing refers to, older than everything else."""
    make_home(str(scene.home))
    paths = []
    with closing(open_home(str(scene.home))) as home:
        for number in range(count):
            digest = home.objects.put_raw([b"orphan %d" % number])
            path = scene.home / "objects" / object_key(digest)
            os.utime(path, (1_000_000, 1_000_000))
            paths.append(path)
    return paths
