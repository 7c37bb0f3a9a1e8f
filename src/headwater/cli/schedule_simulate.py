"""`headwater schedule simulate`: every firing of some days, with what clocks and earlier runs do to it."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice

import click

from headwater.cli.deployment_names import find_state
from headwater.cli.flow_file import is_flow_file
from headwater.cli.printing import print_json, print_table
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.deployments.aliases import Aliases
from headwater.deployments.names import PRODUCTION, deployment_name
from headwater.deployments.stored import find_deployment
from headwater.flow.checks import check_flow
from headwater.flow.load import find_code, load_source
from headwater.model.deployment import AliasState
from headwater.model.errors import FlowMistakes, NotFound, UserMistake
from headwater.model.graph import Graph
from headwater.model.ports import Ledger
from headwater.production.history import usual_duration
from headwater.production.simulate import ClockChange, SimulatedFiring, TimeTable, clock_changes
from headwater.production.simulate import simulate as simulated

#: Firings that are walked through at most.
MOST = 100_000
_DAY = 86400.0
#: Years whose clock changes are known or can be worked out.
_YEARS = range(1971, 2101)


@click.command("simulate")
@click.argument("name", metavar="[NAME@ALIAS|FILE.py]", required=False)
@click.option("--days", type=click.IntRange(1, 3660), default=60, help="How many days  [default: 60].")
@click.option("--from", "first", metavar="DATE", help="First day, in UTC: 2025-03-01  [default: now].")
@click.option("--limit", type=click.IntRange(1), default=40, help="Most firings to list one by one  [default: 40].")
@gives_json
@reads_store
def simulate(name: str | None, days: int, first: str | None, limit: int, as_json: bool, home: str | None) -> int:
    """Show every firing of some days, of one deployment, of a flow that is not deployed yet, or of all.

    Names what changes of clocks do, and where a run meets the one before it, going by how long runs usually take.
    """
    begin = time.time() if first is None else _day(first)
    until = begin + days * _DAY
    tables = _tables(name, home)
    if not tables:
        what = "nothing that is deployed has a schedule" if name is None else f"{name} has no schedule"
        raise UserMistake(what, hint="write @schedule(daily=True) above the class of a flow")
    firings = list(islice(simulated(tables, begin, until), MOST + 1))
    zones = dict.fromkeys(table.schedule.timezone for table in tables)
    changes = [change for zone in zones for change in clock_changes(zone, begin, until)]
    is_cut = len(firings) > MOST
    firings = firings[:MOST]
    if as_json:
        facts = {"from": begin, "to": until, "count": len(firings), "is_cut": is_cut}
        print_json({**facts, "firings": firings, "clock_changes": changes})
        return 0
    _print(firings, changes, limit)
    for line in _summary(tables, firings, days, is_cut=is_cut):
        print(line, file=sys.stderr)
    return 0


def _tables(name: str | None, home: str | None) -> list[TimeTable]:
    if name is not None and is_flow_file(name):
        return _of_file(name, home)
    with opened(home) as view:
        states = Aliases(view.ledger).all() if name is None else [find_state(view.ledger, name)]
        live = [state for state in states if state.deployment is not None and state.shadow_of is None]
        return [table for state in live for table in _of_alias(view.ledger, state)]


def _of_alias(ledger: Ledger, state: AliasState) -> list[TimeTable]:
    graph = find_deployment(ledger, state.name, state.number).graph
    return _of_graph(graph, state.target, ledger)


def _of_file(name: str, home: str | None) -> list[TimeTable]:
    """Give the time tables of a flow as if it were deployed as production; runs of the store tell how long it takes."""
    file, _, flow_name = name.partition(":")
    code = find_code(file)
    flow = load_source(type(code)(code.root, code.file, code.module, flow_name, code.tree))
    graph, mistakes = check_flow(flow)
    if graph is None:
        raise FlowMistakes(flow.__name__, mistakes)
    target = f"{deployment_name(graph.flow, graph.production.project)}@{PRODUCTION}"
    with suppress(NotFound), opened(home) as view:
        return _of_graph(graph, target, view.ledger)
    return _of_graph(graph, target, None)


def _of_graph(graph: Graph, target: str, ledger: Ledger | None) -> list[TimeTable]:
    usual = None if ledger is None else usual_duration(ledger, target)
    seconds = None if usual is None else usual.seconds
    production = graph.production
    return [TimeTable(target, schedule, production.policy.overlap, seconds) for schedule in production.schedules]


def _print(firings: list[SimulatedFiring], changes: list[ClockChange], limit: int) -> None:
    """List the first firings, and of the others those that there is something to say of."""
    shown = firings[:limit]
    odd = [firing for firing in firings[limit:] if firing.clocks or firing.overlap]
    rows = sorted(
        [*((firing.fires_at, _line(firing)) for firing in [*shown, *odd[:limit]]), *_change_lines(changes)],
        key=lambda row: row[0],
    )
    print_table(("utc", "on its clocks", "deployment", "schedule", "what happens"), [line for _, line in rows])
    hidden = len(firings) - len(shown) - min(len(odd), limit)
    if hidden:
        what = "that nothing special happens to" if len(odd) <= limit else "of which some are special"
        print(f"and {hidden} more firings, {what}: --limit {len(firings)} or --json lists all", file=sys.stderr)


def _line(firing: SimulatedFiring) -> tuple[object, ...]:
    note = "; ".join(part for part in (firing.clocks, firing.overlap) if part)
    return _utc(firing.fires_at), firing.local, firing.target, firing.schedule, note


def _change_lines(changes: list[ClockChange]) -> Iterator[tuple[float, tuple[object, ...]]]:
    for change in changes:
        text = f"clocks of {change.zone} go from {change.before} to {change.after}"
        yield change.at - 0.5, (_utc(change.at), "", "", "", text)


def _summary(tables: list[TimeTable], firings: list[SimulatedFiring], days: int, *, is_cut: bool) -> Iterator[str]:
    count = f"more than {MOST}" if is_cut else str(len(firings))
    clocks = sum(1 for firing in firings if firing.clocks)
    overlaps = sum(1 for firing in firings if firing.overlap)
    yield f"{count} firings in {days} days; {clocks} at changes of clocks, {overlaps} while a run still works"
    if len(tables) > 1:
        by_table = Counter((firing.target, firing.schedule) for firing in firings)
        for (target, name), number in by_table.items():
            yield f"  {number} of {target}, schedule {name}"
    unknown = sorted({table.target for table in tables if table.run_seconds is None})
    if unknown:
        yield f"overlaps of {', '.join(unknown)} are not known: no run has succeeded yet"


def _utc(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"


def _day(text: str) -> float:
    try:
        read = datetime.fromisoformat(text)
        if read.year not in _YEARS:
            raise ValueError(read.year)
        return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        hint = f"write it as 2025-01-31 or 2025-01-31T06:00, from {_YEARS[0]} to {_YEARS[-1]}"
        raise UserMistake(f"--from {text!r} is no date", hint=hint) from error
