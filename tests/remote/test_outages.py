"""A driver goes on while its server is away: nothing is lost, nothing is there twice, and nothing is hidden."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from headwater.model import failpoints
from headwater.model.artifact import Ref
from headwater.model.errors import (
    DiskFull,
    LeaseLost,
    RunIsFinished,
    ServerNotReached,
    UserMistake,
)
from headwater.model.events import Cancel, CodeChanged
from headwater.model.ports import Commit
from headwater.places import KeptPlace, open_place
from headwater.remote import folder as far_folder
from headwater.remote.connection import Server
from headwater.remote.folder import Marker, write_marker
from headwater.remote.journal import FILE
from headwater.remote.kept_small import KeptSmall
from headwater.remote.ledger import HttpLedger
from headwater.remote.objects import RemoteObjects
from headwater.remote.wire import Append, Appended
from headwater.store.objects import ObjectStore
from tests.ledger.ledger_stories import finished, run_started, started, succeeded
from tests.remote.anns_world import small_object
from tests.remote.machines import ROOT, until
from tests.remote.test_server_kills import KilledServer, check
from tests.remote.write_load import Writer


def change(number, text=""):
    return Commit(events=[CodeChanged(float(number), "start", (str(number), text))])


def begin(ledger, **facts):
    return ledger.start_run(Commit(events=[run_started(user="root", **facts)]))[0]


def numbers(ledger, run):
    return [int(event.files[0]) for _, event in ledger.events(run) if isinstance(event, CodeChanged)]


class Near:
    """A machine of this process: a folder that stands for the server, and a ledger on it."""

    def __init__(self, url, token, folder, patience_seconds=20.0, user="root"):
        self.folder = str(folder)
        self.told = []
        server = Server(url, token, patience_seconds=2.0, tell=self.told.append)
        self.place = KeptPlace(self.folder, lambda: RemoteObjects(server))
        self.ledger = HttpLedger(
            server, folder=self.folder, user=user, delivery=self.place, driver_patience_seconds=patience_seconds
        )

    def journal(self, run):
        return os.path.join(self.folder, "runs", run, FILE)


@pytest.fixture
def near(proxied, tmp_path):
    served, proxy = proxied
    near = Near(proxy.url, served.token(), tmp_path / "near")
    yield near
    near.ledger.close()


def test_a_driver_goes_on_and_what_it_did_is_delivered_in_order(proxied, near):
    served, proxy = proxied
    lease = begin(near.ledger)
    near.ledger.append(lease, change(0))
    proxy.go_away()
    last = [near.ledger.append(lease, change(number)) for number in range(1, 40)]
    asked = near.ledger.requests(lease.run)
    known = numbers(served.home.ledger, lease.run)
    kept = os.path.exists(near.journal(lease.run))
    proxy.come_back()
    had_to_wait = lease.settle()

    assert last == list(range(3, 42))
    assert (asked, known, kept, had_to_wait) == ([], [0], True, True)
    assert numbers(served.home.ledger, lease.run) == list(range(40))
    assert not os.path.exists(near.journal(lease.run))
    assert near.ledger.append(lease, change(40)) == 42
    assert numbers(served.home.ledger, lease.run)[-1] == 40


def test_an_outage_is_told_with_what_happens_meanwhile_and_its_end_too(proxied, near):
    _, proxy = proxied
    lease = begin(near.ledger)
    proxy.go_away()
    near.ledger.append(lease, change(0))
    until(lambda: near.told)
    proxy.come_back()
    lease.settle()

    assert "does not answer" in near.told[0]
    assert "the run goes on" in near.told[0]
    assert "answers again" in near.told[1]
    assert len(near.told) == 2


def test_one_outage_after_the_other_is_ridden_out(proxied, near):
    served, proxy = proxied
    lease = begin(near.ledger)
    for number in range(6):
        if number % 2:
            proxy.go_away()
        elif number:
            proxy.come_back()
            lease.settle()
        near.ledger.append(lease, change(number))
    proxy.come_back()
    lease.settle()

    assert numbers(served.home.ledger, lease.run) == list(range(6))


def test_nothing_that_the_server_answers_by_itself_is_kept(near):
    lease = begin(near.ledger)
    near.ledger.append(lease, change(0))

    assert lease.settle() is False
    assert not os.path.exists(near.journal(lease.run))


FAULTS = {
    "before": lambda proxy: proxy.go_away(),
    "in the question": lambda proxy: (proxy.cut(), setattr(proxy, "reset_request_after", 300)),
    "after it": lambda proxy: setattr(proxy, "drop_replies", 1),
    "in the answer": lambda proxy: (proxy.cut(), setattr(proxy, "reset_answer_after", 60)),
}


def object_then_append(near, lease):
    digest = ObjectStore(near.place).put_raw([os.urandom(300_000)])
    success = succeeded("start", artifacts={"x": Ref(digest, "bytes/1", "bytes", 300_000)})
    return near.ledger.append(lease, Commit(events=[started("start", 1), success]))


CALLS = {
    "append": lambda near, lease: near.ledger.append(lease, Commit(events=[started("start", 1), succeeded("start")])),
    "an object": object_then_append,
    "requests": lambda near, lease: near.ledger.requests(lease.run) == [] and 1,
    "the end": lambda near, lease: near.ledger.append(lease, Commit(events=[finished()])),
    "the files": lambda near, lease: write_line(near, lease) and near.ledger.append(lease, Commit(events=[finished()])),
}


def write_line(near, lease):
    folder = os.path.join(near.folder, "runs", lease.run)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "1.0.log"), "w", encoding="utf-8") as file:
        file.write("1.000000 o words\n")
    return True


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_a_fault_around_any_call_loses_nothing_and_doubles_nothing(proxied, near, call, fault):
    served, proxy = proxied
    lease = begin(near.ledger)
    FAULTS[fault](proxy)
    back = threading.Timer(0.3, proxy.come_back if fault == "before" else lambda: None)
    back.start()
    number = CALLS[call](near, lease)
    back.join()
    lease.settle()
    proxy.reset_request_after = proxy.reset_answer_after = None
    events = [event for _, event in served.home.ledger.events(lease.run)]

    assert len(events) == number
    assert len({str(event) for event in events}) == number
    if call == "the files":
        path = os.path.join(served.home.run_folder(lease.run), "1.0.log")
        until(lambda: os.path.exists(path) and os.path.getsize(path))
    if call == "an object":
        served.home.objects.verify(events[-1].artifacts["x"].digest, is_root=False)


def test_a_server_that_is_silent_holds_a_driver_up_for_some_seconds_only(proxied, near, monkeypatch):
    monkeypatch.setattr("headwater.remote.outbox._SILENCE_SECONDS", 0.2)
    served, proxy = proxied
    lease = begin(near.ledger)
    proxy.is_silent = True
    near.ledger.append(lease, change(0))
    near.ledger.append(lease, change(1))
    proxy.is_silent = False
    lease.settle()

    assert numbers(served.home.ledger, lease.run) == [0, 1]


def test_a_run_whose_driver_could_not_be_heard_is_taken_over_and_the_first_one_writes_nothing(proxied, near, tmp_path):
    served, proxy = proxied
    lease = begin(near.ledger)
    proxy.go_away()
    near.ledger.append(lease, change(0))
    leases = served.app.desk.leases
    leases._clock = lambda: time.monotonic() + 100.0
    leases.look()
    second = served.ledger()
    taken, _ = second.take(lease.run, 3.0)
    second.append(taken, change(1))
    proxy.come_back()
    with pytest.raises(LeaseLost) as lost:
        lease.settle()
    with pytest.raises(LeaseLost):
        near.ledger.append(lease, change(2))
    second.append(taken, change(3))
    second.close()

    assert numbers(served.home.ledger, lease.run) == [1, 3]
    assert "was taken over" in str(lost.value)
    assert not os.path.exists(near.journal(lease.run))
    kept = f"{near.journal(lease.run)}.refused-1"
    assert kept in lost.value.hint
    assert os.path.getsize(kept) > 100


def given_up(proxied, tmp_path, *commits):
    """A run whose driver gave up, with what it kept; the server is there again."""
    served, proxy = proxied
    near = Near(proxy.url, served.token(), tmp_path / "near", patience_seconds=0.3)
    lease = begin(near.ledger)
    proxy.go_away()
    with pytest.raises(ServerNotReached) as error:
        for commit in commits:
            near.ledger.append(lease, commit)
        lease.settle()
    near.ledger.close()
    proxy.come_back()
    return near, lease, error.value


def test_when_the_patience_ends_it_is_said_what_to_do_and_the_next_driver_here_delivers_it(proxied, tmp_path):
    served, proxy = proxied
    near, lease, error = given_up(proxied, tmp_path, change(0), change(1))
    before = numbers(served.home.ledger, lease.run)
    second = Near(proxy.url, served.token(), near.folder)
    taken, epoch = second.ledger.take(lease.run, 3.0)
    second.ledger.append(taken, change(2))
    second.ledger.close()

    assert f"{proxy.url} does not answer" in str(error)
    assert near.journal(lease.run) in error.hint
    assert f"headwater resume {lease.path}" in error.hint
    assert before == []
    assert (numbers(served.home.ledger, lease.run), epoch) == ([0, 1, 2], 2)
    assert os.listdir(os.path.dirname(near.journal(lease.run))) == []
    assert "is delivered (2 events)" in second.told[0]


def test_an_end_that_could_not_be_delivered_is_delivered_by_whoever_takes_the_run_up(proxied, tmp_path):
    served, proxy = proxied
    near, lease, _ = given_up(proxied, tmp_path, Commit(events=[started("start", 1), succeeded("start"), finished()]))
    second = Near(proxy.url, served.token(), near.folder)
    with pytest.raises(RunIsFinished):
        second.ledger.take(lease.run, 3.0)
    second.ledger.close()

    assert served.home.ledger.run(lease.run).status == "succeeded"
    assert len(list(served.home.ledger.events(lease.run))) == 4


def test_what_a_run_kept_is_refused_when_another_machine_took_it_over_meanwhile(proxied, tmp_path):
    served, proxy = proxied
    near, lease, _ = given_up(proxied, tmp_path, change(0))
    leases = served.app.desk.leases
    leases._clock = lambda: time.monotonic() + 100.0
    leases.look()
    other = served.ledger()
    taken, _ = other.take(lease.run, 3.0)
    other.append(taken, change(1))
    taken.release()
    other.close()
    second = Near(proxy.url, served.token(), near.folder)
    taken, epoch = second.ledger.take(lease.run, 4.0)
    second.ledger.append(taken, change(2))
    second.ledger.close()

    assert (numbers(served.home.ledger, lease.run), epoch) == ([1, 2], 3)
    assert "was taken over" in second.told[0]
    assert os.listdir(os.path.dirname(near.journal(lease.run))) == [f"{FILE}.refused-1"]


def test_nobody_delivers_what_somebody_else_kept(proxied, tmp_path):
    served, proxy = proxied
    near, lease, _ = given_up(proxied, tmp_path, change(0))
    bob = Near(proxy.url, served.token("bob"), near.folder, user="bob")
    with pytest.raises(UserMistake, match="root has to deliver"):
        bob.ledger.take(lease.run, 3.0)
    bob.ledger.close()

    assert os.path.exists(near.journal(lease.run))


def test_a_part_that_was_delivered_before_is_not_written_again(served):
    """The driver was killed while its journal was being delivered; the next one cuts it up otherwise."""
    ledger = served.ledger()
    lease = begin(ledger)
    ledger.append(lease, change(0))
    ledger.append(lease, change(1))
    events = [event for number in range(5) for event in change(number).events]
    question = Append(lease.held, 1, Commit(events=events))
    number = ledger._server.ask("/api/v1/remote/runs/append", question, Appended).number
    other = Append(lease.held, 1, Commit(events=[*change(0).events, *change(7).events]))
    with pytest.raises(LeaseLost):
        ledger._server.ask("/api/v1/remote/runs/append", other, Appended)
    ledger.close()

    assert number == 6
    assert numbers(served.home.ledger, lease.run) == [0, 1, 2, 3, 4]


def test_a_full_disk_is_told_to_the_driver_and_takes_nothing_away(proxied, near, monkeypatch):
    served, proxy = proxied
    lease = begin(near.ledger)
    proxy.go_away()
    near.ledger.append(lease, change(0))
    monkeypatch.setattr(failpoints, "_passed", {})
    monkeypatch.setattr(failpoints, "_wanted", "remote.in_journal:2:ENOSPC")
    with pytest.raises(DiskFull, match="journal"):
        near.ledger.append(lease, change(1))
    near.ledger.append(lease, change(2))
    proxy.come_back()
    lease.settle()

    assert numbers(served.home.ledger, lease.run) == [0, 2]


def test_whoever_does_not_want_to_wait_for_the_delivery_is_let_go(proxied, near):
    _, proxy = proxied
    lease = begin(near.ledger)
    proxy.go_away()
    near.ledger.append(lease, change(0))
    threading.Timer(0.2, near.ledger.stop_waiting).start()
    with pytest.raises(ServerNotReached):
        near.ledger.append(lease, Commit(events=[finished()]))

    assert os.path.exists(near.journal(lease.run))


def test_a_request_that_was_left_in_an_outage_is_read_after_it(proxied, near):
    served, proxy = proxied
    lease = begin(near.ledger)
    proxy.go_away()
    served.home.ledger.request(lease.run, Cancel(4.0, "bob"))
    meanwhile = near.ledger.requests(lease.run)
    proxy.come_back()
    lease.settle()

    assert meanwhile == []
    assert [request.user for _, request in near.ledger.requests(lease.run)] == ["bob"]


def test_small_objects_of_a_run_are_at_hand_without_the_server(proxied, near):
    served, proxy = proxied
    digest, payload = small_object("one")
    other, _ = small_object("two")
    lease = begin(near.ledger)
    success = succeeded("start", artifacts={"x": Ref(digest, "json/1", "str", len(payload), is_small=True)})
    near.ledger.append(lease, Commit(events=[started("start", 1), success], small={digest: payload}))
    proxy.go_away()
    reader = Near(proxy.url, served.token(), near.folder)

    assert reader.ledger.small([digest]) == {digest: payload}
    reader.ledger.stop_waiting()
    with pytest.raises(ServerNotReached):
        reader.ledger.small([other])
    proxy.come_back()
    assert reader.ledger.small([other]) == {}
    reader.ledger.close()


def test_a_kept_small_object_that_is_not_whole_counts_for_nothing(tmp_path):
    kept = KeptSmall(str(tmp_path / "small"))
    kept.keep({"abcd": b"payload", "ef01": b""})
    (tmp_path / "small" / "ab" / "abcd").write_bytes(b"torn")
    torn = kept.find(["abcd", "ef01", "0000"])
    kept.keep({"abcd": b"payload"})

    assert torn == {"ef01": b""}
    assert kept.find(["abcd"]) == {"abcd": b"payload"}


def test_a_task_waits_for_an_object_longer_than_a_command_does(proxied, tmp_path, monkeypatch):
    served, proxy = proxied
    monkeypatch.setattr(far_folder, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setenv("HEADWATER_SERVER_TOKEN", served.token())
    digest = served.home.objects.put_raw([b"x" * 10_000])
    task, command = str(tmp_path / "task"), str(tmp_path / "command")
    for folder in (task, command):
        write_marker(folder, Marker(proxy.url))
        far_folder.identify(folder, Marker(proxy.url), os.environ)
    proxy.go_away()
    with pytest.raises(ServerNotReached):
        ObjectStore(open_place(command)).map_raw(digest)
    threading.Timer(0.5, proxy.come_back).start()
    place = open_place(task, is_patient=True)

    assert len(ObjectStore(place).map_raw(digest)) == 10_000
    place._far._server.close()


@pytest.fixture
def server(tmp_path):
    server = KilledServer(tmp_path / "server")
    server.start()
    yield server
    server.kill()


def test_a_server_that_is_killed_while_drivers_go_on_gets_everything_when_it_is_back(server, tmp_path):
    writers = [Writer(server.url, server.token, number, folder=str(tmp_path / f"near{number}")) for number in range(3)]
    for writer in writers:
        writer.start()
    for _ in range(2):
        until(lambda: all(writer.acknowledged > 5 for writer in writers))
        server.kill()
        known = [writer.acknowledged for writer in writers]
        # Without the server each goes on.
        until(lambda known=known: all(w.acknowledged > k + 5 for w, k in zip(writers, known, strict=True)))
        server.start()
        for writer in writers:
            until(lambda writer=writer: not writer.lease.outbox.is_out)
    for writer in writers:
        writer.stop()

    check(server, writers)


DRIVER = """
import os, sys
from headwater.model.events import CodeChanged, RunStarted
from headwater.model.ports import Commit
from headwater.remote.connection import Server
from headwater.remote.ledger import HttpLedger
from tests.ledger.ledger_stories import run_started
ledger = HttpLedger(Server(sys.argv[1], sys.argv[2], tell=lambda text: None), folder=sys.argv[3], user="root")
lease, _ = ledger.start_run(Commit(events=[run_started(user="root")]))
print(lease.run, flush=True)
for number in range(200):
    if number == 2:
        sys.stdin.readline()
    ledger.append(lease, Commit(events=[CodeChanged(float(number), "start", (str(number),))]))
    print(number, flush=True)
