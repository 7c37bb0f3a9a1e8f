"""Installs each peer into an environment of its own, from a pinned list, and says which could not be."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from bench.session import BENCH, VENVS

PEERS = ("metaflow", "luigi", "joblib", "dask", "ray", "prefect")
#: Those that answer requests.
SERVERS = ("starlette", "mlserver", "bentoml")


def install(peers: Sequence[str]) -> tuple[frozenset[str], list[str]]:
    """Give the peers that are there, and a line for each that is not."""
    there, notes = set(), []
    for peer in peers:
        reason = install_one(peer)
        if reason:
            notes.append(f"{peer} was skipped: {reason}")
        else:
            there.add(peer)
    return frozenset(there), notes


def install_one(peer: str) -> str:
    """Install a peer unless it is there already; gives why it failed, or nothing."""
    if peer == "ray" and shutil.which("unshare") is None:
        return "it only runs in a network of its own, which needs `unshare`"
    wanted = (BENCH / "requirements" / f"{peer}.txt").read_text()
    folder = VENVS / peer
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return ""
    print(f"installing {peer}", file=sys.stderr, flush=True)
    for command in commands(peer):
        ended = subprocess.run(command, capture_output=True, text=True)
        if ended.returncode != 0:
            return (ended.stderr.strip().splitlines() or ["no reason given"])[-1]
    stamp.write_text(wanted)
    return ""


def install_headwater() -> str:
    """Install the project as a user would, with numpy and pandas for the flows; gives the interpreter.

    Raises:
        CalledProcessError: something of it failed; its last words are on stderr.
    """
    folder = VENVS / "headwater"
    python = str(folder / "bin" / "python")
    locked = BENCH.parent / "requirements" / "demo.lock"
    stamp = folder / "installed.txt"
    if not stamp.exists() or stamp.read_text() != locked.read_text():
        print("installing headwater", file=sys.stderr, flush=True)
        for command in commands("headwater", str(locked)):
            subprocess.run(command, check=True, stdout=sys.stderr)
        stamp.write_text(locked.read_text())
    if uv := find_uv():
        install = [uv, "pip", "install", "--quiet", "--python", python]
    else:
        install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check"]
    # Built into a wheel first; the lock brings what builds it.
    install += ["--no-deps", "--no-build-isolation", "--force-reinstall", str(BENCH.parent)]
    subprocess.run(install, check=True, stdout=sys.stderr)
    return python


def find_uv() -> str | None:
    """Give the path of uv, beside this interpreter or anywhere else."""
    beside = os.path.dirname(sys.executable)
    return shutil.which("uv", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))


def commands(subject: str, pinned: str = "") -> list[list[str]]:
    """uv where it is installed (seconds), pip otherwise (a minute)."""
    folder, pinned = str(VENVS / subject), pinned or str(BENCH / "requirements" / f"{subject}.txt")
    python = f"{folder}/bin/python"
    if uv := find_uv():
        return [
            [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, folder],
            [uv, "pip", "install", "--quiet", "--python", python, "--requirement", pinned],
        ]
    return [
        [sys.executable, "-m", "venv", folder],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", pinned],
    ]
