"""Who may write which record: deployments, aliases, services, backfills, pages of flows; everything else nobody."""

import hmac
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from headwater.deployments.aliases import KIND as ALIAS
from headwater.deployments.aliases import Aliases
from headwater.deployments.names import PRODUCTION, branch_of, split_target
from headwater.deployments.owners import is_taken
from headwater.deployments.promotion import require_conditions
from headwater.deployments.stored import KIND as DEPLOYMENT
from headwater.deployments.stored import record_key, record_of
from headwater.hosting.versions import SERVICE, VERSION
from headwater.ledger.tags import refuse_ill_formed
from headwater.model.deployment import AliasState, Deployment
from headwater.model.errors import DeploymentRefused, NotFound, UserMistake, VersionConflict
from headwater.model.ports import Ledger
from headwater.model.records import Record
from headwater.model.secret_digest import secret_digest
from headwater.model.service import DeployedVersion
from headwater.web.access import ROLES, Access, Role
from headwater.web.problems import Refused
from headwater.web.scope.named_roles import require_named_role
from headwater.web.scope.visible import PRIVATE, Sight, project_of_name

Body = TypeVar("Body")


class _Backfill(msgspec.Struct):
    """What of a backfill decides who may write it."""

    id: str
    target: str
    user: str


class _Rollout(msgspec.Struct):
    """What of a rollout decides who may write it."""

    service: str
    number: int
    user: str


class _Page(msgspec.Struct):
    """What of a flow's page decides who may write it."""

    user: str


