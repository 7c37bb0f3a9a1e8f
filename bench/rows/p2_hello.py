"""P2: four steps that do nothing, whole process."""

from bench.sample import Budget, Row
from bench.session import BENCH, Session, fresh_folder

NOTES = {
    "joblib": "no isolation, nothing kept",
    "luigi": "no isolation",
    "dask": "no isolation, nothing kept",
    "ray": "no isolation, nothing kept",
    "prefect": "no isolation",
}


def measure(session: Session) -> Row:
    """From the command to its exit."""
    with fresh_folder() as folder:
        commands = {"headwater": session.flow("headwater", "hello", folder, "run")}
        for peer in sorted(session.peers):
            is_flow = peer == "metaflow"
            commands[peer] = session.flow(peer, "hello", folder, "run") if is_flow else session.script(peer, "hello")
        commands["limit"] = session.argv("limit", str(BENCH / "probes" / "fork_loop.py"), "4")
        samples = session.compare(commands, session.rounds(5), notes=NOTES)
    forks = samples.pop("limit")
    budget = Budget("hello, whole process <= 0.25 s", samples["headwater"].median, 0.25, "s")
    return Row("P2", "four no-op steps, whole process", samples, {"interpreter + 4 forks": forks}, (budget,))
