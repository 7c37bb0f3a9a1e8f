"""P2: four steps that do nothing, whole process."""

from bench.sample import Budget, Row
from bench.session import BENCH, WORK, Session

NOTES = {
    "joblib": "no isolation, nothing kept",
    "luigi": "no isolation",
    "dask": "no isolation, nothing kept",
    "ray": "no isolation, nothing kept",
    "prefect": "no isolation",
}


def measure(session: Session) -> Row:
    """From the command to its exit."""
    WORK.mkdir(exist_ok=True)
    commands = {"headwater": session.flow("headwater", "hello", WORK, "run")}
    for peer in sorted(session.peers):
        commands[peer] = (
            session.flow(peer, "hello", WORK, "run") if peer == "metaflow" else session.script(peer, "hello")
        )
    limit = session.argv("limit", str(BENCH / "probes" / "fork_loop.py"), "4")
    samples = session.compare({**commands, "limit": limit}, session.rounds(5), notes=NOTES)
    forks = samples.pop("limit")
    budget = Budget("hello, whole process <= 0.25 s", samples["headwater"].median, 0.25, "s")
    return Row("P2", "four no-op steps, whole process", samples, {"interpreter + 4 forks": forks}, (budget,))
