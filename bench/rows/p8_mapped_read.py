"""P8: the large array, read in the next step: to the object, and shared by eight readers."""

from bench.sample import Budget, Row, Sample
from bench.session import BENCH, Session, fresh_folder, run

MEGABYTES, QUICK_MEGABYTES, READERS = 1024, 256, 8


def measure(session: Session) -> Row:
    """Milliseconds until the object is there; memory that eight readers take together."""
    megabytes = QUICK_MEGABYTES if session.is_quick else MEGABYTES
    opens, metaflow, maps = [], [], []
    for _ in range(session.rounds(3)):
        with fresh_folder() as folder:
            maps.append(
                run(session.argv("limit", str(BENCH / "probes" / "raw_disk.py"), str(megabytes)), folder).facts[0][
                    "map"
                ]
            )
        opens.append(open_seconds(session, "headwater", megabytes))
    if "metaflow" in session.peers:
        metaflow.append(open_seconds(session, "metaflow", megabytes))
    shares, eight = readers(session, megabytes)
    samples = {"headwater": Sample(tuple(opens)), f"headwater, each of {READERS} readers": Sample(tuple(eight))}
    if metaflow:
        samples["metaflow"] = Sample(tuple(metaflow))
    budgets = (
        Budget("<= 20 ms to the object", samples["headwater"].median, 0.02, "s"),
        Budget(
            f"{READERS} readers share one copy: all together < 1.25 x the array",
            sum(shares) / (megabytes * 2**20),
            1.25,
            "x",
        ),
    )
    work = f"the array of {megabytes} MiB, read in the next step: to the object"
    return Row("P8", work, samples, {"mmap": Sample(tuple(maps))}, budgets)


def open_seconds(session: Session, subject: str, megabytes: int) -> float:
    with fresh_folder() as folder:
        ended = run(session.flow(subject, "large", folder, "run", "--megabytes", str(megabytes)), folder)
    return ended.facts[0]["open"]


def readers(session: Session, megabytes: int) -> tuple[list[float], list[float]]:
    """Bytes and seconds of each of eight readers that run at the same time."""
    with fresh_folder() as folder:
        arguments = ["run", "--megabytes", str(megabytes), "--readers", str(READERS), "--max-workers", str(READERS)]
        ended = run(session.flow("headwater", "readers", folder, *arguments), folder)
    return [fact["share"] for fact in ended.facts], [fact["open"] for fact in ended.facts]
