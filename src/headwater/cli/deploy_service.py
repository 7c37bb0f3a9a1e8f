"""`headwater deploy SERVICE.py`: puts a service to work."""

import sys
import time

import click

from headwater.cli.printing import print_json
from headwater.cli.reading import gives_json
from headwater.cli.service_rollout import plan_text
from headwater.cli.unhosted import unhosted_text
from headwater.cli.words import bytes_text
from headwater.deployments.owners import person_of
from headwater.flow.load import find_code
from headwater.home import Home, open_home
from headwater.hosting.deploying import ServiceDeployed, ServiceRequest, deploy_service
from headwater.hosting.local import compiled
from headwater.hosting.monitor.reference import NoReference, profile_version
from headwater.model.service import DeployedVersion
from headwater.runtime.environment import installed_packages


@click.command("deploy")
@click.argument("file", metavar="SERVICE.py")
@click.option("--run", metavar="FLOW/17", help="Answer from this run, named by hand.")
@click.option("--note", default="", help="Why: kept with the version.")
@click.option("--token", metavar="TOKEN", help="Token of somebody else's service  [default: HEADWATER_TOKEN].")
@click.option("--production", is_flag=True, help="Said of flows; a service has one alias, its live version.")
@click.option("--home", metavar="FOLDER", help="Folder of store and ledger.")
@gives_json
def command(
    file: str, run: str | None, note: str, token: str | None, production: bool, home: str | None, as_json: bool
) -> int:
    """Package a service with the artifacts that it answers from, audit it, and let it answer when it is the first.

    Later versions follow the class's rollout, or wait for `headwater service promote`.
    """
    path, _, name = file.partition(":")
    code = find_code(path, "a service")
    definition, code = compiled(type(code)(code.root, code.file, code.module, name))
    opened = open_home(home, make=True)
    try:
        request = ServiceRequest(run=run, note=note, environment=installed_packages(sys.path))
        done = deploy_service(opened, definition, code, request, person_of(opened, token), time.time(), _tell)
        if done.is_changed:
            _tell(_profiled(opened, done.deployed))
        if as_json:
            print_json(_facts(done))
        else:
            _print(done, unhosted_text(opened))
    finally:
        opened.close()
    return 0


def _print(done: ServiceDeployed, unhosted: str) -> None:
    deployed = done.deployed
    name = f"{deployed.service}, version {deployed.number}"
    if not done.is_changed:
        print(f"nothing changed: {name} is the newest already")
        return
    _tell(f"package: {deployed.files} files, {bytes_text(deployed.size_bytes)}")
    if deployed.version.run is not None:
        _tell(f"artifacts: {len(deployed.version.artifacts)}, of {deployed.version.run}")
    if done.is_live:
        print(f"{name} is live")
    elif done.rollout is not None:
        print(f"{name} takes over by itself from version {done.rollout.live}, if it is no worse")
        _tell(plan_text(done.rollout))
        _tell(f"see how it stands: headwater service rollout {deployed.service}")
    else:
        print(f"{name} is ready; version {done.state.number} answers")
        _tell(f"let it answer: headwater service promote {deployed.service}")
    if unhosted:
        _tell(unhosted)
    if done.token is not None:
        print(f"token: {done.token}")
        _tell("whoever is not you needs this token to replace it; it is kept for you and is not shown again by itself")


def _profiled(home: Home, deployed: DeployedVersion) -> str:
    """Note what normal input looks like, and say of what."""
    try:
        profile = profile_version(home, deployed, time.time())
    except NoReference as reason:
        count = deployed.version.definition.monitor.learn_from
        return f"requests are compared with the first {count:,} of them: {reason.message}"
    return f"requests are compared with {profile.origin} ({profile.rows:,} rows)"


def _facts(done: ServiceDeployed) -> dict[str, object]:
    deployed = done.deployed
    return {
        "service": deployed.service,
        "version": deployed.number,
        "is_changed": done.is_changed,
        "is_live": done.is_live,
        "live": done.state.number,
        "run": deployed.version.run,
        "rollout": None if done.rollout is None else done.rollout.words,
        "audits": [{"name": each.name, "is_passed": each.is_passed} for each in deployed.audits],
    }


def _tell(text: str) -> None:
    if text:
        click.echo(text, err=True)
