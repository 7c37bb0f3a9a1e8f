import errno
import os
import signal
import stat
import subprocess
import sys

import pytest

from headwater.model.errors import DiskFull
from headwater.store.place_disk import DiskPlace
from tests.store.stored_files import files_below

POINTS = ["before_write", "before_fsync", "before_rename", "before_fsync_folder", "after_put"]
PUT = "import sys; from headwater.store.place_disk import DiskPlace; DiskPlace(sys.argv[1]).put('ab/key', [b'new'])"


def test_files_and_folders_are_closed_to_others_whatever_the_umask(place):
    old = os.umask(0o000)
    try:
        place.put("ab/abc", [b"x"])
    finally:
        os.umask(old)

    assert stat.S_IMODE(os.stat(place.path("ab/abc")).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(place.root).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(f"{place.root}/ab").st_mode) == 0o700


def test_a_tight_umask_does_not_lock_the_owner_out(place):
    old = os.umask(0o777)
    try:
        place.put("ab/abc", [b"x"])
    finally:
        os.umask(old)

    assert stat.S_IMODE(os.stat(place.path("ab/abc")).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(f"{place.root}/ab").st_mode) == 0o700


def record_calls(monkeypatch) -> list[tuple[str, str]]:
    """Note in which order the disk is asked for what."""
    calls: list[tuple[str, str]] = []
    fsync, rename = os.fsync, os.rename

    def noted_fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        name = os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))
        calls.append(
            ("fsync folder" if is_folder else "fsync", name if is_folder else f"{os.fstat(descriptor).st_size}")
        )
        fsync(descriptor)

    def noted_rename(source: str, target: str) -> None:
        calls.append(("rename", os.path.basename(target)))
        rename(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "rename", noted_rename)
    return calls


def test_bytes_are_flushed_before_the_rename_and_the_folder_after_it(place, monkeypatch):
    place.put("ab/first", [b"."])
    calls = record_calls(monkeypatch)

    place.put("ab/key", [b"12345"])

    assert calls == [("fsync", "5"), ("rename", "key"), ("fsync folder", "ab")]


def test_many_share_the_flush_of_their_folder(place, monkeypatch):
    place.put("ab/first", [b"."])
    calls = record_calls(monkeypatch)

    place.put_many([("ab/one", [b"1"]), ("ab/two", [b"22"])])

    assert calls == [("fsync", "1"), ("fsync", "2"), ("rename", "one"), ("rename", "two"), ("fsync folder", "ab")]


def test_a_new_folder_is_made_durable_in_its_parent(place, monkeypatch):
    place.put("aa/first", [b"."])
    calls = record_calls(monkeypatch)

    place.put("ab/key", [b"."])

    assert calls[0] == ("fsync folder", "objects")


def test_touch_makes_the_name_durable(place, monkeypatch):
    place.put("ab/key", [b"."])
    calls = record_calls(monkeypatch)

    place.touch("ab/key")

    assert calls == [("fsync folder", "ab")]


def test_a_failed_flush_is_not_asked_again_and_leaves_nothing(place, monkeypatch):
    asked = []

    def fail_once(descriptor: int) -> None:
        asked.append(descriptor)
        if len(asked) == 1:
            raise OSError(errno.EIO, "lost")

    place.put("ab/other", [b"."])
    monkeypatch.setattr(os, "fsync", fail_once)
    with pytest.raises(OSError, match="lost") as failed:
        place.put("ab/key", [b"x"])

    assert failed.value.filename == place.path("ab/key")
    assert len(asked) == 1
    assert [os.path.basename(path) for path in files_below(place.root)] == ["other"]


def test_a_failed_flush_of_the_folder_leaves_nothing_that_could_be_relied_on(place, break_at):
    place.put("ab/other", [b"."])
    break_at("store.before_fsync_folder:1:EIO")
    with pytest.raises(OSError):
        place.put("ab/key", [b"x"])

    assert place.stat("ab/key") is None


@pytest.mark.parametrize("code", ["ENOSPC", "EDQUOT"])
@pytest.mark.parametrize("point", POINTS[:-1])
def test_a_full_disk_names_path_needed_and_free_and_leaves_nothing(place, break_at, point, code):
    place.put("ab/other", [b"."])
    break_at(f"store.{point}:1:{code}")
    with pytest.raises(DiskFull) as caught:
        place.put_many([("ab/key", [b"12345", b"678"])])

    assert caught.value.path == place.path("ab/key")
    assert caught.value.needed == 8
    assert caught.value.free is not None
    assert [os.path.basename(path) for path in files_below(place.root)] == ["other"]


def test_an_error_in_the_middle_of_many_leaves_none_of_the_batch(place, break_at):
    break_at("store.before_write:3:EIO")
    with pytest.raises(OSError):
        place.put_many((f"ab/k{number}", [b"x"]) for number in range(5))

    assert files_below(place.root) == []


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_leaves_the_old_or_the_new_bytes(place, point):
    place.put("ab/key", [b"old"])
    environment = {**os.environ, "HEADWATER_FAILPOINT": f"store.{point}:1"}
    died = subprocess.run([sys.executable, "-c", PUT, place.root], env=environment, check=False)

    assert died.returncode == -signal.SIGKILL
    expected = b"new" if point in ("before_fsync_folder", "after_put") else b"old"
    assert place.get("ab/key") == expected
    assert list(place.keys("")) == ["ab/key"]


def test_what_a_kill_left_half_written_is_listed(place):
    place.put("ab/key", [b"old"])
    environment = {**os.environ, "HEADWATER_FAILPOINT": "store.before_rename:1"}
    subprocess.run([sys.executable, "-c", PUT, place.root], env=environment, check=False)

    [(path, _, size)] = list(place.temporaries())
    assert size == 3
    assert os.path.basename(path).startswith(".tmp-key-")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_really_full_disk_is_named_and_usable_again_after_freeing_room(tmp_path):
    mount = tmp_path / "small"
    mount.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mount)], check=False)
    if mounted.returncode:
        pytest.skip("no mounting here")
    try:
        place = DiskPlace(str(mount / "objects"))
        place.put("ab/filler", [bytes(150_000)])
        with pytest.raises(DiskFull) as caught:
            place.put("ab/key", [bytes(200_000)])
        place.delete("ab/filler")
        place.put("ab/key", [bytes(200_000)])

        assert caught.value.needed == 200_000
        assert 0 < caught.value.free < 200_000
        assert place.stat("ab/key").size == 200_000
        assert list(place.temporaries()) == []
    finally:
        subprocess.run(["umount", str(mount)], check=True)
