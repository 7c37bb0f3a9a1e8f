"""What the rows about wide foreaches share."""

from pathlib import Path

from bench.session import BENCH, Session

NOTES = {
    "joblib": "no isolation, kept once at the end",
    "luigi": "no isolation",
    "dask": "no isolation, nothing kept",
    "ray": "no isolation, nothing kept",
    "prefect": "no isolation",
}
#: What the parent of a task's process has imported before the user's module adds its own.
ZYGOTE = "headwater.worker"


def run_command(session: Session, subject: str, width: int, folder: Path) -> list[str]:
    """Command line of a run of the wide flow; leaves `run-id` in the current folder."""
    arguments = ["run", "--width", str(width), "--run-id-file", "run-id"]
    if subject == "metaflow":
        arguments += ["--max-num-splits", str(width + 1)]
    return session.flow(subject, "wide", folder, *arguments)


def fork_loop(session: Session, width: int, *packages: str) -> list[str]:
    """Command line of the bare loop of a process that has imported the same."""
    return session.argv("limit", str(BENCH / "probes" / "fork_loop.py"), str(width), ZYGOTE, *packages)
