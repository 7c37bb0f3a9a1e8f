"""Killed anywhere while it saves, the store has an object whole or not at all, and saving again succeeds."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

import headwater.store
from headwater.store.artifacts import ArtifactStore
from headwater.store.fsck import check_objects, references_of_artifact

SAVE = """
import sys, numpy
from headwater.store.artifacts import ArtifactStore
from headwater.store.place_disk import DiskPlace
store = ArtifactStore(DiskPlace(sys.argv[1]))
values = {"a": numpy.arange(300_000.0), "b": "text " * 5000, "c": "other " * 5000}
for _ in range(2):
    store.save_many(values, small_budget=0)
"""
VALUES = {"a": numpy.arange(300_000.0), "b": "text " * 5000, "c": "other " * 5000}
PASSAGES = [
    ("store.before_write", 1),
    ("store.before_write", 3),
    ("store.before_fsync", 1),
    ("store.before_rename", 1),
    ("store.before_fsync_folder", 1),
    ("store.after_put", 1),
    ("store.before_stamp", 1),
    ("store.after_touch", 1),
    ("store.after_touch", 4),
]


def save(place: str, **environment: str) -> int:
    command = [sys.executable, "-c", SAVE, place]
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


@pytest.mark.parametrize(("point", "passage"), PASSAGES)
def test_a_kill_leaves_nothing_torn_and_the_next_save_succeeds(place, point, passage):
    died = save(place.root, HEADWATER_FAILPOINT=f"{point}:{passage}")
    store = ArtifactStore(place)
    whole = [key for key in place.keys("") if not key.endswith(".ok")]
    saved = store.save_many(VALUES, small_budget=0)
    references = [each for name in saved for each in references_of_artifact(name, saved[name].ref)]

    assert died == -signal.SIGKILL
    assert {key.rpartition("/")[2] for key in whole} <= {reference.digest for reference in references}
    assert list(check_objects(store.objects, references, level="data")) == []
    assert store.load(saved["a"].ref).sum() == VALUES["a"].sum()


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
    store = ArtifactStore(place)
    saved = store.save_many(VALUES, small_budget=0)
    references = [each for name in saved for each in references_of_artifact(name, saved[name].ref)]
    assert list(check_objects(store.objects, references, level="data")) == []
    assert list(place.temporaries()) == []
