"""`headwater deployment`: looks at deployments and their aliases, and the verbs that change them."""

import time

import click

from headwater.cli.deployment_changes import delete, pause, promote, rollback, secrets, token, unpause
from headwater.cli.deployment_compare import compare
from headwater.cli.deployment_facts import (
    deployment_facts,
    firing_lines,
    schedule_facts,
    state_facts,
    utc_and_local,
)
from headwater.cli.deployment_names import find_state
from headwater.cli.deployment_run import run
from headwater.cli.nouns import NounGroup
from headwater.cli.printing import print_facts, print_json, print_table
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.words import bytes_text, local_time
from headwater.client.plain import plain_values
from headwater.client.session import View
from headwater.deployments.aliases import Aliases
from headwater.deployments.moves import is_expired
from headwater.deployments.stored import find_deployment, list_deployments
from headwater.model.deployment import AliasState, Deployment
from headwater.model.rows import RunQuery, RunRow
from headwater.production.upcoming import next_firings

_RUNS = 5


@click.group("deployment", cls=NounGroup)
def command() -> None:
    """Look at deployments, start their runs, and move the aliases that name them."""


@click.command("list")
@click.argument("name", required=False, metavar="[NAME]")
@gives_json
@reads_store
def list_all(name: str | None, as_json: bool, home: str | None) -> int:
    """List aliases with what they name; of one NAME, such as Churn, its deployments too."""
    with opened(home) as view:
        aliases = Aliases(view.ledger)
        states = aliases.all_taken() if name is None else aliases.of(name)
        deployments = [] if name is None else list_deployments(view.ledger, name)
        if as_json:
            print_json([_row_facts(view, state) for state in states])
        elif name is None:
            _print_states(view, states)
        else:
            _print_states(view, states)
            print()
            _print_deployments(deployments, states)
    return 0


@click.command("show")
@click.argument("target", metavar="NAME@ALIAS")
@gives_json
@reads_store
def show(target: str, as_json: bool, home: str | None) -> int:
    """Show an alias: what it names, when that fires, its parameters, its newest runs."""
    with opened(home) as view:
        state = find_state(view.ledger, target)
        deployment = None if state.deployment is None else find_deployment(view.ledger, state.name, state.number)
        runs = view.ledger.runs(RunQuery(target=state.target, limit=_RUNS)).rows
        if as_json:
            print_json(_shown_facts(view, state, deployment, runs))
        else:
            _print_state(view, state, deployment, runs)
    return 0


@click.command("history")
@click.argument("target", metavar="NAME@ALIAS")
@gives_json
@reads_store
def history(target: str, as_json: bool, home: str | None) -> int:
    """Show every change of an alias, newest first: who, when, why."""
    with opened(home) as view:
        target = target if "@" in target else find_state(view.ledger, target).target
        states = Aliases(view.ledger).history(target)
        if not states:
            find_state(view.ledger, target)
    if as_json:
        print_json([state_facts(state) for state in reversed(states)])
        return 0
    rows = [(local_time(state.at), state.change, _named(state), state.user, state.reason) for state in reversed(states)]
    print_table(("when", "change", "deployment", "by", "why"), rows)
    return 0


for _verb in (list_all, show, history, run, pause, unpause, promote, rollback, compare, delete, token, secrets):
    command.add_command(_verb)


def _row_facts(view: View, state: AliasState) -> dict[str, object]:
    facts = state_facts(state)
    if state.deployment is not None:
        deployment = find_deployment(view.ledger, state.name, state.number)
        facts["schedules"] = schedule_facts(deployment, state, time.time())
    return facts


def _print_states(view: View, states: list[AliasState]) -> None:
    now = time.time()
    rows = []
    for state in states:
        deployment = None if state.deployment is None else find_deployment(view.ledger, state.name, state.number)
        last = view.ledger.runs(RunQuery(target=state.target, limit=1)).rows
        rows.append(
            (
                state.target,
                _named(state),
                _standing(state),
                state.owner,
                _next(deployment, state, now),
                f"{last[0].path} {last[0].status}" if last else "-",
            )
        )
    print_table(("alias", "deployment", "stands", "owner", "fires next", "last run"), rows)


