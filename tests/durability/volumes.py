"""Small volumes that fill up, where this machine lets us mount one."""

import os
import subprocess
from contextlib import contextmanager

import pytest


@contextmanager
def small_volume(folder, kilobytes, *, inodes=0):
    """Mount a file system of so many KB in memory; skips the test where mounting is not allowed."""
    os.makedirs(folder, exist_ok=True)
    options = f"size={kilobytes}k,mode=0700" + (f",nr_inodes={inodes}" if inodes else "")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no volume can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def enlarge(folder, kilobytes):
    """Give a volume more room."""
    options = f"remount,size={kilobytes}k,nr_inodes=0"
    subprocess.run(["mount", "-o", options, str(folder)], check=True, capture_output=True)
