"""`headwater schedule`: what fires when, and what a time table will do."""

import sys
import time
from collections.abc import Iterator

import click

from headwater.cli.deployment_facts import utc_and_local
from headwater.cli.nouns import NounGroup
from headwater.cli.printing import print_json, print_table
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.schedule_simulate import simulate
from headwater.cli.words import local_time
from headwater.deployments.aliases import Aliases
from headwater.deployments.stored import find_deployment
from headwater.model.deployment import AliasState
from headwater.model.ports import Ledger
from headwater.production.upcoming import ScheduleState, schedule_states


@click.group("schedule", cls=NounGroup)
def command() -> None:
    """Show what fires when, and what a time table will do."""


@click.command("list")
@gives_json
@reads_store
def list_all(as_json: bool, home: str | None) -> int:
    """List the schedules of all deployments: when each fires next, and what became of its last slot."""
    now = time.time()
    with opened(home) as view:
        states = [state for alias in Aliases(view.ledger).all() for state in _states(view.ledger, alias, now)]
        daemon = view.ledger.leader("daemon")
    if as_json:
        print_json([{**_facts(state), "daemon": daemon} for state in states])
        return 0
    if not states:
        print("nothing is scheduled; @schedule on a flow, then headwater deploy FILE.py", file=sys.stderr)
        return 0
    heads = ("deployment", "schedule", "stands", "fires next", "last slot", "verdict", "run")
    print_table(heads, [_line(state) for state in states])
    if daemon is None:
        print(
            "no daemon runs on this store: nothing fires until one does; start it with: headwater up", file=sys.stderr
        )
    for state in states:
        if state.due is not None and daemon is None:
            due = utc_and_local(state.due, state.schedule)
            print(f"{state.alias.target}: due since {due}, and nothing has fired", file=sys.stderr)
    return 0


for _verb in (list_all, simulate):
    command.add_command(_verb)


def _states(ledger: Ledger, alias: AliasState, now: float) -> Iterator[ScheduleState]:
    yield from schedule_states(ledger, alias, find_deployment(ledger, alias.name, alias.number), now)


def _facts(state: ScheduleState) -> dict[str, object]:
    schedule, last = state.schedule, state.last
    return {
        "target": state.alias.target,
        "deployment": state.alias.number,
        "schedule": schedule.key,
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "missed": schedule.missed,
        "stands": state.stands,
        "next": state.next_at,
        "due": state.due,
        "last_slot": None if last is None else last.slot,
        "verdict": None if last is None else last.verdict,
        "reason": None if last is None else last.reason,
        "run": None if last is None else last.run_path,
    }


def _line(state: ScheduleState) -> tuple[object, ...]:
    last = state.last
    coming = "-" if state.next_at is None else utc_and_local(state.next_at, state.schedule)
    return (
        state.alias.target,
        state.schedule.key,
        state.stands,
        coming,
        local_time(None if last is None else last.slot),
        "-" if last is None else last.verdict,
        "" if last is None else last.run_path or last.reason,
    )