lease.settle()
print("settled", flush=True)
"""
POINTS = (
    "remote.before_journal:2",
    "remote.in_journal:3",
    "remote.in_journal:4",
    "remote.before_journal_fsync:2",
    "remote.after_journal:2",
    "remote.before_delivery:2",
    "remote.after_delivery",
    "remote.before_journal_removed",
)


@pytest.mark.parametrize("point", POINTS)
def test_a_driver_that_is_killed_in_an_outage_loses_nothing_that_it_was_told_is_kept(proxied, tmp_path, point):
    served, proxy = proxied
    token = served.token()
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, proxy.url, token, str(tmp_path / "near")],
        cwd=ROOT,
        env={**os.environ, "HEADWATER_FAILPOINT": point},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    run = process.stdout.readline().strip()
    for _ in range(2):
        process.stdout.readline()
    proxy.go_away()
    process.stdin.write("\n")
    process.stdin.close()
    acknowledged = 1
    for line in process.stdout:
        acknowledged = int(line)
        if acknowledged == 199:  # all of it is kept, and the server is back
            proxy.come_back()
    process.stdout.close()
    code = process.wait()
    if acknowledged < 199:
        proxy.come_back()
    second = Near(proxy.url, token, tmp_path / "near")
    taken, _ = second.ledger.take(run, 3.0)
    second.ledger.append(taken, change(1000))
    second.ledger.close()
    stored = numbers(served.home.ledger, run)

    assert code == -signal.SIGKILL
    assert stored[-1] == 1000
    assert stored[:-1] == list(range(len(stored) - 1)), "lost or double"
    # What was being kept when it was killed, or was not told yet, may be there or not.
    assert acknowledged + 1 <= len(stored) - 1 <= acknowledged + 3
