"""The verbs that look at logged predictions: predictions, label, replay."""

import os
import sys
import time
from itertools import islice

import click
import msgspec

from headwater.cli.printing import print_facts, print_json, print_table
from headwater.cli.reading import gives_json, opened, reads_store, time_of
from headwater.cli.words import local_time
from headwater.hosting.labels import add_labels, read_labels
from headwater.hosting.predictions import read_predictions
from headwater.hosting.predictions import time_of as id_time
from headwater.hosting.replay import Replay, ReplayRequest, replay
from headwater.hosting.scratch import ScratchPool
from headwater.hosting.tabular import TableFile
from headwater.hosting.versions import find_version, require_service
from headwater.model.errors import UserMistake
from headwater.model.nearest import did_you_mean

#: Requests and answers are cut here in tables.
_LONGEST = 60
_ID_COLUMNS = ("prediction_id", "id")
_LABEL_COLUMNS = ("label", "value")


@click.command("predictions")
@click.argument("name", metavar="SERVICE")
@click.option("--last", default="24h", show_default=True, metavar="TIME", help="Since then: 2026-11-22, or 30min, 7d.")
@click.option("--version", "number", type=click.IntRange(1), help="Of one version only.")
@click.option("--endpoint", help="Of one endpoint only.")
@click.option("--failed", "only_failed", is_flag=True, help="Only those that were refused or failed.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@gives_json
@reads_store
def predictions(
    name: str,
    last: str,
    number: int | None,
    endpoint: str | None,
    only_failed: bool,
    limit: int,
    as_json: bool,
    home: str | None,
) -> int:
    """List logged predictions, newest first; what is logged comes here a few seconds later."""
    now = time.time()
    since = time_of(last, now)
    damaged: list[str] = []
    with opened(home) as view:
        service = require_service(view.ledger, name).name
        rows = (
            row
            for table in read_predictions(
                view.home_path, service, since=since, version=number, newest_first=True, damaged=damaged
            )
            for row in reversed(table.to_pylist())
            if endpoint in (None, row["endpoint"]) and (not only_failed or row["status"] >= 400)
        )
        found = list(islice(rows, limit))
        labels = read_labels(view.home_path, service, since - 86400, now)
    for path in damaged:
        _say(f"{path} is damaged and was left out")
    if as_json:
        print_json([{**row, "label": labels.get(row["id"])} for row in found])
        return 0
    heads = ("at", "prediction", "version", "endpoint", "status", "ms", "request", "answer", "label")
    cells = [
        (
            local_time(row["at"]),
            row["id"],
            row["version"],
            row["endpoint"] + ("" if row["origin"] == "live" else f" ({row['origin']})"),
            row["status"],
            round(row["seconds"] * 1000, 1),
            _cut(row["request"]),
            _cut(row["answer"]),
            _cut(bytes(labels[row["id"]]).decode()) if row["id"] in labels else "",
        )
        for row in found
    ]
    print_table(heads, cells)
    return 0


@click.command("label")
@click.argument("name", metavar="SERVICE")
@click.option("--input", "source", required=True, metavar="FILE", help="Labels: .parquet, .csv or .jsonl.")
@click.option("--id-column", help="Column of the prediction ids  [default: `prediction_id` or `id`].")
@click.option("--label-column", help="Column of the labels  [default: `label` or `value`].")
@reads_store
def label(name: str, source: str, id_column: str | None, label_column: str | None, home: str | None) -> int:
    """Say what turned out to be true of predictions; said again, the later label counts.

    Rows without a label are left out.
    """
    file = TableFile(source)
    ids = _column(file, id_column, _ID_COLUMNS)
    values = _column(file, label_column, _LABEL_COLUMNS)
    if ids == values:
        raise UserMistake(f"{ids} cannot be both the id and the label")
    text = {ids: {"type": "string"}}
    labels = {
        str(row[ids]): row[values]
        for piece in file.pieces((ids, values), text)
        for row in piece.rows
        if row[values] is not None
    }
    with opened(home) as view:
        service = require_service(view.ledger, name).name
        count = add_labels(view.home_path, service, labels.items(), time.time())
        known = _known(view.home_path, service, set(labels))
    _say(f"{count:,} labels kept for {service}")
    if count > known:
        _say(f"{count - known:,} of them belong to no logged prediction")
    return 0


@click.command("replay")
@click.argument("name", metavar="SERVICE")
@click.option("--last", default="24h", show_default=True, metavar="TIME", help="Since then: 2026-11-22, or 30min, 7d.")
@click.option("--candidate", type=click.IntRange(1), required=True, help="Version that is asked.")
@click.option("--version", "number", type=click.IntRange(1), help="Only what this version answered.")
@click.option("--endpoint", help="Only requests to one endpoint.")
@click.option("--limit", type=click.IntRange(1), default=10_000, show_default=True, help="The latest so many.")
@click.option(
    "--tolerance", type=click.FloatRange(0), default=1e-9, show_default=True, help="No difference of numbers."
)
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that answer  [default: cpus].")
@gives_json
@reads_store
def replay_requests(
    name: str,
    last: str,
    candidate: int,
    number: int | None,
    endpoint: str | None,
    limit: int,
    tolerance: float,
    workers: int | None,
    as_json: bool,
    home: str | None,
) -> int:
    """Ask another version what callers asked, in processes of its own, and show how its answers differ."""
    now = time.time()
    workers = workers or os.cpu_count() or 1
    with opened(home) as view:
        service = require_service(view.ledger, name).name
        deployed = find_version(view.ledger, service, candidate)
        request = ReplayRequest(service, time_of(last, now), now, limit, endpoint, number, tolerance)
        pool = ScratchPool(view.home, deployed, workers)
        try:
            found = replay(view.home, pool, workers, request)
        finally:
            pool.close()
    if as_json:
        print_json({"asked": found.asked, **msgspec.structs.asdict(found)})
    else:
        _print_replay(found)
    return 0


def _print_replay(found: Replay) -> None:
    versions = ", ".join(f"{count:,} of version {version}" for version, count in found.versions.items())
    facts: list[tuple[str, object]] = [
        ("asked", f"{found.asked:,} of version {found.candidate}; recorded {versions or 'none'}"),
        ("equal", _share(found.equal, found.asked)),
        ("different", _share(found.different, found.asked)),
        ("fails now", _share(found.fails_now, found.asked)),
        ("works now", _share(found.works_now, found.asked)),
        ("fails as before", found.still_fails or None),
        *(("not asked", f"{count:,}: {reason}") for reason, count in found.skipped.items()),
    ]
    if found.asked:
        facts += [
            ("recorded", f"{_milliseconds(found.recorded_seconds)}, with queue and network"),
            ("replayed", f"{_milliseconds(found.replayed_seconds)}, the endpoint alone"),
        ]
    print_facts(facts)
    for path in found.damaged:
        _say(f"{path} is damaged and was left out")
    if found.differences:
        print()
        heads = ("prediction", "endpoint", "request", f"before (-> {found.candidate})", "after", "difference")
        rows = [
            (each.id, each.endpoint, _cut(each.request), _cut(each.before), _cut(each.after), _size(each.size))
            for each in found.differences
        ]
        print_table(heads, rows)


def _column(file: TableFile, name: str | None, usual: tuple[str, ...]) -> str:
    if name is not None and name in file.columns:
        return name
    found = [each for each in usual if each in file.columns] if name is None else []
    if not found:
        wanted = f"column `{name}`" if name is not None else f"column `{'` or `'.join(usual)}`"
        hint = did_you_mean(name or usual[0], file.columns, what="Its columns")
        raise UserMistake(f"{file.name} has no {wanted}", hint=hint)
    return found[0]


def _known(home: str, service: str, ids: set[str]) -> int:
    """How many of these predictions are in the log."""
    times = [at for at in map(id_time, ids) if at is not None]
    if not times:
        return 0
    # An answer comes at most a day after its id, and a clock may have gone back a little.
    since, until = min(times) - 120, max(times) + 86400
    tables = read_predictions(home, service, since=since, until=until, columns=["id"], damaged=[])
    return len({id for table in tables for id in table["id"].to_pylist()} & ids)


def _share(count: int, total: int) -> str:
    return f"{count:,}" + (f", {100 * count / total:.1f} %" if total else "")


def _milliseconds(seconds: tuple[float, float]) -> str:
    return f"{seconds[0] * 1000:.1f} ms in the middle, {seconds[1] * 1000:.1f} ms for the slowest twentieth"


def _size(size: float | None) -> str:
    return "other" if size is None else f"{size:.6g}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _say(text: str) -> None:
    print(text, file=sys.stderr)
