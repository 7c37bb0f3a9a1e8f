"""P4: a foreach of 10,000 tasks."""

from bench.rows.wide import NOTES, run_command
from bench.sample import Budget, Row, Sample
from bench.session import Session, fresh_folder, run

WIDTH, NARROW = 10_000, 1_000
#: Refused by default (100), and half an hour when it is not.
LEFT_OUT = {"metaflow", "luigi", "prefect"}


def measure(session: Session) -> Row:
    """Time per task beside that of 1,000, and the memory of the driver."""
    wide, narrow, drivers, peaks = [], [], [], []
    for _ in range(session.rounds(2)):
        for width, seconds in ((NARROW, narrow), (WIDTH, wide)):
            with fresh_folder() as folder:
                ended = run(run_command(session, "headwater", width, folder), folder)
            seconds.append(ended.seconds)
        drivers.append(ended.own_memory)
        peaks.append(ended.peak_memory)
    samples = {"headwater": Sample(tuple(wide), peak_memory=max(peaks)), "headwater, 1,000": Sample(tuple(narrow))}
    for peer in sorted(session.peers - LEFT_OUT):
        samples |= session.compare({peer: session.script(peer, "foreach", str(WIDTH))}, 1, notes=NOTES)
    per_task = (samples["headwater"].median / WIDTH) / (samples["headwater, 1,000"].median / NARROW)
    budgets = (
        Budget("10,000 tasks: time per task <= 1.1 x that of 1,000", per_task, 1.1, "x"),
        Budget("driver < 300 MB", max(drivers), 300, "MB"),
    )
    notes = (
        "Metaflow refuses more than 100 by default; it, Luigi and Prefect are left out: they need 5 to 30 minutes.",
    )
    return Row("P4", "foreach of 10,000 no-op tasks + join", samples, budgets=budgets, notes=notes)
