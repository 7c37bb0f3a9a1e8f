"""How often an attempt waits for the disk, as the kernel counts it."""

import re
import shutil
import subprocess
import sys

import pytest

SAVE = """
import sys
import numpy
from headwater.store.artifacts import ArtifactStore
from headwater.store.place_disk import DiskPlace

count = int(sys.argv[2])
store = ArtifactStore(DiskPlace(sys.argv[1]))
store.save_many({f"x{number}": numpy.random.default_rng(number).random(2000) for number in range(count)})
"""


def flushes(folder: str, count: int) -> int:
    """Save so many values of 16 KB in a new store, in one go; gives the number of flushes."""
    command = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync,sync,syncfs", sys.executable, "-c", SAVE]
    done = subprocess.run([*command, folder, str(count)], capture_output=True, text=True)
    if done.returncode and "ptrace" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr
    calls = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?\w*sync\w*$", done.stderr, re.MULTILINE)
    return sum(int(number) for number in calls)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_values_of_one_attempt_share_what_can_be_shared(tmp_path):
    few, many = flushes(str(tmp_path / "few"), 1), flushes(str(tmp_path / "many"), 40)

    assert 3 <= few <= 4  # the file, its folder, and what holds the new folders
    assert 40 < many <= 2 * 40 + 2  # each file, each folder once, and once what holds the new folders
