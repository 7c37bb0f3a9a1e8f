"""Deploys a service: its code, artifacts and packages become a version, audited, before anything answers with it."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence

import msgspec

from headwater.deployments.names import PRODUCTION
from headwater.deployments.owners import Person, is_taken
from headwater.deployments.packages import folder_of_tree, lay_out_tree
from headwater.deployments.refusals import refuse_unfit_package
from headwater.deployments.tokens import new_token
from headwater.environments.prepare import Environments
from headwater.home import Home
from headwater.hosting.audits import Audited, run_audits
from headwater.hosting.rollout.records import ROLLOUT, Rollouts
from headwater.hosting.rollout.states import RolloutState, first_state
from headwater.hosting.sources import artifacts_of, find_source
from headwater.hosting.versions import find_version, next_number, record_of, service_aliases, target_of
from headwater.hosting.workers import WORKER_COMMAND
from headwater.model.artifact import Ref
from headwater.model.deployment import AliasState
from headwater.model.errors import DeploymentRefused, VersionConflict
from headwater.model.failpoints import failpoint
from headwater.model.ids import Digest, new_ulid
from headwater.model.order import CodeSource
from headwater.model.records import Record
from headwater.model.rows import RunRow
from headwater.model.secret_digest import secret_digest
from headwater.model.service import DeployedVersion, ServiceDefinition, ServiceVersion
from headwater.store.framing import hash_bytes
from headwater.store.trees import read_tree, save_tree

#: Others may deploy the same service at the same time, and take the number first.
_TRIES = 50


class ServiceRequest(msgspec.Struct, frozen=True):
    """What is said of the deploy of a service."""

    #: Run named by hand: `SentimentFlow/17`; None = as the service says.
    run: str | None = None
    note: str = ""
    #: Packages of the interpreter that deploys: name -> version, and `python`.
    environment: dict[str, str] = {}


class ServiceDeployed(msgspec.Struct, frozen=True):
    """What a deploy of a service did."""

    deployed: DeployedVersion
    state: AliasState
    #: False: the newest version is such a one already, nothing was written.
    is_changed: bool
    #: It answers, or will as soon as the host has loaded it; False = it is ready to be promoted.
    is_live: bool
    #: The token of the service, when it was made now.
    token: str | None = None
    #: How it takes over by itself; None = it does not.
    rollout: RolloutState | None = None


class AuditFailed(DeploymentRefused):
    """A version did not pass an audit; nothing was recorded, the live version is untouched."""


def deploy_service(
    home: Home,
    definition: ServiceDefinition,
    code: CodeSource,
    request: ServiceRequest,
    person: Person,
    at: float,
    tell: Callable[[str], None] = lambda text: None,
) -> ServiceDeployed:
    """Make a version of a service; the first one goes live, later ones are ready to be promoted.

    Args:
        home: the store.
        definition: the compiled service.
        code: where its code is.
        request: what is said of it.
        person: who deploys.
        at: now, Unix time.
        tell: gets sentences about what goes on.

    Raises:
        DeploymentRefused: the source's run may not be used, an audit failed, or the service belongs to somebody else.
        NotFound: there is no such run.
        EnvironmentMistake: the packages cannot be had.
    """
    aliases = service_aliases(home.ledger)
    target = target_of(definition.service)
    before = aliases.get(target)
    if before is not None:
        person.require(before, "replace")
    row = _source(home, definition, request)
    tree = save_tree(home.objects, code.root, cache_folder=home.path, with_data=True)
    refuse_unfit_package(tree, code)
    lock = _lock(home, definition, code, tell)
    wanted = _wanted(home, definition, code, tree.digest, row, lock, request, at)
    live = (
        None if before is None or before.deployment is None else find_version(home.ledger, before.name, before.number)
    )
    newest = _newest(home, definition.service)
    if newest is not None and newest.digest == wanted.digest and before is not None:
        return ServiceDeployed(newest, before, is_changed=False, is_live=before.number == newest.number)
    audited = audit_version(home, wanted, live)
    for result in audited.results:
        tell(f"audit `{result.name}`: {'passed' if result.is_passed else 'FAILED'} ({result.seconds:.1f} s)")
    if not audited.is_passed:
        failed = audited.results[-1]
        tell(audited.output.rstrip())
        raise AuditFailed(
            f"audit `{failed.name}` of {definition.service} failed: {failed.message}",
            hint="nothing was deployed" + ("" if live is None else f"; version {live.number} goes on answering"),
        )
    version = msgspec.structs.replace(wanted.version, examples=audited.examples)
    wanted = msgspec.structs.replace(wanted, audits=audited.results, version=version)
    return write_version(home, wanted, before, person, at)


def write_version(
    home: Home, wanted: DeployedVersion, before: AliasState | None, person: Person | None, at: float
) -> ServiceDeployed:
    """Record an audited version, and with it the alias when it is the first one; all or nothing.

    Args:
        home: the store.
        wanted: the version; its number is given now.
        before: where the service stands; None = it never was.
        person: who deploys; None = the host, for a service that follows its source.
        at: now, Unix time.
    """
    aliases, rollouts = service_aliases(home.ledger), Rollouts(home.ledger)
    is_first = before is None or not is_taken(before)
    for _ in range(_TRIES):
        number = next_number(home.ledger, wanted.service)
        version = msgspec.structs.replace(wanted.version, number=number)
        deployed = msgspec.structs.replace(wanted, version=version)
        token = new_token() if is_first else None
        state = _state(deployed, at, token) if is_first else before
        assert state is not None
        records: list[Record] = [record_of(deployed)]
        begun = None
        if is_first:
            records.append(aliases.record_after(before, state))
            if person is not None and token is not None:
                person.kept.keep(state.target, token)
        else:
            live = (aliases.get(state.target) or state).number
            begun = first_state(wanted.service, number, live, version.definition.rollout, user=deployed.user, at=at)
        try:
            if begun is not None:
                records += rollouts.records_of_begin(begun)
            failpoint("hosting.before_write")
            home.ledger.write_records(records)
        except VersionConflict as conflict:
            # A rollout that moved on meanwhile is no reason to refuse.
            if conflict.kind not in (records[0].kind, ROLLOUT):
                raise DeploymentRefused(
                    f"somebody changed {state.target} meanwhile: nothing was deployed", hint="deploy again"
                ) from conflict
            continue
        failpoint("hosting.after_write")
        return ServiceDeployed(deployed, state, is_changed=True, is_live=is_first, token=token, rollout=begun)
    raise DeploymentRefused(f"others deploy {wanted.service} all the time", hint="try again")


def audit_version(home: Home, deployed: DeployedVersion, live: DeployedVersion | None) -> Audited:
    """Run the audits of a version, with its code as it will be and in its environment."""
    command, environ = worker_of(home, deployed)
    version = laid_out(home, deployed)
    return run_audits(version, None if live is None else laid_out(home, live), command=command, environ=environ)


def laid_out(home: Home, deployed: DeployedVersion) -> ServiceVersion:
    """Give the version with its code where it lies in the store, verified.

    Raises:
        PackageDamaged: names the file.
    """
    version = deployed.version
    assert version.code.tree is not None
    name = f"{deployed.service}, version {deployed.number}"
    folder = lay_out_tree(home, version.code.tree, name, os.path.join(version.code.root, version.code.file))
    return msgspec.structs.replace(version, home=home.path, code=msgspec.structs.replace(version.code, root=folder))


def worker_of(home: Home, deployed: DeployedVersion) -> tuple[Sequence[str], Mapping[str, str]]:
    """Give the command of a version's worker processes and their variables; builds the environment if need be.

    Raises:
        EnvironmentMistake: it cannot be built.
    """
    if deployed.lock is None:
        return WORKER_COMMAND, dict(os.environ)
    environments = Environments(home.path, home.objects, os.environ)
    inside = environments.command(deployed.lock, folder_of_tree(home, deployed.version.code.tree or ""))
    return (inside.python, *WORKER_COMMAND[1:]), inside.environ


def _source(home: Home, definition: ServiceDefinition, request: ServiceRequest) -> RunRow | None:
    """Find the run whose artifacts the version has.

    Raises:
        DeploymentRefused: neither named by hand nor of a production deployment.
    """
    if definition.source is None:
        if request.run is not None:
            raise DeploymentRefused(f"{definition.service} has no source: it takes no artifacts of {request.run}")
        return None
    row = find_source(home, request.run or definition.source)
    is_by_hand = request.run is not None or "/" in definition.source
    if not is_by_hand and (row.launch is None or not row.launch.is_production):
        flow = definition.source.partition("@")[0]
        raise DeploymentRefused(
            f"{row.path} is no run of a production deployment: its artifacts may not answer by themselves",
            hint=f'name it by hand (--run {row.path}), or deploy the flow and say source = "{flow}@{PRODUCTION}"',
        )
    if definition.follow and "@" not in definition.source:
        flow = definition.source.partition("/")[0]
        raise DeploymentRefused(
            f"{definition.service} follows {definition.source}, which is no deployment",
            hint=f'source = "{flow}@{PRODUCTION}"',
        )
    return row


def _lock(home: Home, definition: ServiceDefinition, code: CodeSource, tell: Callable[[str], None]) -> Digest | None:
    if definition.packages is None:
        return None
    environments = Environments(home.path, home.objects, os.environ)
    digest = environments.lock(definition.packages, code.root)
    if environments.ready(digest) is None:
        tell(f"building the environment: {len(environments.read(digest).packages)} packages")
        environments.build(digest, code.root)
    return digest


def _wanted(
    home: Home,
    definition: ServiceDefinition,
    code: CodeSource,
    tree: Digest,
    row: RunRow | None,
    lock: Digest | None,
    request: ServiceRequest,
    at: float,
) -> DeployedVersion:
    artifacts: dict[str, Ref] = {} if row is None else artifacts_of(home, row)
    listing = read_tree(home.objects, tree)
    version = ServiceVersion(
        definition=definition,
        code=msgspec.structs.replace(code, tree=tree),
        home=home.path,
        run=None if row is None else row.path,
        artifacts=artifacts,
        user=home.user,
    )
    wanted = DeployedVersion(
        id=new_ulid(at, os.urandom(10)),
        version=version,
        digest="",
        at=at,
        user=home.user,
        host=os.uname().nodename,
        lock=lock,
        python=sys.executable,
        environment=request.environment if lock is None else {},
        files=len(listing.files),
        size_bytes=sum(file.size for file in listing.files.values()),
        note=request.note,
    )
    return msgspec.structs.replace(wanted, digest=digest_of(wanted))


def digest_of(deployed: DeployedVersion) -> Digest:
    """Give the digest of all that decides what a version answers: code, artifacts, packages."""
    version = deployed.version
    code = version.code
    parts = (
        (code.tree, code.file, code.module, code.flow),
        {name: ref.digest for name, ref in sorted(version.artifacts.items())},
        version.definition,
        deployed.lock,
        deployed.environment,
        deployed.python,
    )
    return hash_bytes(msgspec.json.encode(parts, order="sorted"))


def _state(deployed: DeployedVersion, at: float, token: str | None) -> AliasState:
    target = target_of(deployed.service)
    return AliasState(
        target=target,
        name=deployed.service,
        alias=PRODUCTION,
        change="deploy",
        at=at,
        user=deployed.user,
        deployment=deployed.id,
        number=deployed.number,
        owner=deployed.user,
        token_hash=None if token is None else secret_digest(token),
    )


def _newest(home: Home, service: str) -> DeployedVersion | None:
    number = next_number(home.ledger, service) - 1
    return find_version(home.ledger, service, number) if number else None
