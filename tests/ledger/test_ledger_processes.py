"""Several processes and one ledger: labels, leases, fencing, forks, readers."""

import os
import signal
import threading

import pytest

from headwater.ledger.locks import FileLocks
from headwater.ledger.sqlite import SqliteLedger
from headwater.model.errors import InternalError, LeaseLost, RunIsDriven
from headwater.model.events import Cancel
from headwater.model.ports import Commit
from headwater.model.rows import RunQuery
from tests.ledger.ledger_stories import begin, commit, finished, started, succeeded


def labels_of_starts_at_one_instant(home, writer, count):
    processes = [writer("start_one") for _ in range(count)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    return [int(process.communicate()[0].split()[1]) for process in processes]


def test_starts_at_the_same_instant_in_a_new_store_are_as_many_runs(home, writer):
    labels = labels_of_starts_at_one_instant(home, writer, 8)

    assert sorted(labels) == list(range(1, 9))


@pytest.mark.long
def test_64_starts_at_the_same_instant_in_a_new_store_are_64_runs(home, writer):
    labels = labels_of_starts_at_one_instant(home, writer, 64)

    assert sorted(labels) == list(range(1, 65))


def test_64_starts_by_threads_are_64_runs(file_ledger, home):
    barrier = threading.Barrier(64)
    labels = []

    def start():
        barrier.wait()
        labels.append(begin(file_ledger)[1].label)

    threads = [threading.Thread(target=start) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(labels) == list(range(1, 65))


def test_writers_of_several_processes_never_find_the_database_locked(home, writer):
    processes = [writer("append_many", "60") for _ in range(4)]
    said = [process.communicate()[0].split() for process in processes]

    assert [words[-1] for words in said] == ["121"] * 4
    ledger = SqliteLedger(home)
    assert [row.task_counts for row in ledger.runs(RunQuery()).rows] == [{"succeeded": 60}] * 4
    ledger.close()


def test_a_run_of_another_process_is_driven_and_says_by_whom(file_ledger, writer):
    holder = writer("hold")
    run = holder.stdout.readline().split()[1]
    with pytest.raises(RunIsDriven) as refused:
        file_ledger.take(run, 1000.0)

    assert refused.value.pid == holder.pid
    assert file_ledger.owner(run).pid == holder.pid
    assert file_ledger.run(run).status == "running"


def test_of_two_processes_that_take_one_run_one_gets_it(file_ledger, writer):
    lease, _ = begin(file_ledger, host=os.uname().nodename)
    lease.release()
    processes = [writer("take", lease.run) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.stdout.readline().split() for process in processes]
    winners = [pid for word, pid in said if word == "took"]
    refused = [pid for word, pid in said if word == "RunIsDriven"]

    assert len(winners) == 1
    assert refused == winners * 2


def test_a_stopped_owner_counts_as_alive_and_a_killed_one_as_gone(file_ledger, writer, until):
    holder = writer("hold")
    run = holder.stdout.readline().split()[1]
    os.kill(holder.pid, signal.SIGSTOP)
    with pytest.raises(RunIsDriven):
        file_ledger.take(run, 1000.0)
    holder.kill()
    holder.wait()

    assert file_ledger.run(run).status == "interrupted"
    _, epoch = file_ledger.take(run, 1000.0)
    assert epoch == 2


def test_an_owner_that_lost_its_lock_is_fenced(file_ledger, writer, home):
    holder = writer("hold")
    run = holder.stdout.readline().split()[1]
    # Somebody removes the lock's file under the owner: only the epoch is left to keep it out.
    os.unlink(os.path.join(home, "locks", run))
    file_ledger.take(run, 1000.0)
    holder.stdin.write("append\n")
    holder.stdin.flush()

    assert holder.stdout.readline() == "LeaseLost\n"
    assert len(list(file_ledger.events(run))) == 2


def test_a_second_ledger_of_one_process_cannot_take_what_the_first_drives(file_ledger, home):
    lease, _ = begin(file_ledger)
    second = SqliteLedger(home)
    with pytest.raises(RunIsDriven):
        second.take(lease.run, 1000.0)

    # Neither the question who drives it nor closing the second ledger lets the lock go.
    assert second.owner(lease.run).pid == os.getpid()
    second.run(lease.run)
    second.close()
    assert is_driven_for_another_process(home, lease.run)


def test_asking_and_writing_by_a_second_ledger_keeps_all_locks_of_the_process(file_ledger, home):
    lease, _ = begin(file_ledger)
    second = SqliteLedger(home)
    other, _ = begin(second)
    other.release()
    second.close()

    assert is_driven_for_another_process(home, lease.run)


def is_driven_for_another_process(home, run):
    child = os.fork()
    if not child:
        code = 2
        try:
            code = 0 if SqliteLedger(home).owner(run) is not None else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_finished_runs_lock_leaves_no_file(file_ledger, home):
    lease, _ = begin(file_ledger)
    assert os.path.exists(os.path.join(home, "locks", lease.run))
    file_ledger.append(lease, Commit([finished()]))

    assert sorted(os.listdir(os.path.join(home, "locks"))) == ["writer"]


def test_a_forked_child_may_not_use_the_ledger_of_its_parent(file_ledger):
    lease, _ = begin(file_ledger)
    child = os.fork()
    if not child:
        code = 1
        try:
            refused = 0
            for use in (lambda: file_ledger.run(lease.run), lambda: begin(file_ledger)):
                try:
                    use()
                except InternalError:
                    refused += 1
            file_ledger.close()
            lease.release()
            code = 0 if refused == 2 else 1
        finally:
            os._exit(code)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert file_ledger.owner(lease.run) is not None
    file_ledger.append(lease, Commit([started("start", 1)]))


def test_the_lock_does_not_live_on_in_forked_children(file_ledger, home, writer):
    lease, _ = begin(file_ledger)
    held, told = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(told)
            os.read(held, 1)
        finally:
            os._exit(0)
    os.close(held)
    lease.release()
    taker = writer("take", lease.run)
    taker.stdin.write("go\n")
    taker.stdin.flush()
    said = [taker.stdout.readline().split()[0] for _ in range(2)]
    os.close(told)
    os.waitpid(child, 0)

    assert said == ["ready", "took"]


def test_clients_read_while_a_driver_writes(home, writer):
    driver = writer("append_many", "300")
    run = driver.stdout.readline().split()[1]
    client = SqliteLedger(home)
    seen = [0]
    while seen[-1] < 601:
        events = list(client.events(run))
        assert [number for number, _ in events] == list(range(1, len(events) + 1))
        row = client.run(run)
        # Both were true at some instant, the row's not earlier than the events'.
        assert row.task_counts.get("succeeded", 0) >= len(events) // 2
        seen.append(len(events))
    client.close()

    assert seen == sorted(seen)


def test_a_waiting_driver_learns_of_another_processes_request(file_ledger, home):
    lease, _ = begin(file_ledger)
    file_ledger.wait(0)
    other = SqliteLedger(home)
    waited = []
    thread = threading.Thread(target=lambda: waited.append(file_ledger.wait(60)))
    thread.start()
    other.request(lease.run, Cancel(5.0, "bob"))
    thread.join()
    other.close()

    assert waited == [True]
    assert len(file_ledger.requests(lease.run)) == 1


def test_waiting_costs_next_to_no_processor_time(file_ledger):
    file_ledger.wait(0)
    before = sum(os.times()[:2])
    file_ledger.wait(0.5)

    assert sum(os.times()[:2]) - before < 0.1


def test_two_drivers_of_one_process_write_in_turns(home):
    first, second = SqliteLedger(home), SqliteLedger(home)

    def drive(ledger):
        lease, _ = begin(ledger)
        for label in range(1, 40):
            ledger.append(lease, Commit([started(f"b/s.{label}", label), succeeded(f"b/s.{label}")]))
        ledger.append(lease, Commit([finished()]))

    threads = [threading.Thread(target=drive, args=(ledger,)) for ledger in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [row.task_counts for row in first.runs(RunQuery()).rows] == [{"succeeded": 39}] * 2
    first.close()
    second.close()


def test_a_lease_is_lost_when_its_epoch_is_old(ledger):
    old, _ = begin(ledger, started("start", 1))
    # As if the lock had been lost without notice: the row alone says who may write.
    ledger._database.locks.release(old.run)
    ledger.take(old.run, 50.0)
    with pytest.raises(LeaseLost, match="taken over"):
        ledger.append(old, commit(succeeded("start"), texts=["x"]))

    assert len(list(ledger.events(old.run))) == 2
    assert list(ledger.small_sizes()) == []


def who_writes(home):
    """Ask from another process."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(write, repr(FileLocks(os.path.join(home, "locks")).holder("writer")).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as told:
        return told.read()


def test_a_writer_holds_the_place_at_the_head_of_the_queue(file_ledger, home):
    with file_ledger._database.transaction():
        within = who_writes(home)

    assert (within, who_writes(home)) == (str(os.getpid()), "None")


def test_a_second_ledger_that_closes_does_not_take_the_place_of_the_first(file_ledger, home):
    second = SqliteLedger(home)
    begin(second)
    with file_ledger._database.transaction():
        second.close()
        within = who_writes(home)

    assert within == str(os.getpid())


def test_opening_and_closing_ledgers_leaves_no_files_open(file_ledger, home):
    begin(file_ledger)
    open_files = []
    for _ in range(4):
        other = SqliteLedger(home)
        lease, _ = begin(other)
        lease.release()
        other.close()
        open_files.append(len(os.listdir("/proc/self/fd")))

    # SQLite keeps one file for the next connection while another connection is open.
    assert open_files == open_files[:1] * 4
    begin(file_ledger)


def test_a_closed_ledger_leaves_no_file_open(home):
    before = sorted(os.listdir("/proc/self/fd"))
    ledger = SqliteLedger(home)
    lease, _ = begin(ledger)
    ledger.append(lease, Commit([finished()]))
    ledger.close()

    assert sorted(os.listdir("/proc/self/fd")) == before
