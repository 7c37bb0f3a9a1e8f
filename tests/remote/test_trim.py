"""What a machine keeps of a server's store stays within a bound, and nothing that only this machine has ever goes."""

import json
import os
import time

import pytest

from headwater.remote.trim import trim, trim_sometimes
from tests.remote.machines import Machine
from tests.remote.test_runs import FLOW

NOW = 2_000_000_000.0
MIB = 1 << 20


def digest_of(number):
    return f"{number:02x}" * 32


def put(folder, number, hours_ago, part="objects"):
    """An object of a MiB that was used so many hours ago; gives its path."""
    path = folder / part / f"{number:02x}" / digest_of(number)
    path.parent.mkdir(parents=True)
    path.write_bytes(os.urandom(MIB))
    (path.parent / f"{path.name}.ok").write_text("stamp")
    used_at = NOW - hours_ago * 3600
    os.utime(path, (used_at, used_at))
    return path


@pytest.fixture
def kept(tmp_path):
    """Ten objects, number 1 used an hour and a half ago, each next one an hour earlier."""
    return [put(tmp_path, number, number + 0.5, "small" if number == 4 else "objects") for number in range(1, 11)]


def numbers(paths):
    return [number for number, path in enumerate(paths, 1) if path.exists()]


def test_what_was_not_used_for_longest_goes_first(tmp_path, kept):
    said = trim(str(tmp_path), 6 * MIB, NOW)

    # Well within the bound, so that the next object does not call for the next look.
    assert numbers(kept) == [1, 2, 3, 4]
    assert (said.objects, said.removed, said.spared) == (10, 6, 0)
    assert not os.path.exists(f"{kept[9]}.ok")
    assert os.path.exists(f"{kept[0]}.ok")


def test_within_the_bound_nothing_goes(tmp_path, kept):
    assert trim(str(tmp_path), 20 * MIB, NOW).removed == 0
    assert len(numbers(kept)) == 10


def test_a_small_object_goes_as_any_other(tmp_path, kept):
    trim(str(tmp_path), 3 * MIB, NOW)

    assert numbers(kept) == [1, 2]


def test_what_is_still_to_be_sent_never_goes(tmp_path, kept):
    (tmp_path / "pending").mkdir()
    for number in (9, 10):
        (tmp_path / "pending" / digest_of(number)).touch()
    said = trim(str(tmp_path), 0, NOW)

    assert numbers(kept) == [9, 10]
    assert said.spared == 2


def test_what_was_used_within_the_hour_stays(tmp_path, kept):
    os.utime(kept[6], (NOW - 60, NOW - 90_000))
    os.utime(kept[7], (NOW - 90_000, NOW - 60))
    trim(str(tmp_path), 0, NOW)

    assert numbers(kept) == [7, 8]


def test_nothing_goes_while_a_journal_waits_to_be_delivered(tmp_path, kept):
    (tmp_path / "runs" / "01").mkdir(parents=True)
    (tmp_path / "runs" / "01" / "journal").touch()

    assert trim(str(tmp_path), 0, NOW).removed == 0
    assert len(numbers(kept)) == 10


def test_a_dry_run_says_what_would_go(tmp_path, kept):
    said = trim(str(tmp_path), 6 * MIB, NOW, is_dry_run=True)

    assert (said.removed, len(numbers(kept))) == (6, 10)


def test_commands_look_once_an_hour(tmp_path, kept):
    trim_sometimes(str(tmp_path), 20 * MIB, NOW)
    trim_sometimes(str(tmp_path), 0, NOW + 1800)
    soon = len(numbers(kept))
    trim_sometimes(str(tmp_path), 0, NOW + 3700)

    assert (soon, numbers(kept)) == (10, [])


def test_a_clock_that_went_back_does_not_keep_commands_from_looking(tmp_path, kept):
    trim_sometimes(str(tmp_path), 20 * MIB, NOW)
    trim_sometimes(str(tmp_path), 8 * MIB, NOW - 1800)

    assert len(numbers(kept)) == 6


def test_what_went_is_fetched_again(served, tmp_path):
    ann = Machine(tmp_path / "ann", served.url, served.token("ann", everything="runner"))
    ann.write("hello.py", FLOW.replace("EXPECTED", "12"))
    ann.do("run", "hello.py")
    objects = ann.server_folder() / "objects"
    for path in [*objects.glob("*/*"), *(ann.server_folder() / "small").glob("*/*")]:
        os.utime(path, (time.time() - 9000, time.time() - 9000))
    planned = json.loads(ann.do("gc", "--purge", "--dry-run", "--json"))
    said = ann.do("gc", "--purge")
    left = [path for path in objects.glob("*/*") if not path.name.endswith(".ok")]
    read = ann.python("import headwater as h; print(len(h.Flow('Hello')['1']['start'].task['big'].data))")

    assert planned["objects"] > 2
    assert f"{planned['objects']} objects of {served.url}" in said
    assert left == []
    assert read == "2000000\n"
    assert "0 objects" in ann.do("gc")
