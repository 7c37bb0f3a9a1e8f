"""P6: the client reads one artifact of each of 1,000 tasks."""

from pathlib import Path

from bench.rows.wide import run_command
from bench.sample import Budget, Row, Sample
from bench.session import BENCH, Session, fresh_folder, run

WIDTH, METAFLOW_QUICK_WIDTH = 1000, 50


def measure(session: Session) -> Row:
    """Whole process: start, import, read, leave."""
    samples = {"headwater": read(session, "headwater", WIDTH)}
    if "metaflow" in session.peers:
        width = METAFLOW_QUICK_WIDTH if session.is_quick else WIDTH
        sample = read(session, "metaflow", width)
        samples["metaflow"] = Sample(
            sample.values, note="" if width == WIDTH else f"{width} tasks instead of {WIDTH:,}"
        )
    budget = Budget("client, 1,000 tasks, whole process <= 0.15 s", samples["headwater"].median, 0.15, "s")
    return Row("P6", "client: 1,000 tasks, one artifact each, whole process", samples, budgets=(budget,))


def read(session: Session, subject: str, width: int) -> Sample:
    """One run, read several times."""
    with fresh_folder() as folder:
        run(run_command(session, subject, width, folder), folder)
        named = (folder / "run-id").read_text().strip()
        path = named if "/" in named else f"WideBench/{named}"
        reader = reader_of(session, subject, path)
        return Sample(tuple(run(reader, folder).seconds for _ in range(session.rounds(5))))


def reader_of(session: Session, subject: str, path: str) -> list[str]:
    script = Path("jobs_metaflow.py") if subject == "metaflow" else Path("jobs_headwater.py")
    return session.argv(subject, str(BENCH / "peers" / script), "client", path)
