"""Where a ledger lies: file systems, full disks, permissions."""

import os
import subprocess

import pytest

from headwater.ledger.filesystems import NETWORK_TYPES, filesystem_type, refuse_network_folder
from headwater.ledger.sqlite import SqliteLedger
from headwater.model.errors import DiskFull, LedgerDamaged, SettingMistake
from headwater.model.ports import Commit
from tests.ledger.ledger_stories import begin, commit, finished, started, succeeded

MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb /home/ada/disk xfs rw 0 0
me@far:/ /mnt/my\\040files fuse.sshfs rw 0 0
tmpfs /tmp tmpfs rw 0 0
server:/x /tmp nfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/homework", "ext4"),
        ("/home", "nfs4"),
        ("/home/ada", "nfs4"),
        ("/home/ada/disk/store", "xfs"),
        ("/mnt/my files/store", "fuse.sshfs"),
        ("/tmp/x", "nfs"),
    ],
)
def test_the_type_of_a_file_system_is_that_of_the_nearest_mount(path, kind):
    assert filesystem_type(path, MOUNTS) == kind


def test_network_file_systems_are_refused_with_a_hint(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/x {tmp_path} nfs4 rw 0 0\n")
    with pytest.raises(SettingMistake, match=r"network file system \(nfs4\)") as refused:
        refuse_network_folder(str(tmp_path), str(mounts))

    assert "HEADWATER_HOME" in refused.value.hint
    assert {"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs"} <= NETWORK_TYPES


def test_a_local_folder_is_taken(tmp_path):
    refuse_network_folder(str(tmp_path))
    refuse_network_folder(str(tmp_path), str(tmp_path / "no such file"))


def test_a_ledger_asks_on_what_it_lies(home, monkeypatch):
    asked = []
    monkeypatch.setattr("headwater.ledger.sqlite.refuse_network_folder", asked.append)
    SqliteLedger(home).close()

    assert asked == [home]


@pytest.fixture
def small_volume(tmp_path):
    """A file system of 2 MB."""
    folder = tmp_path / "volume"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small volume")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_named_nothing_is_written_and_freeing_room_heals(small_volume):
    ledger = SqliteLedger(str(small_volume / "home"))
    lease, _ = begin(ledger, started("start", 1))
    ballast = small_volume / "ballast"
    with pytest.raises(OSError, match="No space"), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    big = {f"{number:064x}": bytes(4096) for number in range(200)}
    with pytest.raises(DiskFull) as full:
        ledger.append(lease, Commit([succeeded("start")], big))

    assert "ledger.db" in full.value.path
    assert full.value.free == 0
    assert ledger.run(lease.run).task_counts == {"running": 1}
    assert list(ledger.small_sizes()) == []
    ballast.unlink()
    ledger.append(lease, Commit([succeeded("start"), finished()], big))
    assert ledger.run(lease.run).status == "succeeded"
    assert len(list(ledger.small_sizes())) == 200
    assert list(ledger.check()) == []
    ledger.close()


def test_a_ledger_is_for_its_owner_only(home):
    before = os.umask(0)
    try:
        ledger = SqliteLedger(home)
        begin(ledger)
        modes = {
            name: os.stat(os.path.join(home, name)).st_mode & 0o777
            for name in ("ledger.db", "ledger.db-wal", "locks", "locks/writer")
        }
        ledger.close()
    finally:
        os.umask(before)

    assert modes == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "locks": 0o700, "locks/writer": 0o600}


def test_a_ledger_is_opened_again_with_all_that_was_in_it(home):
    ledger = SqliteLedger(home)
    lease, first = begin(ledger, started("start", 1))
    ledger.append(lease, commit(succeeded("start"), finished(), texts=["x"]))
    events = list(ledger.events(first.run))
    ledger.close()
    again = SqliteLedger(home)

    assert list(again.events(first.run)) == events
    assert again.run(first.run).status == "succeeded"
    assert begin(again)[1].label == 2
    again.close()


def test_a_ledger_with_a_damaged_page_opens_or_says_that_it_is_damaged(home):
    SqliteLedger(home).close()
    path = os.path.join(home, "ledger.db")
    with open(path, "rb") as file:
        whole = file.read()
    refused = []
    for page in range(len(whole) // 4096):
        with open(path, "wb") as file:
            file.write(whole[: page * 4096] + b"\xa5" * 4096 + whole[(page + 1) * 4096 :])
        try:
            SqliteLedger(home).close()
        except LedgerDamaged:
            refused.append(page)

    # The first page, and those of the schema, are read by everybody.
    assert len(refused) > 1
    assert refused[0] == 0
