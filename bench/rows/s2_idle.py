"""S2: what the daemon costs while nothing is due."""

from bench.rows.s1_scheduler import probe
from bench.sample import Budget, Row, Sample
from bench.session import Session

SECONDS, QUICK_SECONDS = 30, 10


def measure(session: Session) -> Row:
    """Cpu and memory of all its processes together: supervisor, scheduler, launcher, alerter."""
    seconds = QUICK_SECONDS if session.is_quick else SECONDS
    facts = [probe(session, "idle", str(seconds)) for _ in range(session.rounds(3))]
    samples = {
        "headwater, cpu": Sample(tuple(100 * fact["cpu"] for fact in facts), "% of a core"),
        "memory": Sample(tuple(fact["memory"] for fact in facts), "MB"),
    }
    cpu, memory = (sample.median for sample in samples.values())
    budgets = (
        Budget("idle daemon < 0.5 % of a core", cpu, 0.5, "%"),
        Budget("idle daemon < 120 MB", memory, 120.0, "MB"),
    )
    return Row("S2", "the daemon while nothing is due", samples, budgets=budgets)
