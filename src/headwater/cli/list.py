"""`headwater list`: lists runs."""

import sys
import time
from typing import cast

import click

from headwater.cli.printing import print_json, print_table
from headwater.cli.reading import gives_json, opened, reads_store, time_of
from headwater.cli.words import duration, local_time
from headwater.client.records import no_flow
from headwater.model.ports import Ledger
from headwater.model.rows import STATUSES, Page, RunQuery, RunRow, RunStatus

#: Characters of a note that a line shows.
_NOTE = 60
_HEADS = ("run", "status", "started", "took", "user", "tags", "metrics", "note")


@click.command("list")
@click.argument("flow_name", metavar="[FLOW]", required=False)
@click.option("--flow", help="Runs of this flow (the same as naming it as the argument).")
@click.option("--status", type=click.Choice(STATUSES), help="Runs that stand so.")
@click.option("--user", help="Runs that this person started.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Runs with this tag (repeatable: with all of them).")
@click.option("--target", metavar="NAME@ALIAS", help="Runs of the deployments that this alias named.")
@click.option("--since", metavar="TIME", help="Runs started then or later: 2025-03-01, or 12h or 7d ago.")
@click.option("--until", metavar="TIME", help="Runs started before.")
@click.option("--limit", type=click.IntRange(1), default=20, help="Most runs  [default: 20].")
@gives_json
@reads_store
def command(
    flow_name: str | None,
    flow: str | None,
    status: str | None,
    user: str | None,
    tags: tuple[str, ...],
    target: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    as_json: bool,
    home: str | None,
) -> int:
    """List runs, newest first."""
    now = time.time()
    query = RunQuery(
        flow=flow or flow_name,
        status=cast(RunStatus | None, status),
        user=user,
        tags=tags,
        target=target,
        since=None if since is None else time_of(since, now),
        until=None if until is None else time_of(until, now),
        limit=limit,
    )
    with opened(home) as view:
        page = _runs(view.ledger, query)
    if as_json:
        print_json([run_facts(row) for row in page.rows])
        return 0
    if not page.rows:
        print("no runs", file=sys.stderr)
        return 0
    print_table(_HEADS, [_line(row, now) for row in page.rows])
    if page.cursor is not None:
        print(f"the newest {limit}; for more: --limit {limit * 10}", file=sys.stderr)
    return 0


def run_facts(row: RunRow) -> dict[str, object]:
    """What JSON says of a run; times are Unix seconds."""
    launch = row.launch
    return {
        "run": row.path,
        "id": row.run,
        "flow": row.flow,
        "status": row.status,
        "user": row.user,
        "host": row.host,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "duration_seconds": None if row.finished_at is None else row.finished_at - row.started_at,
        "tags": row.tags,
        "system_tags": row.system_tags,
        "note": row.note,
        "origin": row.origin,
        "metrics": row.metrics,
        "task_counts": row.task_counts,
        "cause": row.cause,
        "message": row.message,
        "target": None if launch is None else launch.target,
        "deployment": None if launch is None else launch.number,
        "logical_date": None if launch is None else launch.logical_date,
        "idempotency_key": None if launch is None else launch.idempotency_key,
        "trigger": None if launch is None else launch.trigger.kind,
        "gates": row.gates,
        "gate_expires_at": row.gate_expires_at,
    }


def took(row: RunRow, now: float) -> str:
    """How long a run took; of one that runs, how long it has been running."""
    until = row.finished_at if row.finished_at is not None else now if row.status == "running" else None
    return "" if until is None else duration(until - row.started_at)


def metrics_text(row: RunRow) -> str:
    """`f1 0.71, loss 0.3`."""
    shown = [(name, f"{value:.4g}" if isinstance(value, float) else value) for name, value in row.metrics.items()]
    return ", ".join(f"{name} {value}" for name, value in shown)


def _runs(ledger: Ledger, query: RunQuery) -> Page[RunRow]:
    page = ledger.runs(query)
    if not page.rows and query.flow is not None and query.flow not in ledger.flows():
        raise no_flow(ledger, query.flow)
    return page


def _line(row: RunRow, now: float) -> tuple[object, ...]:
    started, tags = local_time(row.started_at), " ".join(row.tags)
    return row.path, row.status, started, took(row, now), row.user, tags, metrics_text(row), _short(row.note)


def _short(note: str) -> str:
    """The start of a note, on one line."""
    text = " ".join(note[: 10 * _NOTE].split())
    return text if len(text) <= _NOTE else f"{text[: _NOTE - 1]}…"
