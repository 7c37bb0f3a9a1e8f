"""Writes the rows as JSON and as the table that people read."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.sample import Row, figure
from bench.session import BENCH, Session


def write(rows: Sequence[Row], session: Session, notes: Sequence[str], *, is_part: bool = False) -> Path:
    """Write `results.json` and `RESULTS.md`; gives the path of the latter.

    Args:
        rows: what was measured.
        session: how.
        notes: what there is to say of it.
        is_part: keep what is there of all other rows; a note says which are of today.
    """
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    about = {
        "date": date,
        "machine": machine(),
        "versions": versions(session),
        "is_quick": session.is_quick,
        "notes": list(notes),
    }
    path = BENCH / "results.json"
    if is_part and path.exists():
        before = json.loads(path.read_text())
        names = ", ".join(row.name for row in rows)
        said = f"measured {date}, load average {os.getloadavg()[0]:.1f} at the end: {names}"
        rows = joined(msgspec.convert(before["rows"], tuple[Row, ...]), rows)
        measured = [*before["about"]["notes"], *notes, said]
        about = {**before["about"], "versions": {**before["about"]["versions"], **versions(session)}, "notes": measured}
    results = {"about": about, "rows": [msgspec.to_builtins(row) for row in rows]}
    path.write_text(json.dumps(results, indent=1) + "\n")
    path = BENCH / "RESULTS.md"
    path.write_text("\n".join(document(rows, about)) + "\n")
    return path


def joined(before: Sequence[Row], rows: Sequence[Row]) -> list[Row]:
    """Put new rows in the place of those of the same name, and the others behind."""
    new = {row.name: row for row in rows}
    kept = [new.pop(row.name, row) for row in before]
    return [*kept, *new.values()]


def machine() -> dict[str, str]:
    """What was measured on."""
    with open("/proc/cpuinfo") as cpuinfo:
        models = [line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")]
    with open("/proc/meminfo") as meminfo:
        kilobytes = int(meminfo.readline().split()[1])
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{kilobytes / 2**20:.0f} GiB",
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def versions(session: Session) -> dict[str, str]:
    """Version of Headwater and of each peer that took part, as installed."""
    found = {}
    for subject in ["headwater", *sorted(session.peers), *sorted(session.servers)]:
        code = f"from importlib.metadata import version; print(version({subject!r}))"
        python = sys.executable if subject == "headwater" else session.python(subject)
        found[subject] = subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()
    return found


def document(rows: Sequence[Row], about: dict[str, object]) -> list[str]:
    """The lines of RESULTS.md."""
    lines = [
        "# Benchmark results",
        "",
        "Written by `make bench`. Median (smallest-largest), all subjects in turns.",
        "",
    ]
    lines += [f"- date: {about['date']}"]
    lines += [f"- {name}: {value}" for name, value in about["machine"].items()]  # type: ignore[attr-defined]
    lines += ["- versions: " + ", ".join(f"{name} {found}" for name, found in about["versions"].items())]  # type: ignore[attr-defined]
    if about["is_quick"]:
        lines += ["- quick run: few rounds, narrower work where a note says so"]
    lines += [f"- {note}" for note in about["notes"]]  # type: ignore[attr-defined]
    lines += ["", "| # | Promise | |", "|---|---|---|"]
    lines += [f"| {row.name} | {budget.promise} | {budget} |" for row in rows for budget in row.budgets]
    for row in rows:
        lines += ["", *section(row)]
    return lines


def section(row: Row) -> list[str]:
    """One row, with everybody's figures."""
    ours = row.subjects.get("headwater")
    lines = [f"## {row.name}: {row.work}", "", "| | Time | Times ours | Peak memory | |", "|---|---|---|---|---|"]
    for name, sample in [*row.subjects.items(), *((f"limit: {name}", one) for name, one in row.limits.items())]:
        is_like = ours is not None and sample is not ours and sample.unit == ours.unit and ours.median
        ratio = f"{figure(sample.median / ours.median)} x" if ours is not None and is_like else ""
        peak = f"{sample.peak_memory:,.0f} MB" if sample.peak_memory else ""
        lines.append(f"| {name} | {sample} | {ratio} | {peak} | {sample.note} |")
    return [*lines, *([""] if row.notes else []), *row.notes]
