"""Killed anywhere while it saves, the store has an object whole or not at all, and saving again succeeds."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import headwater.store
from headwater.store.artifacts import ArtifactStore
from headwater.store.fsck import Reference, check_objects, references_of_artifact
from headwater.store.objects import ObjectStore
from headwater.store.place_disk import DiskPlace

SAVE = """
import sys
from headwater.store.artifacts import ArtifactStore
from headwater.store.place_disk import DiskPlace
store = ArtifactStore(DiskPlace(sys.argv[1]))
for _ in range(2):
    store.objects.put_raw([bytes(2 << 20)])
    store.save_many({"b": "text " * 5000, "c": "other " * 5000}, small_budget=0)
"""
PASSAGES = [
    ("store.before_write", 1),
    ("store.before_write", 3),
    ("store.before_fsync", 1),
    ("store.before_rename", 1),
    ("store.before_fsync_folder", 1),
    ("store.after_put", 1),
    ("store.before_stamp", 1),
    ("store.after_touch", 1),
    ("store.after_touch", 3),
]


def save(place: str, **environment: str) -> int:
    command = [sys.executable, "-c", SAVE, place]
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


def save_again(place: DiskPlace) -> list[Reference]:
    """Save the same in this process; gives what it refers to."""
    store = ArtifactStore(place)
    raw = store.objects.put_raw([bytes(2 << 20)])
    saved = store.save_many({"b": "text " * 5000, "c": "other " * 5000}, small_budget=0)
    roots = [each for name in saved for each in references_of_artifact(name, saved[name].ref)]
    return [Reference("raw", raw, is_root=False), *roots]


@pytest.mark.parametrize(("point", "passage"), PASSAGES)
def test_a_kill_leaves_nothing_torn_and_the_next_save_succeeds(place, point, passage):
    died = save(place.root, HEADWATER_FAILPOINT=f"{point}:{passage}")
    whole = {key.rpartition("/")[2] for key in place.keys("") if not key.endswith(".ok")}
    references = save_again(place)

    assert died == -signal.SIGKILL
    assert whole <= {reference.digest for reference in references}
    assert list(check_objects(ObjectStore(place), references, level="data")) == []


def test_every_point_of_the_way_to_the_disk_is_passed_and_killed_at(place, tmp_path):
    log = tmp_path / "passed"
    save(place.root, HEADWATER_FAILPOINT_LOG=str(log))
    source = "".join(path.read_text() for path in Path(headwater.store.__path__[0]).rglob("*.py"))
    named = set(re.findall(r'failpoint\("([^"]+)"\)', source))
    swept = {"store.before_move_to_trash", "store.after_move_to_trash"}

    assert set(log.read_text().split()) == {point for point, _ in PASSAGES}
    assert {name for name in named if name.startswith("store.")} == {point for point, _ in PASSAGES} | swept


def test_many_processes_save_the_same_at_once(place):
    command = [sys.executable, "-c", SAVE, place.root]
    started = [subprocess.Popen(command) for _ in range(4)]

    assert [process.wait() for process in started] == [0] * 4
    assert list(check_objects(ObjectStore(place), save_again(place), level="data")) == []
    assert list(place.temporaries()) == []
