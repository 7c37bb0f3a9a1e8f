"""Who may write what: the rules for runs, tags, events and firings, whatever a caller's program sends."""

from collections.abc import Sequence

from headwater.deployments.aliases import Aliases
from headwater.deployments.names import is_production, split_target
from headwater.ledger.launches import contradiction_in
from headwater.ledger.tags import refuse_ill_formed
from headwater.model.deployment import AliasState
from headwater.model.errors import NotFound, TagRefused, UserMistake
from headwater.model.events import Cancel, Decide, Request, RunStarted
from headwater.model.launch import PublishedEvent
from headwater.model.ports import Commit, Ledger, PlannedFiring
from headwater.model.production import Project
from headwater.model.records import Record
from headwater.model.rows import RunRow
from headwater.web.access import ALL, ROLES, Access, Role
from headwater.web.problems import Refused
from headwater.web.scope.named_roles import require_named_role
from headwater.web.scope.record_policy import RecordPolicy
from headwater.web.scope.visible import Sight, project_of_name

#: Tags that say whose a run is; nobody hangs another one's on theirs.
_TELLING = ("user:", "deployment:", "alias:", "project:", "project_branch:")
#: Names, ids and sources of events that the store or its host itself publishes.
_OWN_NAMES = ("run.", "service.")
_OWN_SOURCES = ("run:", "service:")


