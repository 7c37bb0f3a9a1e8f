"""The verbs that look at services: list, show, versions, logs."""

import os
import sys
import time

import click
import msgspec

from headwater.cli.printing import print_facts, print_json, print_table
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.unhosted import unhosted_text
from headwater.cli.words import bytes_text, local_time
from headwater.client.session import View
from headwater.hosting.rollout.records import Rollouts
from headwater.hosting.status import ROLE, HostStatus, log_path, read_status
from headwater.hosting.versions import find_version, list_versions, require_service, service_aliases
from headwater.model.deployment import AliasState
from headwater.model.service import DeployedVersion

_CHUNK = 1 << 16
_FOLLOW_SECONDS = 0.2


@click.command("list")
@gives_json
@reads_store
def list_all(as_json: bool, home: str | None) -> int:
    """List services: which version answers, from which run, and where."""
    with opened(home) as view:
        host = read_status(view.home)
        states = service_aliases(view.ledger).all()
        facts = [_row(view, state, host) for state in states]
        unhosted = unhosted_text(view.home)
    if as_json:
        print_json(facts)
        return 0
    rows = [(one["service"], one["version"], one["stands"], one["run"] or "-", one["url"] or "-") for one in facts]
    print_table(("service", "version", "stands", "run", "address"), rows)
    if unhosted:
        print(f"\n{unhosted}", file=sys.stderr)
    return 0


@click.command("show")
@click.argument("name", metavar="SERVICE")
@gives_json
@reads_store
def show(name: str, as_json: bool, home: str | None) -> int:
    """Show a service: what answers, its endpoints, its audits."""
    with opened(home) as view:
        state = require_service(view.ledger, name)
        host = read_status(view.home)
        deployed = find_version(view.ledger, state.name, state.number)
        row = _row(view, state, host)
        unhosted = unhosted_text(view.home)
        newest = list_versions(view.ledger, state.name)[-1].number
        rollout = Rollouts(view.ledger).active(state.name)
    if as_json:
        print_json({**row, "newest": newest, "deployed": msgspec.to_builtins(deployed)})
        return 0
    definition = deployed.version.definition
    print(definition.service + (f"  {definition.doc}" if definition.doc else ""))
    print()
    facts = [
        ("stands", str(row["stands"])),
        ("version", f"{deployed.number}, deployed {local_time(deployed.at)} by {deployed.user}"),
        ("newest", str(newest) + ("" if newest == deployed.number else f": headwater service promote {state.name}")),
        ("rollout", "" if rollout is None else f"version {rollout.number}, {rollout.words}"),
        ("from", deployed.version.run or "no run"),
        ("address", str(row["url"] or unhosted or "known on the server")),
        ("code", f"{deployed.files} files, {bytes_text(deployed.size_bytes)}"),
        ("owner", state.owner),
    ]
    if state.reason:
        facts.append(("why", state.reason))
    print_facts(facts)
    print()
    print_table(
        ("endpoint", "batch", "what it does"),
        [(each.name, each.batch or "-", each.doc.partition("\n")[0]) for each in definition.endpoints.values()],
    )
    print()
    print_table(
        ("audit", "result", "took"), [_audit(each.name, each.is_passed, each.seconds) for each in deployed.audits]
    )
    return 0


@click.command("versions")
@click.argument("name", metavar="SERVICE")
@gives_json
@reads_store
def versions(name: str, as_json: bool, home: str | None) -> int:
    """List the versions of a service, newest first."""
    with opened(home) as view:
        state = require_service(view.ledger, name)
        found = list(reversed(list_versions(view.ledger, state.name)))
    if as_json:
        print_json([_version_facts(each, state) for each in found])
        return 0
    rows = [
        (
            each.number,
            "live" if each.number == state.number else "",
            local_time(each.at),
            each.user,
            each.version.run or "-",
            each.note,
        )
        for each in found
    ]
    print_table(("version", "", "deployed", "by", "run", "note"), rows)
    return 0


@click.command("logs")
@click.argument("name", metavar="SERVICE")
@click.option("--version", "number", type=click.IntRange(1), help="Which  [default: the live one].")
@click.option("-f", "--follow", "is_following", is_flag=True, help="Go on as more is written.")
@reads_store
def logs(name: str, number: int | None, is_following: bool, home: str | None) -> int:
    """Print what the processes of a version wrote: prints, tracebacks."""
    with opened(home) as view:
        state = require_service(view.ledger, name)
        number = number or state.number
        find_version(view.ledger, state.name, number)
        path = log_path(view.home, state.name, number)
    if not os.path.exists(path) and not is_following:
        return 0
    position = 0
    while True:
        position = _copy(path, position)
        if not is_following:
            return 0
        time.sleep(_FOLLOW_SECONDS)


def _copy(path: str, position: int) -> int:
    try:
        with open(path, "rb") as file:
            file.seek(position)
            while chunk := file.read(_CHUNK):
                sys.stdout.write(chunk.decode(errors="replace"))
            sys.stdout.flush()
            return file.tell()
    except FileNotFoundError:
        return position


def _row(view: View, state: AliasState, host: HostStatus | None) -> dict[str, object]:
    deployed = find_version(view.ledger, state.name, state.number)
    status = None if host is None else host.services.get(state.name)
    if state.is_paused:
        stands = "paused"
    elif host is None:
        stands = "no host" if view.ledger.leader(ROLE) is None else "on the server"
    elif status is None or status.live is None:
        stands = status.problem.partition("\n")[0] if status is not None and status.problem else "being loaded"
    elif status.live != state.number:
        stands = f"version {status.live} answers: " + (status.problem.partition("\n")[0] or "being loaded")
    else:
        stands = f"answers, {status.workers} workers"
    return {
        "service": state.name,
        "version": state.number,
        "stands": stands,
        "run": deployed.version.run,
        "url": None if host is None else f"{host.url}/{state.name}",
    }


def _version_facts(deployed: DeployedVersion, state: AliasState) -> dict[str, object]:
    return {
        "version": deployed.number,
        "is_live": deployed.number == state.number,
        "at": deployed.at,
        "user": deployed.user,
        "run": deployed.version.run,
        "note": deployed.note,
        "audits": msgspec.to_builtins(deployed.audits),
    }


def _audit(name: str, is_passed: bool, seconds: float) -> tuple[str, str, str]:
    return name, "passed" if is_passed else "failed", f"{seconds:.1f} s"
