"""P3: a foreach of 1,000 isolated tasks that do next to nothing, and its join."""

import msgspec

from bench.rows.wide import NOTES, fork_loop, run_command
from bench.sample import Budget, Row, Sample
from bench.session import Session, fresh_folder, run

WIDTH = 1000
#: Metaflow needs 200 ms a task: three minutes for the whole width.
METAFLOW_QUICK_WIDTH = 50


#: Counted in version 0.1 on two cores, with the faults and times of forked children.
WHY_MISSED = (
    "Missed because a child copies about 350 pages of the process that it was forked from (a look at an object changes "
    "its reference count), 2.3 us each; its own work is 0.1 ms, the driver's 0.6 ms, the zygote's 1.2 ms with the fork "
    "itself."
)


def measure(session: Session) -> Row:
    """Whole process, results kept; the limit is the whole process of a bare fork loop."""
    samples, limits = with_packages(session)
    for peer in sorted(session.peers - {"metaflow"}):
        command = {peer: session.script(peer, "foreach", str(WIDTH))}
        samples |= session.compare(command, session.rounds(2), notes=NOTES)
    ours = samples["headwater"].median
    budgets = [
        Budget(
            f"1,000 tasks <= 1.5 x the bare fork loop ({name})",
            samples[subject].median / limits[f"fork loop, {name}"].median,
            1.5,
            "x",
        )
        for subject, name in (("headwater", "bare"), ("headwater, numpy", "numpy"), ("headwater, pandas", "pandas"))
    ]
    if "metaflow" in session.peers:
        samples["metaflow"] = metaflow(session)
        budgets.append(Budget(">= 80 x Metaflow", samples["metaflow"].median / ours, 80, "x", is_floor=True))
    title = "foreach of 1,000 no-op tasks + join, results kept"
    is_missed = any(not budget.is_reached for budget in budgets)
    return Row("P3", title, samples, limits, tuple(budgets), (WHY_MISSED,) if is_missed else ())


def with_packages(session: Session) -> tuple[dict[str, Sample], dict[str, Sample]]:
    """Runs and loops in turns: with nothing, numpy, pandas imported by the flow's file."""
    seconds: dict[str, list[float]] = {}
    peaks: dict[str, float] = {}
    for _ in range(session.rounds(5)):
        for package in ("", "numpy", "pandas"):
            name = f"headwater, {package}" if package else "headwater"
            limit = f"fork loop, {package or 'bare'}"
            with fresh_folder() as folder:
                ours = run(run_command(session, "headwater", WIDTH, folder), folder, BENCH_IMPORT=package)
            with fresh_folder() as folder:
                loop = run(fork_loop(session, WIDTH, *package.split()), folder)
            seconds.setdefault(name, []).append(ours.seconds)
            seconds.setdefault(limit, []).append(loop.seconds)
            peaks[name] = max(peaks.get(name, 0.0), ours.peak_memory)
    samples = {name: Sample(tuple(values), peak_memory=peaks.get(name)) for name, values in seconds.items()}
    limits = {name: sample for name, sample in samples.items() if name.startswith("fork")}
    return {name: sample for name, sample in samples.items() if name not in limits}, limits


def metaflow(session: Session) -> Sample:
    """Once; in a quick run a part of the width, the rest extrapolated and said so."""
    width = METAFLOW_QUICK_WIDTH if session.is_quick else WIDTH
    with fresh_folder() as folder:
        ended = run(run_command(session, "metaflow", width, folder), folder)
    sample = Sample((ended.seconds * WIDTH / width,), peak_memory=ended.peak_memory)
    return msgspec.structs.replace(sample, note="" if width == WIDTH else f"extrapolated from {width} tasks")