class Policy:
    """What one caller may write; every method raises `Refused` (403), `NotFound` or the refusal that the rooms know."""

    def __init__(self, ledger: Ledger, access: Access, sight: Sight, tokens: Sequence[str] = ()) -> None:
        self._ledger = ledger
        self._access = access
        self._sight = sight
        self._records = RecordPolicy(ledger, access, sight, tokens)

    def require_start(self, commit: Commit) -> None:
        """Let a run begin that is the caller's own, in a project in which they may run flows."""
        first = commit.events[0] if commit.events else None
        if not isinstance(first, RunStarted):
            raise UserMistake("a run begins with its start")
        require_named_role(self._access, "runner", "" if first.project is None else first.project.name)
        self._require_self(first.user, "runs")
        if first.launch is not None:
            raise Refused(403, "runs of deployments are started by asking for them")
        if first.project is not None:
            self._require_branch(first.project)
        own = self._own_tags(first.project)
        self._refuse_tags([tag for tag in (*first.tags, *first.system_tags) if tag not in own])

    def require_drive(self, row: RunRow) -> None:
        """Let somebody write the course of their own run."""
        self._require("runner", row.project)
        if row.user != self._access.user or row.launch is not None:
            self._require("admin", row.project, f"{row.path} belongs to {row.user}")

    def require_change(self, row: RunRow) -> None:
        """Let somebody tag, note or stop a run: their own, or one that a deployer may touch.

        Runs of somebody else's deployments are touched by that person and by admins only.
        """
        self._require("runner", row.project)
        if row.user == self._access.user:
            return
        needed: Role = "deployer" if row.launch is None else "admin"
        self._require(needed, row.project, f"{row.path} belongs to {row.user}")

    def require_tags(self, row: RunRow, add: Sequence[str]) -> None:
        """As `require_change`; nobody hangs on a run what says that it is another one's."""
        self.require_change(row)
        self._refuse_tags(add)

    def require_note(self, row: RunRow) -> None:
        """As `require_change`."""
        self.require_change(row)

    def require_request(self, row: RunRow, request: Request) -> None:
        """Let somebody stop a run, or decide at a gate whose role they have."""
        self._require_self(request.user, "requests")
        if isinstance(request, Cancel):
            self.require_change(row)
        elif isinstance(request, Decide):
            self._require(self._gate_role(row, request.step), row.project)

    def require_launch(self, planned: Sequence[PlannedFiring], cursor: tuple[str, int] | None) -> None:
        """Let somebody start runs of deployments that are theirs to start, in words that agree with themselves."""
        for each in planned:
            if contradiction := contradiction_in(each):
                raise UserMistake(contradiction)
        if self._access.is_admin_of_all:
            return
        if cursor is not None:
            raise Refused(403, "the scheduler alone moves its cursors")
        for each in planned:
            self._require_firing(each)

    def publishable(self, event: PublishedEvent) -> PublishedEvent:
        """Give an event as it may be published: in a project of the caller's, by an id that blocks nobody else's."""
        if event.name.startswith(_OWN_NAMES) or event.source.startswith(_OWN_SOURCES):
            raise UserMistake(f"events called {event.name!r:.100} are published by the store itself")
        if event.scope is None and event.run is None:
            self._require_everywhere()
            self._require_self(event.source.removeprefix("user:"), "events")
            return event
        project = self._require_event_origin(event)
        if ALL in self._access.roles:
            return event
        return _with_own_id(event, project)

    def require_records(self, records: Sequence[Record]) -> None:
        """Let records be written; see `RecordPolicy`."""
        self._records.require(records)

    def require_upkeep(self) -> None:
        """Let admins of everything look at, and after, the store as a whole."""
        if not self._access.is_admin_of_all:
            raise Refused(403, "this takes an admin of all projects")

    def _require_firing(self, planned: PlannedFiring) -> None:
        firing, commit = planned.firing, planned.commit
        state = Aliases(self._ledger).get(firing.target)
        if state is None or not self._sight.sees(project_of_name(firing.target)):
            raise NotFound(f"there is no deployment {firing.target}")
        self._require("deployer", project_of_name(state.target))
        self._records.require_alias_right(state, "run")
        if firing.source != "person" or not firing.key.startswith(f"{state.target}/person:"):
            raise Refused(403, "only the scheduler records what schedules and triggers start")
        started = commit.events[0] if commit is not None and len(commit.events) == 1 else None
        if not isinstance(started, RunStarted) or not _is_run_of(started, firing.key, state):
            raise Refused(403, f"this is no run of {state.target}")
        assert started.launch is not None
        self._require_self(started.launch.trigger.source, "runs")

    def _require_event_origin(self, event: PublishedEvent) -> str:
        """Require that the run and the scope of an event are the caller's to speak for; gives their project."""
        project = "" if event.scope is None else event.scope.partition(".")[0]
        if event.run is not None:
            flow, _, label = event.run.partition("/")
            row = self._find(flow, label)
            self.require_drive(row)
            project = row.project
            if event.scope is not None and project and event.scope.partition(".")[0] != project:
                raise Refused(403, f"{event.run} does not speak for {event.scope}")
            if event.scope is None:
                self._require_everywhere()
        else:
            self._require_self(event.source.removeprefix("user:"), "events")
        branch = (event.scope or "").partition(".")[2]
        speaks_for_production = branch == "prod" or branch.startswith("prod.")
        self._require("deployer" if speaks_for_production else "runner", project)
        return project

    def _find(self, flow: str, label: str) -> RunRow:
        missing = NotFound(f"there is no run {flow}/{label}")
        if not label.isdigit():
            raise missing
        try:
            row = self._ledger.find_run(flow, int(label))
        except NotFound:
            raise missing from None
        if not self._sight.sees(row.project):
            raise missing
        return row

    def _gate_role(self, row: RunRow, step: str) -> Role:
        """The role that a step's gate asks for; deployer where it asks for none that we know."""
        for _, event in self._ledger.events(row.run):
            if isinstance(event, RunStarted):
                node = event.graph.steps.get(step)
                asked = None if node is None or node.options.approval is None else node.options.approval.role
                return asked if asked in ROLES else "deployer"
        return "deployer"

    def _require_branch(self, project: Project) -> None:
        """Refuse branches that are another one's; production's takes a deployer."""
        if project.is_production or is_production(_alias(project.branch)):
            self._require("deployer", project.name)
        elif project.branch.startswith("user.") and project.branch != f"user.{_in_alias(self._access.user)}":
            raise Refused(403, f"branch {project.branch} is not that of {self._access.user}")

    def _own_tags(self, project: Project | None) -> set[str]:
        own = {f"user:{self._access.user}"}
        if project is not None:
            own |= {f"project:{project.name}", f"project_branch:{project.branch}"}
        return own

    def _refuse_tags(self, tags: Sequence[str]) -> None:
        own = f"user:{self._access.user}"
        for tag in tags:
            refuse_ill_formed(tag)
            if tag.startswith(_TELLING) and tag != own:
                raise TagRefused(f"`{tag}` says whose a run is: it is not for you to give")

    def _require(self, needed: Role, project: str, why: str = "") -> None:
        if self._access.allows(needed, project):
            return
        if not self._sight.sees(project):
            raise Refused(404, "there is nothing at this address", error="NotFound")
        where = f"in project {project}" if project else "in flows without a project"
        text = f"this takes a {needed}; {self._access.user} is {self._access.role_in(project)} {where}"
        raise Refused(403, f"{why}: {text}" if why else text)

    def _require_self(self, user: str, what: str) -> None:
        if user != self._access.user and not self._access.is_admin_of_all:
            raise Refused(403, f"{self._access.user} gives {what} their own name, not {user!r:.100}")

    def _require_everywhere(self) -> None:
        if not self._access.allows("runner", ALL):
            hint = "publish it in a run of a project: only deployments of the same project and branch hear it"
            raise Refused(403, "an event that everybody hears takes a runner of all projects", hint=hint)


def _is_run_of(started: RunStarted, key: str, state: AliasState) -> bool:
    """Whether what starts is a run of what an alias names, by the alias's own name."""
    launch, target = started.launch, split_target(state.target)
    return (
        launch is not None
        and launch.idempotency_key == key
        and launch.target == state.target
        and launch.deployment == state.deployment
        and launch.trigger.kind == "person"
        and launch.is_without_secrets == (not state.has_secrets)
        and launch.is_production == is_production(target.alias)
        and started.user == state.owner
        and project_of_name(state.target) == ("" if started.project is None else started.project.name)
    )


def _with_own_id(event: PublishedEvent, project: str) -> PublishedEvent:
    """Keep ids apart by project: one that somebody elsewhere used up blocks nothing here."""
    mark = f"{project}:"
    if event.id.startswith(mark):
        return event
    kept = {field: getattr(event, field) for field in event.__struct_fields__}
    return PublishedEvent(**{**kept, "id": mark + event.id})


def _alias(branch: str) -> str:
    return "production" if branch == "prod" else branch


def _in_alias(user: str) -> str:
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_.-") else "_" for letter in user)
