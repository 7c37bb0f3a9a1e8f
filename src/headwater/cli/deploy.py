"""`headwater deploy FILE`: puts a flow (or a service) to work."""

import importlib
import os
import sys
import time
from typing import Any

import click

from headwater.cli.deployment_facts import deployment_facts, firing_lines, no_daemon_lines, schedule_facts, state_facts
from headwater.cli.flow_file import CODE, FLOW, FlowCommand, given_parameters, is_flow_file, is_service_file
from headwater.cli.printing import print_json
from headwater.cli.reading import gives_json
from headwater.cli.words import bytes_text
from headwater.client.display import printable
from headwater.deployments.deploy import Deployed, deploy
from headwater.deployments.names import PRODUCTION
from headwater.deployments.owners import person_of
from headwater.deployments.preparing import DeployRequest, Watch
from headwater.home import Home, open_home
from headwater.model.deployment import Deployment
from headwater.model.errors import HeadwaterError, SettingMistake, UserMistake
from headwater.production.alerts.channel_book import channels_of
from headwater.runtime.environment import installed_packages

#: Deploys services.
_SERVICE = "headwater.cli.deploy_service"
#: Files, and things left out, that are named one by one.
_NAMED = 8
#: Options that say what is replaced: never taken for parameters of the same name, as others are.
_PLACES = ("branch", "production", "shadow-of", "token")


class _DeployCommand(FlowCommand):
    takes_parameters = True
    holds = "a flow or a service"

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Let a service's file be deployed by the command for services."""
        file = next((word for word in args if is_flow_file(word)), None)
        if file is not None and is_service_file(file):
            # Imported for services only: it brings what a host needs.
            service: click.Command = importlib.import_module(_SERVICE).command
            return service.make_context(info_name, args, parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)


@click.command("deploy", cls=_DeployCommand)
@click.argument("file", metavar="FILE.py")
@click.option("--branch", metavar="NAME", help="Deploy the branch test.NAME  [default: user.YOURS].")
@click.option("--production", "is_production", is_flag=True, help="Deploy production.")
@click.option("--shadow-of", metavar="NAME@ALIAS", help="Run beside each run of this one, in a namespace of its own.")
@click.option("--runs", type=click.IntRange(1), help="With --shadow-of: stop after so many runs.")
@click.option("--with-secrets", is_flag=True, help="With --shadow-of: let it have the secrets of what it shadows.")
@click.option("--token", metavar="TOKEN", help="Token of somebody else's deployment  [default: HEADWATER_TOKEN].")
@click.option("--note", default="", help="Why: kept with the deployment.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Tag all its runs (repeatable).")
@click.option("--list", "is_listing", is_flag=True, help="Name every file of the package, and all that is left out.")
@click.option("--yes", "is_sure", is_flag=True, help="Replace production without asking.")
@click.option("--home", metavar="FOLDER", help="Folder of store and ledger.")
@gives_json
@click.pass_context
def command(context: click.Context, /, file: str, as_json: bool, **options: object) -> int:
    """Package a flow with all that its runs need and let an alias name it; schedules count from now on.

    The flow's parameters, given as options, are the defaults of all its runs.
    """
    request = _request(context, options)
    folder = options.get("home")
    home = open_home(folder if isinstance(folder, str) else None, make=True)
    try:
        token = options.get("token")
        person = person_of(home, token if isinstance(token, str) else None)
        watch = Watch(_tell, lambda before, after: _ask(request, before, after, is_sure=bool(options["is_sure"])))
        done = deploy(home, context.obj[FLOW], context.obj[CODE], request, person, time.time(), watch)
        for mistake in done.warnings:
            _tell(f"warning: {mistake}")
        if as_json:
            print_json(_facts(home, done, time.time()))
        else:
            _print(home, done, is_listing=bool(options["is_listing"]))
    finally:
        home.close()
    return 0


