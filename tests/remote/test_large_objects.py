"""Large objects go up and down in bounded memory, on both sides (peak above the start: less than 64 MiB)."""

import os
import re
import subprocess
import sys

import pytest

from tests.remote.machines import ROOT
from tests.remote.test_server_kills import KilledServer

MOST_MIB = 64
SEND = """
import os, sys
from headwater.remote.connection import Server
from headwater.remote.objects import RemoteObjects
objects = RemoteObjects(Server(sys.argv[1], os.environ["HEADWATER_SERVER_TOKEN"]))
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) // 1024
before = peak()
if sys.argv[2] == "send":
    objects.send(sys.argv[3], sys.argv[4])
else:
    assert objects.fetch(sys.argv[3], sys.argv[4])
print(peak() - before)
"""


@pytest.fixture
def server(tmp_path):
    server = KilledServer(tmp_path / "server")
    server.start()
    yield server
    server.kill()


def peak_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        found = re.search(r"VmHWM:\s+(\d+)", file.read())
    return int(found[1]) // 1024


def client(server, *words):
    """Peak memory above its start, in MiB, of a process that sends or fetches."""
    ran = subprocess.run(
        [sys.executable, "-c", SEND, server.url, *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "HEADWATER_SERVER_TOKEN": server.token},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return int(ran.stdout)


def large_file(path, mib):
    """A file that does not compress, and its digest."""
    from blake3 import blake3

    hasher, block = blake3(), os.urandom(1 << 20)
    with open(path, "wb") as file:
        for number in range(mib):
            piece = number.to_bytes(8, "big") + block[8:]
            hasher.update(piece)
            file.write(piece)
    return hasher.hexdigest()


def go_up_and_down(server, folder, mib):
    digest = large_file(folder / "large", mib)
    before = peak_mib(server.process.pid)
    up = client(server, "send", digest, folder / "large")
    down = client(server, "fetch", digest, folder / "back")
    above = peak_mib(server.process.pid) - before
    with open(folder / "large", "rb") as sent, open(folder / "back", "rb") as back:
        while piece := sent.read(1 << 20):
            assert piece == back.read(1 << 20)

    assert os.listdir(os.path.join(server.home, "incoming")) == []
    assert max(up, down, above) < MOST_MIB, (up, down, above)


def test_a_large_object_goes_up_and_down_in_bounded_memory(server, tmp_path):
    go_up_and_down(server, tmp_path, 160)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_gibibyte_goes_up_and_down_in_bounded_memory(server, tmp_path):
    go_up_and_down(server, tmp_path, 1024)
