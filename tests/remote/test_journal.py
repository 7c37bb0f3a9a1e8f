"""The file that keeps what a driver wrote while its server was away: whole entries count, a torn one does not."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from headwater.model import failpoints
from headwater.model.errors import DiskFull, FormatUnknown, HeadwaterError, LedgerDamaged
from headwater.model.events import CodeChanged
from headwater.model.ports import Commit
from headwater.remote.journal import FILE, JournalEntry, JournalHead, create_journal, open_journal
from headwater.remote.outbox import next_batch
from headwater.remote.wire import HeldLease
from tests.remote.machines import ROOT

HEAD = JournalHead(HeldLease("0" * 26, 3, "a" * 64), "Churn/17", "ann", 7)


def change(number, text=""):
    return CodeChanged(float(number), "start", (str(number), text))


def entry(after, *events):
    return JournalEntry(after, Commit(events=list(events)))


def entries(journal):
    found, offset = [], journal.first
    while (read := journal.read(offset)) is not None:
        each, offset = read
        found.append((each.after, [int(event.files[0]) for event in each.commit.events]))
    return found


@pytest.fixture
def journal(tmp_path):
    """One with three entries."""
    journal = create_journal(str(tmp_path / "run"), HEAD)
    journal.append(entry(7, change(8)))
    journal.append(entry(8, change(9), change(10)))
    journal.append(entry(10, change(11, "last")))
    yield journal
    journal.close()


WHOLE = [(7, [8]), (8, [9, 10]), (10, [11])]


def reopened(journal):
    """The journal as the next process finds it."""
    journal.close()
    return open_journal(os.path.dirname(journal.path))


def test_what_was_written_is_read_back_by_the_next_process(journal):
    found = reopened(journal)

    assert found.head == HEAD
    assert entries(found) == WHOLE
    found.close()


def test_entries_go_on_behind_those_that_are_there(journal):
    found = reopened(journal)
    found.append(entry(11, change(12)))

    assert entries(found) == [*WHOLE, (11, [12])]
    found.close()


def test_an_entry_that_is_torn_anywhere_never_counted(journal):
    start = journal.read(journal.read(journal.first)[1])[1]
    file = Path(journal.path)
    whole = file.read_bytes()
    journal.close()
    for size in range(start, len(whole)):
        file.write_bytes(whole[:size])
        found = open_journal(os.path.dirname(journal.path))

        assert entries(found) == WHOLE[:2]
        found.close()


@pytest.mark.parametrize("rest", [b"\0" * 5000, b"x" * 20, b"\n\n\n"])
def test_what_a_power_cut_left_behind_the_last_entry_is_not_read(journal, rest):
    with open(journal.path, "ab") as file:
        file.write(rest)
    found = reopened(journal)

    assert entries(found) == WHOLE
    found.append(entry(11, change(12)))
    again = reopened(found)
    assert entries(again)[:4] == [*WHOLE, (11, [12])]
    again.close()


def test_damage_in_the_middle_is_told_and_not_taken_for_the_end(journal):
    _, second = journal.read(journal.first)
    with open(journal.path, "r+b") as file:
        file.seek(second + 80)
        file.write(b"#")
    found = reopened(journal)

    batch, offset = next_batch(found, found.first)
    assert (batch.after, batch.last) == (7, 8)
    with pytest.raises(LedgerDamaged):
        next_batch(found, offset)
    with pytest.raises(LedgerDamaged, match="damaged at byte"):
        entries(found)
    found.close()


def test_what_does_not_follow_is_not_put_together_with_what_is_before_it(journal):
    journal.append(entry(20, change(21)))
    batch, offset = next_batch(journal, journal.first)

    assert batch.last == 11
    assert journal.read(offset)[0].after == 20


def test_a_journal_is_readable_by_its_owner_alone(journal):
    assert os.stat(journal.path).st_mode & 0o777 == 0o600
    assert os.stat(os.path.dirname(journal.path)).st_mode & 0o777 == 0o700


def test_a_journal_of_a_newer_headwater_is_left_alone(journal, tmp_path):
    newer = create_journal(str(tmp_path / "newer"), msgspec.structs.replace(HEAD, v=2))
    with pytest.raises(FormatUnknown):
        reopened(newer)

    assert os.path.exists(newer.path)


def test_what_is_no_journal_is_named(tmp_path):
    (tmp_path / FILE).write_bytes(b"{}")

    with pytest.raises(LedgerDamaged, match=FILE):
        open_journal(str(tmp_path))


def test_nobody_opens_the_journal_of_a_driver_that_lives(journal):
    code = f"from headwater.remote.journal import open_journal; print(open_journal({os.path.dirname(journal.path)!r}))"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert said == "None\n"


def test_a_journal_that_is_delivered_is_gone(journal):
    journal.remove()

    assert os.listdir(os.path.dirname(journal.path)) == []
    assert open_journal(os.path.dirname(journal.path)) is None


def fail_at(monkeypatch, point):
    monkeypatch.setattr(failpoints, "_passed", {})
    monkeypatch.setattr(failpoints, "_wanted", point)


@pytest.mark.parametrize("passage", [1, 2])
def test_a_full_disk_is_told_and_leaves_no_half_of_an_entry(journal, monkeypatch, passage):
    fail_at(monkeypatch, f"remote.in_journal:{passage}:ENOSPC")
    with pytest.raises(DiskFull) as full:
        journal.append(entry(11, change(12)))
    journal.append(entry(11, change(13)))

    assert full.value.path == journal.path
    found = reopened(journal)
    assert entries(found) == [*WHOLE, (11, [13])]
    found.close()


def test_after_a_flush_that_failed_nothing_more_is_taken(journal, monkeypatch):
    fail_at(monkeypatch, "remote.before_journal_fsync:1:EIO")
    for _ in range(2):
        with pytest.raises(HeadwaterError, match="cannot be written"):
            journal.append(entry(11, change(12)))


def test_entries_are_put_together_up_to_a_bound(tmp_path):
    journal = create_journal(str(tmp_path / "run"), HEAD)
    for number in range(30):
        journal.append(entry(7 + number, change(number, "x" * 100_000)))
    sizes, offset = [], journal.first
    while True:
        batch, offset = next_batch(journal, offset)
        if batch is None:
            break
        sizes.append(len(batch.commit.events))
    journal.close()

    assert sum(sizes) == 30
    assert max(sizes) == 11


def test_payloads_and_headers_of_entries_stay_with_them(tmp_path):
    journal = create_journal(str(tmp_path / "run"), HEAD)
    journal.append(JournalEntry(7, Commit(events=[change(8)], small={"ab": b"\0one"})))
    journal.append(JournalEntry(8, Commit(events=[change(9)], small={"cd": b"two"})))
    batch, _ = next_batch(journal, journal.first)
    journal.close()

    assert dict(batch.commit.small) == {"ab": b"\0one", "cd": b"two"}
    assert (batch.after, batch.last) == (7, 9)
