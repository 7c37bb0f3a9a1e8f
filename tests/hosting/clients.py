"""Environments of their own for programs that others published: locked by hash, kept in the user's cache."""

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_LOCK = Path(__file__).with_name("clients.lock")


def clients_python() -> str:
    """Give the interpreter with the published clients; skips the test, with the reason, when it cannot be built."""
    return python_with(_LOCK)


@functools.cache
def python_with(lock_file: Path) -> str:
    """Give the interpreter of an environment with what a lock holds; skips the test when it cannot be built."""
    name = hashlib.sha256(lock_file.read_bytes() + sys.version.encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headwater-tests"
    folder = cache / f"{lock_file.stem}-{name}"
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / f"{folder.name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            _build(folder, lock_file)
    return str(folder / "bin" / "python")


def _build(folder: Path, lock_file: Path) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    assert uv is not None
    shutil.rmtree(folder, ignore_errors=True)
    _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
    python = str(folder / "bin" / "python")
    _run([uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", str(lock_file)])
    (folder / "whole").touch()


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        pytest.skip(f"what others published cannot be installed: {done.stderr.strip()[-300:]}")
