"""P11: until the first line of `show`, `logs` and `--help`."""

from collections.abc import Sequence
from pathlib import Path

from bench.sample import Budget, Row, Sample
from bench.session import BENCH, CommandFailed, Session, fresh_folder, run


def measure(session: Session) -> Row:
    """Seconds from the command to the first byte on stdout."""
    rounds = session.rounds(10)
    flow = str(BENCH.parent / "examples" / "hello" / "flow.py")
    with fresh_folder() as folder:
        run(session.argv("headwater", flow, "run", "--run-id-file", "run-id"), folder)
        path = (folder / "run-id").read_text().strip()
        headwater = {
            "headwater": session.argv("headwater", "-m", "headwater", "show", flow),
            "headwater logs": session.argv("headwater", "-m", "headwater", "logs", f"{path}/greet"),
            "headwater --help": session.argv("headwater", "-m", "headwater", "--help"),
        }
        samples = {name: first_byte(command, folder, rounds) for name, command in headwater.items()}
        if "metaflow" in session.peers:
            samples["metaflow"] = first_byte(session.flow("metaflow", "hello", folder, "show"), folder, rounds)
        limit = first_byte(session.argv("limit", "-c", "print()"), folder, rounds)
    budgets = tuple(
        Budget(f"first line of `{name}` <= 120 ms", samples[subject].median, 0.12, "s")
        for subject, name in (("headwater", "show"), ("headwater logs", "logs"), ("headwater --help", "--help"))
    )
    return Row("P11", "first line of `headwater show`, `logs`, `--help`", samples, {"bare interpreter": limit}, budgets)


def first_byte(command: Sequence[str], folder: Path, rounds: int) -> Sample:
    times = [run(command, folder).first_byte for _ in range(rounds)]
    if any(one is None for one in times):
        raise CommandFailed(f"{' '.join(command)} wrote nothing to stdout")
    return Sample(tuple(one for one in times if one is not None))