class RecordPolicy:
    """What one caller may write of records, looked at with the versions that they follow on."""

    def __init__(self, ledger: Ledger, access: Access, sight: Sight, tokens: Sequence[str] = ()) -> None:
        self._ledger = ledger
        self._access = access
        self._sight = sight
        self._hashes = [secret_digest(token.strip()) for token in tokens]
        self._rules: dict[str, Callable[[Record, Record | None, Sequence[Record]], None]] = {
            DEPLOYMENT: self._require_deployment,
            ALIAS: self._require_alias,
            SERVICE: self._require_alias,
            VERSION: self._require_version,
            "rollout": self._require_rollout,
            "backfill": self._require_backfill,
            "flow_page": self._require_page,
        }

    def require(self, records: Sequence[Record]) -> None:
        """Let all of these records be written together, or none.

        Raises:
            Refused: the caller may not.
            DeploymentRefused: they belong to somebody else, or what they say cannot be.
            VersionConflict: one does not follow on the latest version.
        """
        for record in records:
            if record.kind in PRIVATE:
                raise Refused(403, f"records of kind {record.kind} are not written so")
        if self._access.is_admin_of_all:
            return
        for record in records:
            rule = self._rules.get(record.kind)
            if rule is None:
                raise Refused(403, f"records of kind {record.kind[:100]!r} are written by the store itself")
            latest = self._ledger.record(record.kind, record.key)
            if record.version != (1 if latest is None else latest.version + 1):
                raise VersionConflict(record.kind, record.key, 0 if latest is None else latest.version)
            rule(record, latest, records)

    def require_alias_right(self, state: AliasState, deed: str, project: str | None = None) -> None:
        """Let only the owner of an alias, whoever has its token, and admins of its project do something to it.

        Args:
            state: the alias.
            deed: what is to be done, for the refusal.
            project: of a service's alias, which does not name it.

        Raises:
            DeploymentRefused: says whose it is.
        """
        of = project_of_name(state.name) if project is None else project
        if state.owner == self._access.user or self._access.allows("admin", of):
            return
        if any(hmac.compare_digest(each, state.token_hash or "") for each in self._hashes):
            return
        if not self._sight.sees(of):
            raise DeploymentRefused(
                f"the name {state.name} is taken", hint="services of all projects have names of their own"
            )
        raise DeploymentRefused(
            f"{state.target} belongs to {state.owner}: {self._access.user} cannot {deed} it without its token",
            hint=f"ask {state.owner} for it, or deploy a branch of your own",
        )

    # Deployments and their aliases

    def _require_deployment(self, record: Record, latest: Record | None, batch: Sequence[Record]) -> None:
        deployment = _decoded(record, Deployment)
        require_named_role(self._access, "deployer", project_of_name(deployment.name))
        expected = record_of(deployment, record.version)
        project = "" if deployment.project is None else deployment.project.name
        if (record.key, record.holds) != (expected.key, expected.holds) or project != project_of_name(deployment.name):
            raise DeploymentRefused(f"the record of {record.key} does not say what it holds")
        if latest is None:
            self._require_self(deployment.user)
            for tag in deployment.tags:
                refuse_ill_formed(tag)
            return
        before = _decoded(latest, Deployment)
        if deployment == before:
            return  # it is written again with an alias that moves there
        is_deletion = deployment == msgspec.structs.replace(
            before, deleted_at=deployment.deleted_at, deleted_by=deployment.deleted_by
        )
        if not is_deletion or before.deleted_at is not None or deployment.deleted_at is None:
            raise DeploymentRefused(f"{before.name}, deployment {before.number} never changes")
        self._require_self(deployment.deleted_by)
        self._require_deletable(before)

    def _require_deletable(self, deployment: Deployment) -> None:
        name, number = deployment.name, deployment.number
        if deployment.user != self._access.user and not self._access.allows("admin", project_of_name(name)):
            raise DeploymentRefused(f"{name}, deployment {number} belongs to {deployment.user}")
        for state in Aliases(self._ledger).of(name):
            if deployment.id in (state.deployment, state.pending.deployment if state.pending else None):
                raise DeploymentRefused(f"{name}, deployment {number} is held by {state.target}")

    def _require_alias(self, record: Record, latest: Record | None, batch: Sequence[Record]) -> None:
        after = _decoded(record, AliasState)
        target = split_target(after.target)
        if (record.key, after.name, after.alias) != (str(target), target.name, target.alias):
            raise DeploymentRefused(f"`{record.key[:300]}` is not the name of {after.target[:300]}")
        is_service = record.kind == SERVICE
        project = self._project_of_service(after, batch) if is_service else project_of_name(after.name)
        self._require("deployer", project)
        self._require_self(after.user)
        before = None if latest is None else _decoded(latest, AliasState)
        is_decision = before is not None and self._is_decision(before, after)
        if before is None or not is_taken(before):
            self._require_founding(after)
        elif not is_decision:
            self._require_following(before, after, project)
        if is_service:
            self._require_named_version(after, batch)
        else:
            self._require_named(before, after, batch, is_decision=is_decision)
            self._require_secrets(before, after)

    def _require_founding(self, after: AliasState) -> None:
        """A free name belongs to whoever takes it, but for branches that bear somebody else's name."""
        if after.owner != self._access.user and is_taken(after):
            raise DeploymentRefused(f"{after.target} would belong to {after.owner}, and is made by {self._access.user}")
        if after.alias.startswith("user.") and after.alias != branch_of(self._access.user):
            raise DeploymentRefused(f"{after.target} is not the branch of {self._access.user}")

    def _require_following(self, before: AliasState, after: AliasState, project: str) -> None:
        """What is somebody's stays theirs, and changes by their leave."""
        self.require_alias_right(before, after.change, project)
        if after.owner != before.owner:
            raise DeploymentRefused(f"{before.target} belongs to {before.owner}, and is given to nobody else")
        if after.token_hash != before.token_hash and before.owner != self._access.user:
            raise DeploymentRefused(f"{before.target} belongs to {before.owner}, who alone makes its tokens")

    def _is_decision(self, before: AliasState, after: AliasState) -> bool:
        """Whether somebody with the role that was asked for approves or rejects a move that waits.

        Raises:
            Refused: they do not have the role.
        """
        pending = before.pending
        if pending is None or after.pending is not None or after.change not in ("promote", "reject"):
            return False
        kept = ("owner", "token_hash", "shadow_of", "has_secrets", "shadow_runs", "is_paused")
        if any(getattr(before, field) != getattr(after, field) for field in kept):
            return False
        if after.change == "reject" and after.deployment != before.deployment:
            return False
        if after.change == "promote" and after.deployment != pending.deployment:
            return False
        asked = pending.approval.role
        self._require(asked if asked in ROLES else "deployer", project_of_name(before.name))
        return True

    def _require_named(
        self, before: AliasState | None, after: AliasState, batch: Sequence[Record], *, is_decision: bool
    ) -> None:
        """What an alias comes to name is there, and fulfils what its flow asks of production."""
        was = None if before is None else (before.deployment, before.pending and before.pending.deployment)
        if after.pending is not None and (was is None or after.pending.deployment != was[1]):
            candidate = self._deployment(after, after.pending.number, after.pending.deployment, batch)
            if after.pending.approval != candidate.graph.production.approval:
                raise DeploymentRefused(f"{after.target} waits for another approval than its flow asks for")
            self._require_conditions(candidate, after.target)
        is_where_it_was = before is not None and (before.deployment, before.number) == (after.deployment, after.number)
        if after.deployment is None or is_where_it_was:
            return
        candidate = self._deployment(after, after.number, after.deployment, batch)
        if is_decision or after.alias != PRODUCTION or self._was_named(after.target, after.deployment):
            return
        if candidate.graph.production.approval is not None:
            raise DeploymentRefused(f"{after.target} moves to deployment {after.number} when somebody approves it")
        self._require_conditions(candidate, after.target)

    def _deployment(self, state: AliasState, number: int, wanted: str, batch: Sequence[Record]) -> Deployment:
        key = record_key(state.name, number)
        written = [record for record in batch if (record.kind, record.key) == (DEPLOYMENT, key)]
        record = written[0] if written else self._ledger.record(DEPLOYMENT, key)
        found = None if record is None else _decoded(record, Deployment)
        if found is None or found.id != wanted or found.deleted_at is not None:
            raise DeploymentRefused(f"{state.target} would name deployment {number}, which is not there")
        return found

    def _was_named(self, target: str, deployment: str) -> bool:
        return any(state.deployment == deployment for state in Aliases(self._ledger).history(target))

    def _require_conditions(self, candidate: Deployment, target: str) -> None:
        """As `require_conditions`, whichever alias the candidate ran for."""
        if not candidate.graph.production.promote_if or split_target(target).alias != PRODUCTION:
            return
        ran_for: list[str | None] = [state.target for state in Aliases(self._ledger).of(candidate.name)]
        refusals = []
        for source in ran_for or [None]:
            try:
                require_conditions(self._ledger, candidate, target, source)
            except DeploymentRefused as error:
                refusals.append(error)
        if len(refusals) == len(ran_for or [None]):
            raise refusals[-1]

    def _require_secrets(self, before: AliasState | None, after: AliasState) -> None:
        """A shadow has the secrets of what it shadows by leave of whoever owns that."""
        had = before is not None and before.shadow_of == after.shadow_of and before.has_secrets
        if after.shadow_of is None or not after.has_secrets or had:
            return
        shadowed = Aliases(self._ledger).get(after.shadow_of)
        if shadowed is None:
            raise NotFound(f"there is no deployment {after.shadow_of}")
        self.require_alias_right(shadowed, "grant the secrets of")

    # Services

    def _require_version(self, record: Record, latest: Record | None, batch: Sequence[Record]) -> None:
        deployed = _decoded(record, DeployedVersion)
        if latest is not None:
            raise DeploymentRefused(f"{deployed.version.name} never changes")
        if record.key != f"{deployed.service}/{deployed.number}" or deployed.version.user != deployed.user:
            raise DeploymentRefused(f"`{record.key[:300]}` is not the name of {deployed.version.name}")
        self._require_self(deployed.user)
        if deployed.version.run is None:
            require_named_role(self._access, "deployer", self._sight.projects_of.of_version(deployed))
        self._require("deployer", self._sight.projects_of.of_version(deployed))
        live = Aliases(self._ledger, SERVICE).get(f"{deployed.service}@{PRODUCTION}")
        if live is not None and is_taken(live):
            self.require_alias_right(live, "replace", self._sight.projects_of.of_service(deployed.service))

    def _require_named_version(self, state: AliasState, batch: Sequence[Record]) -> None:
        if state.deployment is None:
            return
        found = self._version(state, batch)
        if found is None or found.id != state.deployment:
            raise DeploymentRefused(f"{state.target} would name version {state.number}, which is not there")

    def _project_of_service(self, state: AliasState, batch: Sequence[Record]) -> str:
        found = self._version(state, batch)
        return (
            self._sight.projects_of.of_service(state.name)
            if found is None
            else self._sight.projects_of.of_version(found)
        )

    def _version(self, state: AliasState, batch: Sequence[Record]) -> DeployedVersion | None:
        key = f"{state.name}/{state.number}"
        written = [record for record in batch if (record.kind, record.key) == (VERSION, key)]
        record = written[0] if written else self._ledger.record(VERSION, key)
        return None if record is None else _decoded(record, DeployedVersion)

    def _require_rollout(self, record: Record, latest: Record | None, batch: Sequence[Record]) -> None:
        rollout = _decoded(record, _Rollout)
        if record.key != f"{rollout.service}/{rollout.number}":
            raise DeploymentRefused(f"`{record.key[:300]}` is no rollout of {rollout.service}")
        project = self._sight.projects_of.of_service(rollout.service)
        self._require("deployer", project)
        self._require_self(rollout.user)
        state = Aliases(self._ledger, SERVICE).get(f"{rollout.service}@{PRODUCTION}")
        if state is not None:
            self.require_alias_right(state, "roll out", project)

    # Others

    def _require_backfill(self, record: Record, latest: Record | None, batch: Sequence[Record]) -> None:
        backfill = _decoded(record, _Backfill)
        name = split_target(backfill.target).name
        if record.key != backfill.id or not backfill.id.startswith(f"{name}-"):
            raise DeploymentRefused(f"`{record.key[:300]}` is no backfill of {backfill.target}")
        self._require("deployer", project_of_name(name))
        if latest is None:
            self._require_self(backfill.user)
        elif _without_end(latest) != _without_end(record):
            raise DeploymentRefused(f"backfill {backfill.id} never changes, but for its end")
        elif backfill.user == self._access.user:
            return
        state = Aliases(self._ledger).get(backfill.target)
        if state is None or not is_taken(state):
            raise NotFound(f"there is no deployment {backfill.target}")
        self.require_alias_right(state, "backfill")

    def _require_page(self, record: Record, latest: Record | None, batch: Sequence[Record]) -> None:
        self._require("runner", project_of_name(record.key))
        self._require_self(_decoded(record, _Page).user)

    def _require(self, needed: Role, project: str) -> None:
        if self._access.allows(needed, project):
            return
        if not self._sight.sees(project):
            raise Refused(404, "there is nothing at this address", error="NotFound")
        where = f"in project {project}" if project else "in flows without a project"
        raise Refused(403, f"this takes a {needed}; {self._access.user} is {self._access.role_in(project)} {where}")

    def _require_self(self, user: str) -> None:
        if user != self._access.user:
            raise Refused(403, f"{self._access.user} changes things in their own name, not as {user!r:.100}")


def _decoded(record: Record, kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(record.body, type=kind)
    except msgspec.DecodeError as error:
        raise UserMistake(f"the {record.kind} {record.key[:300]}: {error}") from error


def _without_end(record: Record) -> dict[str, object]:
    fields = _decoded(record, dict[str, object])
    return {name: value for name, value in fields.items() if not name.startswith("cancelled_")}