def _request(context: click.Context, options: dict[str, object]) -> DeployRequest:
    branch, origin, runs, tags = (options.get(name) for name in ("branch", "shadow_of", "runs", "tags"))
    is_production = bool(options.get("is_production"))
    if branch is not None and is_production:
        raise UserMistake("--branch and --production are two places", hint="name one")
    if origin is not None and (branch is not None or is_production):
        raise UserMistake("a shadow has an alias of its own", hint="leave --branch and --production out")
    if origin is None and (runs is not None or options.get("with_secrets")):
        raise UserMistake("--runs and --with-secrets are for shadows", hint="add --shadow-of NAME@ALIAS")
    given = given_parameters(context.obj[FLOW], options)
    for name in (name for name in _PLACES if name in given):
        raise UserMistake(
            f"--{name} is an option of `deploy`, and a parameter of {context.obj[FLOW].__name__}",
            hint=f"call the parameter something else; until then HEADWATER_RUN_{name.upper()} sets it",
        )
    return DeployRequest(
        branch=branch if isinstance(branch, str) else None,
        is_production=is_production,
        given=given,
        tags=tuple(map(str, tags)) if isinstance(tags, tuple) else (),
        note=str(options.get("note") or ""),
        shadow_of=origin if isinstance(origin, str) else None,
        shadow_runs=runs if isinstance(runs, int) else None,
        has_secrets=bool(options.get("with_secrets")),
        environment=installed_packages(sys.path),
    )


def _ask(request: DeployRequest, before: Deployment, after: Deployment, *, is_sure: bool) -> None:
    """Ask somebody at a terminal before production is replaced."""
    if not request.is_production or is_sure or not sys.stdin.isatty():
        return
    print(f"{after.name}@{PRODUCTION} is deployment {before.number}, of {before.user}", file=sys.stderr)
    if not click.confirm(f"replace it with {os.path.basename(after.code.file)} as it is now?", err=True):
        raise HeadwaterError("nothing was deployed")


def _print(home: Home, done: Deployed, *, is_listing: bool) -> None:
    deployment, state = done.deployment, done.state
    if not done.is_changed:
        print(f"nothing changed: {state.target} is deployment {deployment.number} already")
        return
    for line in _package_lines(done, is_listing=is_listing):
        _tell(line)
    if state.pending is not None:
        print(f"deployment {deployment.number} is recorded; {state.target} moves to it after an approval")
        _tell(f"{state.pending.approval.role}: headwater approve {state.target}")
        return
    before = done.before
    was = f", before that deployment {before.number}" if before is not None and before.deployment is not None else ""
    print(f"{state.target} is deployment {deployment.number} now{was}")
    if state.shadow_of is not None:
        _tell(f"when both have run: headwater deployment compare {state.target}")
    for line in firing_lines(deployment, state, time.time()):
        print(line)
    for line in no_daemon_lines(home, deployment):
        _tell(line)
    if state.alias == PRODUCTION and not _is_anybody_told(home):
        _tell("warning: nobody is told when it fails: headwater alert add webhook NAME URL")
    if done.token is not None:
        print(f"token: {done.token}")
        _tell("whoever is not you needs this token to replace it; it is kept for you and is not shown again by itself")
    _tell(f"run it now: headwater deployment run {state.target}")


def _facts(home: Home, done: Deployed, now: float) -> dict[str, object]:
    """What JSON says of a deploy."""
    return {
        **state_facts(done.state),
        **deployment_facts(done.deployment),
        "is_changed": done.is_changed,
        "package": {path: file.size for path, file in done.listing.files.items()},
        "left_out": done.left_out,
        "warnings": [str(mistake) for mistake in done.warnings],
        "schedules": schedule_facts(done.deployment, done.state, now),
        "daemon": home.ledger.leader("daemon"),
        "token": done.token,
    }


def _is_anybody_told(home: Home) -> bool:
    try:
        return bool(channels_of(home.path, os.environ))
    except SettingMistake as mistake:
        _tell(f"warning: {mistake}")
        return True


def _package_lines(done: Deployed, *, is_listing: bool) -> list[str]:
    files = done.listing.files
    total = bytes_text(sum(file.size for file in files.values()))
    lines = [f"package: {len(files)} file{'' if len(files) == 1 else 's'}, {total}"]
    largest = sorted(files, key=lambda path: -files[path].size)
    shown = sorted(files) if is_listing else largest[:_NAMED]
    lines += [f"  {bytes_text(files[path].size):>9}  {printable(path)}" for path in shown]
    if len(shown) < len(files):
        lines.append(f"  and {len(files) - len(shown)} smaller ones (--list names all)")
    left_out = done.left_out if is_listing else done.left_out[:_NAMED]
    if left_out:
        lines.append("left out:")
        lines += [f"  {printable(each.path)}: {each.reason}" for each in left_out]
    if len(left_out) < len(done.left_out):
        lines.append(f"  and {len(done.left_out) - len(left_out)} more (--list names all)")
    return lines


def _tell(text: str) -> None:
    print(text, file=sys.stderr)
