"""P7: an array of 1 GiB, written in one step and read in the next."""

from bench.sample import Budget, Row, Sample
from bench.session import BENCH, Session, fresh_folder, run

MEGABYTES, QUICK_MEGABYTES = 1024, 256
NOTES = {"dask": "not kept", "ray": "not kept", "joblib": "in one process and one worker"}


def measure(session: Session) -> Row:
    """Whole process; beside it the seconds that the write alone took, and those of a raw write + fsync."""
    megabytes = QUICK_MEGABYTES if session.is_quick else MEGABYTES
    ours, saves, raws, hashes, peaks = [], [], [], [], []
    for _ in range(session.rounds(5)):
        with fresh_folder() as folder:
            raw = run(session.argv("limit", str(BENCH / "probes" / "raw_disk.py"), str(megabytes)), folder).facts[0]
        raws.append(raw["write"])
        hashes.append(raw["blake3"])
        seconds, save, peak = one_run(session, megabytes)
        ours.append(seconds)
        saves.append(save)
        peaks.append(peak)
    samples = {
        "headwater": Sample(tuple(ours), peak_memory=max(peaks)),
        "headwater, the write alone": Sample(tuple(saves)),
    }
    samples |= peers(session, megabytes)
    limits = {"raw write + fsync": Sample(tuple(raws)), "BLAKE3, 2 threads": Sample(tuple(hashes))}
    work = f"float64 array of {megabytes} MiB: written, then read in the next step, whole process"
    return Row("P7", work, samples, limits, budgets(samples, limits, megabytes))


def one_run(session: Session, megabytes: int) -> tuple[float, float, float]:
    """Seconds of the whole process, seconds of the write, peak memory in MB."""
    with fresh_folder() as folder:
        arguments = ["run", "--megabytes", str(megabytes), "--run-id-file", "run-id"]
        ended = run(session.flow("headwater", "large", folder, *arguments), folder)
        path = (folder / "run-id").read_text().strip()
        script = str(BENCH / "peers" / "jobs_headwater.py")
        saved = run(session.argv("headwater", script, "save_seconds", path), folder).facts[0]
    return ended.seconds, saved["start"], ended.peak_memory


def peers(session: Session, megabytes: int) -> dict[str, Sample]:
    """Everybody else; Metaflow once, it needs most of a minute."""
    samples: dict[str, Sample] = {}
    for peer in sorted(session.peers - {"metaflow"}):
        command = {peer: session.script(peer, "array", str(megabytes))}
        samples |= session.compare(command, session.rounds(3), notes=NOTES)
    if "metaflow" in session.peers:
        with fresh_folder() as folder:
            ended = run(session.flow("metaflow", "large", folder, "run", "--megabytes", str(megabytes)), folder)
        samples["metaflow"] = Sample((ended.seconds,), peak_memory=ended.peak_memory)
    return samples


def budgets(samples: dict[str, Sample], limits: dict[str, Sample], megabytes: int) -> tuple[Budget, ...]:
    """The promises of this row."""
    ours, array = samples["headwater"], megabytes * 2**20 / 1e6
    write = samples["headwater, the write alone"].median / limits["raw write + fsync"].median
    found = [
        Budget("write <= 1.3 x raw write + fsync", write, 1.3, "x"),
        Budget("peak memory < 1.1 x the array", (ours.peak_memory or 0) / array, 1.1, "x"),
    ]
    if "metaflow" in samples:
        factor = samples["metaflow"].median / ours.median
        found.append(Budget("whole process >= 20 x Metaflow", factor, 20, "x", is_floor=True))
    if "joblib" in samples:
        found.append(Budget("ahead of joblib", ours.median / samples["joblib"].median, 1, "of joblib's"))
    return tuple(found)
