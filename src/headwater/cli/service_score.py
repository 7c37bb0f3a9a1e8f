"""`headwater service score`: scores a file with a version of a service."""

import os
import sys
import time

import click
import msgspec

from headwater.cli.printing import print_json
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.words import duration
from headwater.hosting.scoring import BatchLog, Scorer
from headwater.hosting.scratch import ScratchPool
from headwater.hosting.service import find_endpoint, find_live
from headwater.hosting.table_scoring import COLUMN, ScoredFile, TableScorer
from headwater.hosting.tabular import TableFile, ending_of
from headwater.model.errors import UserMistake


@click.command("score")
@click.argument("name", metavar="SERVICE")
@click.option("--input", "source", required=True, metavar="FILE", help="Rows: .parquet, .csv or .jsonl.")
@click.option("--output", "target", required=True, metavar="FILE", help="The same rows with their answers.")
@click.option("--version", "number", type=click.IntRange(1), help="Which  [default: the live one].")
@click.option("--endpoint", help="Which  [default: `score_many`, else the first that gathers calls, else the first].")
@click.option("--column", default=COLUMN, show_default=True, help="Column of the answers.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that answer  [default: cpus].")
@gives_json
@reads_store
def score(
    name: str,
    source: str,
    target: str,
    number: int | None,
    endpoint: str | None,
    column: str,
    workers: int | None,
    as_json: bool,
    home: str | None,
) -> int:
    """Score the rows of a file with a version: its code, its packages, its audits; predictions are logged.

    The output is there whole or not at all. It ends with 1 when rows could not be answered; they say why.
    """
    started = time.monotonic()
    ending_of(target)
    if os.path.exists(target) and os.path.exists(source) and os.path.samefile(source, target):
        raise UserMistake(f"{target} is the input", hint="name another --output")
    folder = os.path.dirname(os.path.abspath(target))
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise UserMistake(f"{target} cannot be written: {folder} is no folder that you may write to")
    rows = TableFile(source)
    workers = workers or os.cpu_count() or 1
    with opened(home) as view:
        deployed = find_live(view.home, name, number)
        spec = find_endpoint(deployed, endpoint, "score_many")
        # Whatever is wrong with the columns is told before any process starts.
        TableScorer.check(spec, column, rows)
        pool = ScratchPool(view.home, deployed, workers)
        log = BatchLog(view.home_path, pool, _say)
        try:
            done = TableScorer(Scorer(pool, spec, log, workers), spec, column).score_file(rows, target)
        finally:
            log.close()
            pool.close()
    seconds = time.monotonic() - started
    if as_json:
        facts = {"version": deployed.version.name, "endpoint": spec.name, "output": target, "seconds": seconds}
        print_json({**facts, **msgspec.structs.asdict(done)})
    else:
        _tell(done, f"{deployed.version.name}, endpoint {spec.name}", target, seconds)
    return 1 if done.failed else 0


def _tell(done: ScoredFile, what: str, target: str, seconds: float) -> None:
    _say(f"{done.rows:,} rows scored by {what} in {duration(seconds)}: {target}")
    if done.carried:
        _say(f"not asked for, and carried along: {', '.join(done.carried)}")
    if done.failed:
        count = "1 row has" if done.failed == 1 else f"{done.failed:,} rows have"
        _say(f"{count} no answer; the first: {done.first_error}")


def _say(text: str) -> None:
    print(text, file=sys.stderr)
