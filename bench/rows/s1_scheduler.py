"""S1: the scheduler: from a slot to its run, and to the run's first task."""

from bench.sample import Budget, Row, Sample
from bench.session import BENCH, Session, fresh_folder, run

MANY, TEN = 1000, 10
PROBE = BENCH / "probes" / "due.py"


def measure(session: Session) -> Row:
    """One deployment, ten, and a thousand that are due in the same minute; each round waits for a real minute."""
    rounds = session.rounds(5)
    many = [probe(session, "launches", str(MANY)) for _ in range(rounds)]
    ten = [probe(session, str(TEN)) for _ in range(rounds)]
    one = [probe(session, "1") for _ in range(rounds)]
    samples = {
        "headwater, 1 due: its first task runs": Sample(tuple(fact["last"] for fact in one)),
        f"{TEN} due: the last first task runs": Sample(tuple(fact["last"] for fact in ten)),
        f"{MANY:,} due: p99 of slot to `RunStarted`": Sample(tuple(fact["p99"] for fact in many)),
        f"{MANY:,} due: p50": Sample(tuple(fact["p50"] for fact in many)),
    }
    alone, together, p99, _ = (sample.median for sample in samples.values())
    budgets = (
        Budget("one alone: first task runs <= 0.5 s after the slot", alone, 0.5, "s"),
        Budget("ten at once: first tasks run <= 2 s after the slot", together, 2.0, "s"),
        Budget("1,000 at once: slot to `RunStarted`, p99 < 1 s", p99, 1.0, "s"),
    )
    return Row("S1", "schedules that are due in the same minute", samples, budgets=budgets)


def probe(session: Session, *words: str) -> dict[str, float]:
    """Deploy, and let the probe measure; its fact has a count, those of the flow have none."""
    with fresh_folder() as folder:
        run(session.flow("headwater", "scheduled", folder, "deploy"), folder)
        facts = run(session.argv("headwater", str(PROBE), *words), folder).facts
    return next(fact for fact in facts if "count" in fact)
