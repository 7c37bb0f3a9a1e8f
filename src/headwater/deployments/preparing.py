"""Gets a deploy ready: the flow checked, its package, parameters and environments saved; nothing recorded yet."""

import os
import sys
from collections.abc import Callable

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.names import PRODUCTION, Target, branch_alias, branch_of, deployment_name, split_target
from headwater.deployments.owners import Person
from headwater.deployments.refusals import refuse_unfit_package, refuse_unfit_schedules
from headwater.deployments.stored import find_deployment
from headwater.deployments.values import KeptValues, keep_values
from headwater.environments.prepare import Environments, asked_by_steps
from headwater.flow.checks import check_flow
from headwater.flow.deploy_checks import deploy_mistakes
from headwater.flow.values import constants_of, evaluate_parameters
from headwater.home import Home
from headwater.ledger.tags import refuse_ill_formed
from headwater.model.deployment import AliasState, Deployment
from headwater.model.errors import DeploymentRefused, FlowMistakes, Mistake
from headwater.model.graph import Graph
from headwater.model.ids import Digest, new_ulid
from headwater.model.order import CodeSource
from headwater.model.production import Project
from headwater.store.framing import hash_bytes
from headwater.store.tree_rules import LeftOut
from headwater.store.trees import Listing, Tree, read_tree, save_tree


class DeployRequest(msgspec.Struct, frozen=True):
    """What is said of a deploy."""

    #: None = the person's own branch.
    branch: str | None = None
    is_production: bool = False
    #: Parameters by name, text or values: defaults of all runs of the deployment.
    given: dict[str, object] = {}
    tags: tuple[str, ...] = ()
    note: str = ""
    #: Alias beside whose runs it runs.
    shadow_of: str | None = None
    #: The shadow stops after so many runs; None = it goes on.
    shadow_runs: int | None = None
    #: The shadow gets the secrets of what it shadows.
    has_secrets: bool = False
    #: Packages of the interpreter that deploys: name -> version, and `python`.
    environment: dict[str, str] = {}


class Watch(msgspec.Struct, frozen=True):
    """What is told of a deploy while it goes on."""

    #: Gets sentences: packages are resolved, an environment is built.
    tell: Callable[[str], None] = lambda text: None
    #: Called before anything is recorded, with what an alias names and what it will name; may raise to stop.
    confirm: Callable[[Deployment, Deployment], None] = lambda before, after: None


class Prepared(msgspec.Struct, frozen=True):
    """A deploy that is about to be written."""

    #: None = a shadow, whose alias is called after the deployment's number.
    target: Target | None
    #: The alias as it stands; None = it never was.
    before: AliasState | None
    #: An alias that names such a deployment already.
    same: AliasState | None
    #: What the alias names now.
    named: Deployment | None
    #: Without a number.
    wanted: Deployment
    values: dict[str, object]
    kept: KeptValues
    listing: Listing
    left_out: tuple[LeftOut, ...]
    warnings: tuple[Mistake, ...]


class Deploying(msgspec.Struct, frozen=True):
    """Who deploys what into which store."""

    home: Home
    flow: type
    code: CodeSource
    request: DeployRequest
    person: Person
    #: Unix time.
    at: float
    watch: Watch


def prepare(asked: Deploying) -> Prepared:
    """Do all of a deploy that can fail: check, evaluate, lock, package; errors as `deploy`."""
    for tag in asked.request.tags:
        refuse_ill_formed(tag)
    graph, warnings = _checked(asked.flow, asked.request)
    name = deployment_name(graph.flow, graph.production.project)
    target, before = _target(asked, name)
    values = _values(asked, graph)
    refuse_unfit_schedules(graph, values)
    environments = _environments(asked, graph)
    tree = save_tree(asked.home.objects, asked.code.root, cache_folder=asked.home.path, with_data=True)
    refuse_unfit_package(tree, asked.code)
    kept = keep_values(asked.home, values, asked.code.module)
    wanted = _deployment(asked, name, graph, tree, kept, environments)
    named = None if before is None or before.deployment is None else named_by(asked.home, before)
    return Prepared(
        target=target,
        before=before,
        same=_same(asked, before, named, wanted),
        named=named,
        wanted=wanted,
        values=values,
        kept=kept,
        listing=read_tree(asked.home.objects, tree.digest),
        left_out=tree.left_out,
        warnings=warnings,
    )


def _checked(flow: type, request: DeployRequest) -> tuple[Graph, tuple[Mistake, ...]]:
    graph, mistakes = check_flow(flow)
    if graph is not None:
        mistakes = list(dict.fromkeys([*mistakes, *deploy_mistakes(flow, request.given)]))
    if graph is None or any(mistake.is_error for mistake in mistakes):
        raise FlowMistakes(flow.__name__, mistakes)
    return graph, tuple(mistakes)


