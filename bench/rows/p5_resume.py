"""P5: resume of a run whose 1,000-way join failed."""

import time
from pathlib import Path

from bench.rows.wide import run_command
from bench.sample import Budget, Row, Sample
from bench.session import Session, fresh_folder, run

WIDTH, METAFLOW_QUICK_WIDTH = 1000, 50


def measure(session: Session) -> Row:
    """From the command `resume` until the join runs."""
    samples = {"headwater": until_join(session, "headwater", WIDTH, session.rounds(5))}
    if "metaflow" in session.peers:
        width = METAFLOW_QUICK_WIDTH if session.is_quick else WIDTH
        sample = until_join(session, "metaflow", width, 1)
        samples["metaflow"] = Sample(
            sample.values, note="" if width == WIDTH else f"{width} tasks instead of {WIDTH:,}"
        )
    budget = Budget("resume: <= 0.5 s before the join starts", samples["headwater"].median, 0.5, "s")
    return Row("P5", "resume of a run whose 1,000-way join failed, until the join runs", samples, budgets=(budget,))


def until_join(session: Session, subject: str, width: int, rounds: int) -> Sample:
    """One failed run, resumed several times."""
    with fresh_folder() as folder:
        run(run_command(session, subject, width, folder), folder, may_fail=True, BENCH_FAIL="1")
        failed = (folder / "run-id").read_text().strip()
        return Sample(tuple(resume(session, subject, failed, folder) for _ in range(rounds)))


def resume(session: Session, subject: str, failed: str, folder: Path) -> float:
    command = session.flow(subject, "wide", folder, "resume", "--origin-run-id", failed)
    if subject == "metaflow":
        command += ["--max-num-splits", str(WIDTH + 1)]
    began = time.time()
    return run(command, folder).facts[0]["joined_at"] - began
