"""P9: a large artifact that passes through five steps, untouched or merely read."""

from pathlib import Path

import msgspec

from bench.sample import Budget, Row, Sample
from bench.session import BENCH, Session, fresh_folder, run

MEGABYTES, QUICK_MEGABYTES = 1024, 256
STEPS = ("one", "two", "three", "four", "end")
#: Kind -> how it is called in a sentence, and what its flow imports.
KINDS = {"array": ("an array", ""), "frame": ("a data frame", "pandas"), "model": ("a model", "sklearn.neighbors")}


class Passed(msgspec.Struct, frozen=True):
    """What came of one run."""

    #: Seconds that each of the five steps took to save.
    saves: list[float]
    #: Bytes that the store gained after the step that made the artifact.
    extra_bytes: float


def measure(session: Session) -> Row:
    """Seconds that the five steps took to save, and bytes that the store gained by them."""
    megabytes = QUICK_MEGABYTES if session.is_quick else MEGABYTES
    untouched = passed(session, "array", megabytes, is_read=False)
    samples = {"headwater": Sample(tuple(untouched.saves), note="array, untouched, a step's save")}
    budgets = [Budget("untouched: 0 bytes written", untouched.extra_bytes, 0, "bytes")]
    for kind, (name, _) in KINDS.items():
        read = passed(session, kind, megabytes, is_read=True)
        samples[f"headwater, {kind} read"] = Sample(tuple(read.saves), note="a step's save")
        budgets.append(Budget(f"{name} read but not changed: nothing written", read.extra_bytes, 0, "bytes"))
    work = f"an unchanged artifact of {megabytes} MiB through 5 steps"
    return Row("P9", work, samples, budgets=tuple(budgets))


def passed(session: Session, kind: str, megabytes: int, *, is_read: bool) -> Passed:
    """Run the flow once."""
    with fresh_folder() as folder:
        arguments = ["run", "--kind", kind, "--megabytes", str(megabytes), "--run-id-file", "run-id"]
        command = session.flow("headwater", "unchanged", folder, *arguments)
        ended = run(command, folder, BENCH_READ="1" if is_read else "", BENCH_IMPORT=KINDS[kind][1])
        path = (folder / "run-id").read_text().strip()
        script = str(BENCH / "peers" / "jobs_headwater.py")
        saves = run(session.argv("headwater", script, "save_seconds", path), folder).facts[0]
        stored = sum(file.stat().st_size for file in Path(folder, "home", "objects").rglob("*") if file.is_file())
    return Passed([saves[step] for step in STEPS], stored - ended.facts[0]["stored"])
