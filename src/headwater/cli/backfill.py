"""`headwater backfill`: runs a deployment for each slot of a stretch of the past."""

import sys
import time

import click

from headwater.cli.backfill_words import (
    cancelled_text,
    counts_text,
    preview_facts,
    print_preview,
    progress_facts,
    progress_line,
    slot_facts,
    slot_line,
    slots_text,
    time_text,
)
from headwater.cli.deployment_names import find_state
from headwater.cli.deployment_run import parameters_in
from headwater.cli.nouns import NounGroup
from headwater.cli.printing import print_facts, print_json, print_table
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.words import local_time
from headwater.deployments.owners import person_of
from headwater.deployments.values import raw_values
from headwater.model.deployment import AliasState
from headwater.model.errors import DeploymentRefused, NotFound, UserMistake
from headwater.model.nearest import nearest
from headwater.model.ports import Ledger
from headwater.production.backfill import decode_backfill
from headwater.production.backfill_changes import start_backfill, stop_backfill
from headwater.production.backfill_plan import Asked, plan_backfill, refuse, unreadable
from headwater.production.backfill_progress import (
    backfill_records,
    find_backfill,
    progress_of,
)


class _BackfillGroup(NounGroup):
    """`headwater backfill Churn@production` starts one: what is no verb is the name of a deployment."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            return "start", start, args
        return super().resolve_command(ctx, args)


@click.group("backfill", cls=_BackfillGroup, subcommand_metavar="NAME@ALIAS [OPTIONS] | COMMAND [ARGS]...")
def command() -> None:
    """Run a deployment for each slot of a stretch of the past.

    `headwater backfill Churn@production --from 2025-01-01 --to 2025-03-01` shows what that comes to, and asks.
    """


@click.command("start", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True})
@click.argument("target", metavar="NAME@ALIAS")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[--PARAMETER VALUE]...")
@click.option("--from", "first", required=True, metavar="DATE", help="First slot: 2025-01-31, or 2025-01-31T06:00.")
@click.option("--to", "until", metavar="DATE", help="Slots before this one, which is left out  [default: now].")
@click.option("--every", metavar="TIME", help="A slot every 1d, 6h, 1w, instead of those of the schedule.")
@click.option("--schedule", metavar="NAME", help="The schedule whose slots they are, when there are several.")
@click.option("--timezone", metavar="ZONE", help="With --every: the clocks of dates  [default: the schedule's].")
@click.option("--deployment", "number", type=click.IntRange(1), help="Deployment to run  [default: the alias's].")
@click.option("--parallel", type=click.IntRange(1, 1000), default=1, help="Runs at the same time  [default: 1].")
@click.option("--again", "is_again", is_flag=True, help="Run slots again that have a successful run.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show what it comes to, and start nothing.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@click.option("--token", metavar="TOKEN", help="Token of somebody else's deployment  [default: HEADWATER_TOKEN].")
@gives_json
@reads_store
def start(
    target: str,
    words: tuple[str, ...],
    first: str,
    until: str | None,
    every: str | None,
    schedule: str | None,
    timezone: str | None,
    number: int | None,
    parallel: int,
    is_again: bool,
    is_dry_run: bool,
    is_sure: bool,
    token: str | None,
    as_json: bool,
    home: str | None,
) -> int:
    """Start a backfill: one run for each slot from the first to before the last, after a preview.

    Every run has its slot as `current.logical_date`. Slots that have a successful run already are left out. The
    daemon starts the runs, oldest first, and lets the deployment's other runs go before them.
    """
    given = raw_values(parameters_in(words))
    asked = Asked(first, until, every, schedule, timezone, number, parallel, given, is_again)
    with opened(home) as view:
        state = _find(view.ledger, target, asked)
        if state.deployment is None:
            raise DeploymentRefused(f"{state.target} names no deployment yet: it waits for an approval")
        if not is_dry_run:
            person_of(view.home, token).require(state, "backfill")
        preview = plan_backfill(view.home, state, asked, time.time())
        if not as_json:
            print_preview(preview, sys.stdout if is_dry_run else sys.stderr)
        if is_dry_run:
            if as_json:
                print_json(preview_facts(preview))
            return 0
        _be_sure(is_sure)
        started = start_backfill(view.ledger, preview.backfill)
        if as_json:
            print_json({**preview_facts(preview), "id": started.id})
        else:
            print(f"started {started.id}")
            print(f"see how it goes: headwater backfill show {started.id}", file=sys.stderr)
        _tell_what_holds_it(view.ledger, target=state.target, is_paused=state.is_paused)
    return 0


@click.command("list")
@gives_json
@reads_store
def list_all(as_json: bool, home: str | None) -> int:
    """List backfills, newest first, and how far each has come."""
    with opened(home) as view:
        found = [progress_of(view.ledger, decode_backfill(record)) for record in backfill_records(view.ledger)]
    found.sort(key=lambda progress: progress.backfill.at, reverse=True)
    if as_json:
        print_json([progress_facts(progress) for progress in found])
        return 0
    if not found:
        print("no backfills", file=sys.stderr)
        return 0
    rows = [progress_line(progress) for progress in found]
    print_table(("backfill", "status", "of", "from", "to", "runs", "stand", "started", "by"), rows)
    return 0


@click.command("show")
@click.argument("backfill_id", metavar="ID")
@click.option("--limit", type=click.IntRange(0), default=20, help="Most slots to list, newest last  [default: 20].")
@gives_json
@reads_store
def show(backfill_id: str, limit: int, as_json: bool, home: str | None) -> int:
    """Show a backfill: what it runs, how far it is, and its slots with their runs."""
    with opened(home) as view:
        progress = progress_of(view.ledger, find_backfill(view.ledger, backfill_id)[0])
    if as_json:
        print_json({**progress_facts(progress), "slots": slot_facts(progress)})
        return 0
    backfill = progress.backfill
    print_facts(
        [
            ("backfill", backfill.id),
            ("status", progress.status),
            ("runs", f"{backfill.target}, deployment {backfill.number}, {backfill.parallel} at the same time"),
            ("slots", slots_text(backfill)),
            ("from", time_text(backfill, backfill.first)),
            ("to before", time_text(backfill, backfill.until)),
            ("stand", counts_text(progress)),
            ("left out", len(backfill.left_out) or None),
            ("started", f"{local_time(backfill.at)} by {backfill.user}"),
            ("cancelled", cancelled_text(backfill)),
        ]
    )
    shown = progress.slots[len(progress.slots) - limit :] if limit < len(progress.slots) else progress.slots
    if shown:
        print()
        print_table(("slot", "run", "status", "took", "why"), [slot_line(backfill, each) for each in shown])
    if len(shown) < len(progress.slots):
        print(f"the newest {limit}; for all: --limit {len(progress.slots)}", file=sys.stderr)
    if progress.status == "done" and any(status in progress.counts for status in ("failed", "cancelled", "refused")):
        print("the same command again runs the slots that have no successful run", file=sys.stderr)
    return 0


@click.command("cancel")
@click.argument("backfill_id", metavar="ID")
@click.option("--let-finish", is_flag=True, help="Let the runs finish that have begun.")
@click.option("--token", metavar="TOKEN", help="Token of somebody else's deployment  [default: HEADWATER_TOKEN].")
@reads_store
def cancel(backfill_id: str, let_finish: bool, token: str | None, home: str | None) -> int:
    """Start no more runs of a backfill, and stop those under way."""
    with opened(home) as view:
        person = person_of(view.home, token)
        progress = stop_backfill(view.home, person, backfill_id, time.time(), let_finish=let_finish)
    print(f"{progress.backfill.id} {progress.status}: {counts_text(progress) or 'nothing was started'}")
    return 0


for _verb in (start, list_all, show, cancel):
    command.add_command(_verb)


def _find(ledger: Ledger, target: str, asked: Asked) -> AliasState:
    try:
        return find_state(ledger, target)
    except NotFound as error:
        verbs = nearest(target, [verb for verb in command.commands if verb != "start"])
        if not verbs:
            refuse([error, *unreadable(asked)])
            raise
        raise NotFound(error.message, choices=verbs, hint=f"did you mean `headwater backfill {verbs[0]}`?") from error


def _be_sure(is_sure: bool) -> None:
    if is_sure:
        return
    if not sys.stdin.isatty():
        raise UserMistake("nobody is here to ask", hint="`--yes` starts it without asking, `--dry-run` only shows it")
    if not click.confirm("start it?", err=True):
        raise click.Abort


def _tell_what_holds_it(ledger: Ledger, *, target: str, is_paused: bool) -> None:
    if ledger.leader("daemon") is None:
        print(
            "no daemon runs on this store: its runs start when one does; start it with: headwater up", file=sys.stderr
        )
    if is_paused:
        print(f"{target} is paused: its runs start after headwater deployment unpause {target}", file=sys.stderr)
