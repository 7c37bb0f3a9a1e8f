"""H6: an array of 100 MB behind four workers: what it costs in memory."""

from bench.load import post, send_load
from bench.rows.hosted import body, learned, served
from bench.sample import Budget, Row, Sample
from bench.servers import proportional_memory
from bench.session import Session

MEGABYTES, WORKERS = 100, 4


def measure(session: Session) -> Row:
    """Memory of the same service with an array of 100 MB, less that with one of 1 MB; all workers read all of it."""
    large = [all_memory(session, MEGABYTES) for _ in range(session.rounds(3))]
    small = [all_memory(session, 1) for _ in range(session.rounds(3))]
    base = Sample(tuple(small), "MB").median
    costs = Sample(tuple(one - base for one in large), "MB", note="shared pages divided among those who share them")
    samples = {"headwater, what the array costs": costs, "the same service with 1 MB": Sample(tuple(small), "MB")}
    factor = costs.median / (MEGABYTES - 1)
    budget = Budget(f"{MEGABYTES} MB in {WORKERS} workers < 1.3 x once", factor, 1.3, "x")
    return Row("H6", f"an array of {MEGABYTES} MB in {WORKERS} workers", samples, budgets=(budget,))


def all_memory(session: Session, megabytes: int) -> float:
    """MB of all processes of the host, once each worker has read all of the array."""
    path, given, words = "/Weights/touch", body(start=0), ("--workers", str(WORKERS))
    with (
        learned(session, megabytes) as folder,
        served(session, folder, "models.py:Weights", path, given, *words) as one,
    ):
        send_load(one.server.port, post(path, [given], one.server.port), connections=4 * WORKERS, seconds=2.0)
        return sum(map(proportional_memory, one.server.processes())) / 1e6
