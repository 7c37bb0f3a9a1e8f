"""Delivers what a driver of this machine kept in a journal and could not deliver itself, because it is gone."""

from headwater.model.errors import LeaseLost, RunIsFinished, UserMistake
from headwater.remote.commits import Commits
from headwater.remote.connection import Server
from headwater.remote.journal import Journal, open_journal
from headwater.remote.outbox import explain, next_batch
from headwater.remote.run_files import RunFiles
from headwater.remote.wire import PREFIX, Append, Appended


def deliver_left(server: Server, folder: str, user: str, commits: Commits) -> bool:
    """Deliver a run's journal, give its driver's lease back and remove it; False when there is none.

    One whose run somebody else took over meanwhile is set aside, and whoever watches is told so: that counts as there
    being none.

    Args:
        server: takes it.
        folder: of the run.
        user: who asks.
        commits: sends commits with their objects.

    Raises:
        ServerNotReached: the server does not answer; nothing is lost.
        UserMistake: the journal is somebody else's.
        LedgerDamaged: a part of it does not read; what is before that part was delivered.
    """
    journal = open_journal(folder)
    if journal is None:
        return False
    try:
        if journal.head.user != user:
            raise UserMistake(
                f"{journal.path} holds what {journal.head.user} has to deliver of {journal.head.path}, and this is "
                f"{user}",
                hint=f"ask {journal.head.user} to `headwater resume {journal.head.path}`",
            )
        return _deliver(server, journal, folder, commits)
    finally:
        journal.close()


def _deliver(server: Server, journal: Journal, folder: str, commits: Commits) -> bool:
    files = RunFiles(server, folder, journal.head.lease)
    last = journal.head.after
    try:
        files.flush()
        offset = journal.first
        while True:
            entry, offset = next_batch(journal, offset)
            if entry is None:
                break
            question = Append(journal.head.lease, entry.after, entry.commit)
            commits.send(server, "runs/append", question, Appended)
            last = entry.last
    except (LeaseLost, RunIsFinished) as error:
        explain(error, journal)
        server.say(str(error))
        return False
    server.tell_to(f"{PREFIX}/remote/runs/release", journal.head.lease)
    journal.remove()
    server.say(
        f"{journal.head.path}: what was done here while {server.url} did not answer is delivered "
        f"({last - journal.head.after} events)"
    )
    return True