def _target(asked: Deploying, name: str) -> tuple[Target | None, AliasState | None]:
    """Give the alias that is to move (None for a shadow) and where it stands; refuses what the person may not."""
    aliases, request = Aliases(asked.home.ledger), asked.request
    if request.shadow_of is not None:
        _require_shadowed(aliases, name, request, asked.person)
        return None, None
    branch = branch_of(asked.person.name, request.branch, is_production=request.is_production)
    target = Target(name, branch_alias(branch))
    before = aliases.get(str(target))
    if before is not None:
        asked.person.require(before, "replace")
    return target, before


def _require_shadowed(aliases: Aliases, name: str, request: DeployRequest, person: Person) -> None:
    """Refuse a shadow of what is not there or is another flow, and secrets that the person may not grant."""
    assert request.shadow_of is not None
    origin = aliases.require(request.shadow_of)
    if origin.name != name:
        raise DeploymentRefused(
            f"this flow is deployed as {name}: it cannot be the shadow of {origin.target}",
            hint=f"--shadow-of {name}@{PRODUCTION}",
        )
    if origin.shadow_of is not None:
        raise DeploymentRefused(f"{origin.target} is a shadow itself", hint=f"--shadow-of {origin.shadow_of}")
    if request.has_secrets:
        person.require(origin, "grant the secrets of")


def _values(asked: Deploying, graph: Graph) -> dict[str, object]:
    """Give constants and parameters by attribute; a required parameter without a value is left to each run."""
    parameters = evaluate_parameters(
        asked.flow,
        asked.request.given,
        os.environ,
        user=asked.home.user,
        may_lack_required=True,
        project=_project(asked, graph),
    )
    return {**constants_of(asked.flow), **parameters}


def _project(asked: Deploying, graph: Graph) -> Project | None:
    """Give the project and the branch that is deployed; that of a shadow is the person's own."""
    request, project = asked.request, graph.production.project
    branch = branch_of(asked.person.name, request.branch, is_production=request.is_production)
    return None if project is None else Project(project, branch, request.is_production)


def _deployment(
    asked: Deploying, name: str, graph: Graph, tree: Tree, kept: KeptValues, environments: dict[str, Digest]
) -> Deployment:
    """Give the deployment, without a number."""
    request = asked.request
    wanted = Deployment(
        id=new_ulid(asked.at, os.urandom(10)),
        name=name,
        number=0,
        flow=graph.flow,
        at=asked.at,
        user=asked.person.name,
        host=os.uname().nodename,
        code=msgspec.structs.replace(asked.code, tree=tree.digest),
        graph=graph,
        digest="",
        files=len(tree.files),
        size_bytes=tree.total_bytes,
        parameters=kept.refs,
        environments=environments,
        environment=request.environment,
        python=sys.executable,
        project=_project(asked, graph),
        tags=request.tags,
        note=request.note,
    )
    return msgspec.structs.replace(wanted, digest=digest_of(wanted))


def _environments(asked: Deploying, graph: Graph) -> dict[str, Digest]:
    """Lock and build what the steps declare; gives the digest of each step's lock."""
    if not asked_by_steps(graph):
        return {}
    environments = Environments(asked.home.path, asked.home.objects, os.environ)
    preparing = environments.prepare(graph, asked.code.root)
    while True:
        try:
            asked.watch.tell(next(preparing))
        except StopIteration as done:
            locks: dict[str, Digest] = done.value
            return locks


def digest_of(deployment: Deployment) -> Digest:
    """Give the digest of all that decides what the runs of a deployment do: code, parameters, packages, options."""
    graph = deployment.graph
    steps = {name: msgspec.structs.replace(step, file="") for name, step in graph.steps.items()}
    code = deployment.code
    parts = (
        (code.tree, code.file, code.module, code.flow),
        msgspec.structs.replace(graph, steps=steps),
        {name: ref.digest for name, ref in sorted(deployment.parameters.items())},
        deployment.environments,
        deployment.environment,
        deployment.python,
        deployment.tags,
        deployment.kind,
    )
    return hash_bytes(msgspec.json.encode(parts, order="sorted"))


def named_by(home: Home, state: AliasState) -> Deployment:
    """Give the deployment that an alias names."""
    return find_deployment(home.ledger, state.name, state.number)


def _same(
    asked: Deploying, before: AliasState | None, named: Deployment | None, wanted: Deployment
) -> AliasState | None:
    """Give an alias that names an equal deployment: the one that would move, or a shadow beside the same target."""
    request = asked.request
    if request.shadow_of is None:
        return before if named is not None and named.digest == wanted.digest else None
    origin = str(split_target(request.shadow_of))
    for state in Aliases(asked.home.ledger).of(wanted.name):
        is_alike = state.shadow_of == origin and state.has_secrets == request.has_secrets
        if is_alike and state.deployment is not None and named_by(asked.home, state).digest == wanted.digest:
            return state
    return None
