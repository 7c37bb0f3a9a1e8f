"""Delivers what a driver of this machine kept in a journal and could not deliver itself, because it is gone."""

from headwater.model.errors import LeaseLost, LedgerDamaged, RunIsFinished, UserMistake
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
        LedgerDamaged: not even its beginning reads. Of one that is damaged further on the part before is delivered,
            the rest set aside and told.
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
    head = journal.head
    try:
        RunFiles(server, folder, head.lease).flush()
        last, damage = _send_all(server, journal, commits)
    except (LeaseLost, RunIsFinished) as error:
        explain(error, journal)
        server.say(str(error))
        return False
    server.tell_to(f"{PREFIX}/remote/runs/release", head.lease)
    if damage is None:
        journal.remove()
    else:
        server.say(
            f"{damage.message}; what follows on event {last} is not delivered, and kept in {journal.set_aside()}"
        )
    done = last - head.after
    server.say(f"{head.path}: what was done here while {server.url} did not answer is delivered ({done} events)")
    return True


def _send_all(server: Server, journal: Journal, commits: Commits) -> tuple[int, LedgerDamaged | None]:
    """Send what reads; gives the number of the last event, and what is wrong with what follows on it."""
    last, offset = journal.head.after, journal.first
    while True:
        try:
            entry, offset = next_batch(journal, offset)
        except LedgerDamaged as damage:
            return last, damage
        if entry is None:
            return last, None
        if entry.after != last:
            return last, LedgerDamaged(f"{journal.path} goes on with what does not follow")
        question = Append(journal.head.lease, entry.after, entry.commit)
        commits.send(server, "runs/append", question, Appended)
        last = entry.last