def _print_deployments(deployments: list[Deployment], states: list[AliasState]) -> None:
    aliases: dict[str, list[str]] = {}
    for state in states:
        aliases.setdefault(state.deployment or "", []).append(state.alias)
    rows = [
        (one.number, local_time(one.at), one.user, ", ".join(aliases.get(one.id, [])), one.note)
        for one in reversed(deployments)
    ]
    print_table(("deployment", "deployed", "by", "aliases", "note"), rows)


def _print_state(view: View, state: AliasState, deployment: Deployment | None, runs: tuple[RunRow, ...]) -> None:
    head: list[tuple[str, object]] = [
        ("alias", state.target),
        ("stands", _standing(state)),
        ("owner", state.owner + (", others need its token" if state.token_hash is not None else "")),
        ("changed", f"{local_time(state.at)} by {state.user}: {state.change} {state.reason}".rstrip()),
        ("shadow of", state.shadow_of),
        ("secrets", "none: not granted" if not state.has_secrets else ""),
    ]
    if state.pending is not None:
        wait = f"deployment {state.pending.number}, for {state.pending.approval.role}: headwater approve {state.target}"
        head.append(("waits to name", wait))
    print_facts([*head, *([] if deployment is None else _lines_of(view, deployment))])
    if deployment is not None:
        for line in firing_lines(deployment, state, time.time()):
            print(line)
    if runs:
        print()
        rows = [(row.path, row.status, local_time(row.started_at), _reason(row)) for row in runs]
        print_table(("run", "status", "started", "by"), rows)


def _lines_of(view: View, deployment: Deployment) -> list[tuple[str, object]]:
    plain = plain_values(view, deployment.parameters)
    code = deployment.code
    return [
        ("deployment", f"{deployment.number}, {local_time(deployment.at)} by {deployment.user} on {deployment.host}"),
        ("note", deployment.note),
        ("tags", ", ".join(deployment.tags)),
        ("package", f"{deployment.files} files, {bytes_text(deployment.size_bytes)}, {(code.tree or '')[:12]}"),
        ("from", f"{code.root}/{code.file}"),
        ("python", deployment.python),
        *((f"environment of {step}", digest[:12]) for step, digest in deployment.environments.items()),
        *((f"--{spec.name}", plain.get(spec.attribute, "(none: required)")) for spec in deployment.graph.parameters),
    ]


def _shown_facts(
    view: View, state: AliasState, deployment: Deployment | None, runs: tuple[RunRow, ...]
) -> dict[str, object]:
    facts = state_facts(state)
    if deployment is not None:
        facts |= deployment_facts(deployment)
        facts["parameters"] = plain_values(view, deployment.parameters)
        facts["production"] = deployment.graph.production
        facts["schedules"] = schedule_facts(deployment, state, time.time())
    facts["runs"] = [{"run": row.path, "status": row.status, "started_at": row.started_at} for row in runs]
    return facts


def _named(state: AliasState) -> str:
    return "-" if state.deployment is None else str(state.number)


def _standing(state: AliasState) -> str:
    if state.deployment is not None and state.is_paused:
        return "paused"
    if state.pending is not None:
        return "approval expired" if is_expired(state.pending, time.time()) else "waits for approval"
    return "deleted" if state.deployment is None else "active"


def _next(deployment: Deployment | None, state: AliasState, now: float) -> str:
    if deployment is None or state.is_paused or state.shadow_of is not None:
        return "-"
    times = [
        at for schedule in deployment.graph.production.schedules for at in next_firings(schedule, state.target, now, 1)
    ]
    return utc_and_local(min(times)) if times else "-"


def _reason(row: RunRow) -> str:
    return "" if row.launch is None else f"{row.launch.trigger.kind} {row.launch.trigger.source}".rstrip()
