"""`python -m bench [P1 P3 ...] [--quick] [--without-peers]`: measure, print, write RESULTS.md and results.json."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from bench import environments, report
from bench.sample import Row
from bench.session import CommandFailed, Session

ROWS = {
    "P1": "p1_import",
    "P2": "p2_hello",
    "P3": "p3_foreach",
    "P4": "p4_wide_foreach",
    "P5": "p5_resume",
    "P6": "p6_client",
    "P7": "p7_large_artifact",
    "P8": "p8_mapped_read",
    "P9": "p9_unchanged",
    "P11": "p11_first_line",
    "E1": "e1_environments",
    "S1": "s1_scheduler",
    "S2": "s2_idle",
    "H1": "h1_trivial_endpoint",
    "H2": "h2_model",
    "H3": "h3_batching",
    "H4": "h4_changes",
    "H5": "h5_load_through_changes",
    "H6": "h6_shared_array",
    "H7": "h7_prediction_log",
    "U1": "u1_store_questions",
    "U2": "u2_api_answers",
    "R1": "r1_remote",
}


def main() -> None:
    """Measure the rows asked for, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, print, and write RESULTS.md.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"some of {' '.join(ROWS)}; all when none is named")
    parser.add_argument("--quick", action="store_true", help="few rounds, narrower work for what takes minutes")
    parser.add_argument("--without-peers", action="store_true", help="only Headwater and the limits of the machine")
    parser.add_argument(
        "--write", action=argparse.BooleanOptionalAction, help="write the files, keeping rows not named (all: yes)"
    )
    asked = parser.parse_args()
    unknown = [name for name in asked.rows if name not in ROWS]
    if unknown:
        parser.error(f"no row {', '.join(unknown)}; rows are {', '.join(ROWS)}")
    wanted = asked.rows or list(ROWS)
    peers, notes = install(environments.PEERS, not asked.without_peers and any(name[0] != "H" for name in wanted))
    servers, more = install(environments.SERVERS, not asked.without_peers and any(name[0] == "H" for name in wanted))
    notes += more
    session = Session(asked.quick, peers, environments.install_headwater(), servers)
    is_written = asked.write if asked.write is not None else not asked.rows
    rows: list[Row] = []
    is_part = bool(asked.rows)
    for name in wanted:
        if (measured := measure(name, session, notes)) is not None:
            rows.append(measured)
        # After each row: what was measured is kept when a later one is interrupted.
        if is_written and not is_part:
            print(report.write(rows, session, notes), flush=True)
    if is_written and is_part:
        print(report.write(rows, session, notes, is_part=True), flush=True)
    if any(not budget.is_reached for row in rows for budget in row.budgets):
        print("some promises were missed", file=sys.stderr)


def install(subjects: Sequence[str], is_wanted: bool) -> tuple[frozenset[str], list[str]]:
    """Install these, or none of them."""
    return environments.install(subjects if is_wanted else ())


def measure(name: str, session: Session, notes: list[str]) -> Row | None:
    """Measure and print one row; a failure becomes a note, the other rows go on."""
    try:
        row: Row = importlib.import_module(f"bench.rows.{ROWS[name]}").measure(session)
    except CommandFailed as failure:
        print(failure, file=sys.stderr, flush=True)
        notes.append(f"{name} was not measured: {str(failure).splitlines()[0]}")
        return None
    print("\n".join(report.section(row)))
    for budget in row.budgets:
        print(f"  {budget.promise}: {budget}")
    print(flush=True)
    return row


if __name__ == "__main__":
    main()
