"""Deploys a flow: checks it, packages it with all that its runs need, and moves an alias to it."""

import msgspec

from headwater.deployments.aliases import KIND as ALIAS
from headwater.deployments.aliases import Aliases
from headwater.deployments.moves import asked, latest_event, moved
from headwater.deployments.names import PRODUCTION, Target, shadow_alias, split_target
from headwater.deployments.owners import Person, is_taken
from headwater.deployments.preparing import Deploying, DeployRequest, Prepared, Watch, named_by, prepare
from headwater.deployments.promotion import require_conditions
from headwater.deployments.stored import next_number, record_of
from headwater.deployments.tokens import new_token
from headwater.deployments.values import keep_values
from headwater.home import Home
from headwater.model.deployment import AliasState, Deployment
from headwater.model.errors import DeploymentRefused, Mistake, VersionConflict
from headwater.model.failpoints import failpoint
from headwater.model.order import CodeSource
from headwater.model.ports import Commit
from headwater.model.secret_digest import secret_digest
from headwater.store.tree_rules import LeftOut
from headwater.store.trees import Listing, save_tree

#: Others may deploy the same flow to their own aliases at the same time, and take the number first.
_TRIES = 50


class Deployed(msgspec.Struct, frozen=True):
    """What a deploy did."""

    deployment: Deployment
    state: AliasState
    #: None = the alias is new.
    before: AliasState | None
    #: False: the alias names such a deployment already, nothing was written.
    is_changed: bool
    listing: Listing
    left_out: tuple[LeftOut, ...]
    #: The alias's token, when it was made now; nobody can read it from the store.
    token: str | None = None
    #: What the checks warned of.
    warnings: tuple[Mistake, ...] = ()


def deploy(
    home: Home,
    flow: type,
    code: CodeSource,
    request: DeployRequest,
    person: Person,
    at: float,
    watch: Watch | None = None,
) -> Deployed:
    """Deploy a flow; the deployment is recorded and its alias moved in one transaction.

    Args:
        home: the store.
        flow: the class.
        code: where it is.
        request: what is said of the deploy.
        person: who deploys.
        at: now, Unix time.
        watch: is told what goes on.

    Raises:
        FlowMistakes, ParameterMistake, DeploymentRefused, EnvironmentMistake: before anything is recorded.
    """
    watch = watch or Watch()
    prepared = prepare(Deploying(home, flow, code, request, person, at, watch))
    same = prepared.same
    if same is not None and not same.pending:
        return Deployed(
            named_by(home, same), same, same, False, prepared.listing, prepared.left_out, None, prepared.warnings
        )
    production = Target(prepared.wanted.name, PRODUCTION)
    if prepared.target == production:
        require_conditions(home.ledger, prepared.wanted, str(production), None)
    if prepared.named is not None:
        watch.confirm(prepared.named, prepared.wanted)
    deployed = _write(home, prepared, request, person)
    _save_again_what_was_swept(home, deployed.deployment, prepared)
    return deployed


def _save_again_what_was_swept(home: Home, deployment: Deployment, prepared: Prepared) -> None:
    """Save what a sweep took away between the moment it was saved and the one in which the record held it."""
    digests = [deployment.code.tree, *(file.digest for file in prepared.listing.files.values())]
    digests += [
        digest
        for ref in deployment.parameters.values()
        for digest in (*(() if ref.is_small else (ref.digest,)), *ref.buffers)
    ]
    if all(digest is None or home.objects.is_there(digest) for digest in digests):
        return
    save_tree(home.objects, deployment.code.root, with_data=True)
    keep_values(home, prepared.values, deployment.code.module)


def _write(home: Home, prepared: Prepared, request: DeployRequest, person: Person) -> Deployed:
    """Record the deployment and move the alias, together; somebody else may take the number first."""
    aliases = Aliases(home.ledger)
    for _ in range(_TRIES):
        number = next_number(home.ledger, prepared.wanted.name)
        deployment = msgspec.structs.replace(prepared.wanted, number=number)
        state, token = _next_state(home, prepared, deployment, request, person)
        if token is not None:
            person.kept.require_writable()
        objects = Commit(events=[], small=prepared.kept.small, headers=prepared.kept.headers)
        try:
            failpoint("deployments.before_write")
            home.ledger.write_records([record_of(deployment), aliases.record_after(prepared.before, state)], objects)
        except VersionConflict as conflict:
            if conflict.kind == ALIAS:
                raise _overtaken(aliases, str(state.target)) from conflict
            continue
        failpoint("deployments.after_write")
        if token is not None:
            person.kept.keep(state.target, token)
        return Deployed(
            deployment, state, prepared.before, True, prepared.listing, prepared.left_out, token, prepared.warnings
        )
    raise DeploymentRefused(f"others deploy {prepared.wanted.name} all the time", hint="try again")


def _next_state(
    home: Home, prepared: Prepared, deployment: Deployment, request: DeployRequest, person: Person
) -> tuple[AliasState, str | None]:
    """Give the alias's next state, and its token when one is made."""
    target = prepared.target or Target(deployment.name, shadow_alias(deployment.number))
    before, production = prepared.before, deployment.graph.production
    if production.approval is not None and target.alias == PRODUCTION:
        state = asked(before, target, deployment, user=person.name, at=deployment.at)
    else:
        state = moved(
            before,
            target,
            deployment,
            None if prepared.named is None else prepared.named.graph,
            change="deploy",
            user=person.name,
            at=deployment.at,
            latest_event=latest_event(home.ledger),
            reason=request.note,
        )
    if request.shadow_of is not None:
        origin = str(split_target(request.shadow_of))
        state = msgspec.structs.replace(
            state,
            shadow_of=origin,
            has_secrets=request.has_secrets,
            shadow_runs=request.shadow_runs,
            schedules_since={},  # it follows the other's
        )
    is_new = before is None or not is_taken(before)
    if target.alias != PRODUCTION or not is_new:
        return state, None
    token = new_token()
    return msgspec.structs.replace(state, token_hash=secret_digest(token)), token


def _overtaken(aliases: Aliases, target: str) -> DeploymentRefused:
    now = aliases.get(target)
    who = "somebody" if now is None else now.user
    return DeploymentRefused(
        f"{who} changed {target} meanwhile: nothing was deployed",
        hint=f"look at it with `headwater deployment show {target}`, then deploy again",
    )
