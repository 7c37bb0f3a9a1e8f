"""Deployments (immutable packages put to work) and aliases (movable names for them)."""

from typing import Literal

import msgspec

from headwater.model.artifact import Ref
from headwater.model.graph import Graph
from headwater.model.ids import Digest
from headwater.model.order import CodeSource
from headwater.model.production import Approval, Project

#: Why an alias changed.
AliasChange = Literal[
    "deploy", "promote", "rollback", "pause", "unpause", "delete", "token", "ask", "reject", "secrets"
]


class Deployment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A package of a flow with everything that its runs need; record kind `deployment`, key `<name>/<number>`."""

    id: str
    #: `Churn`, or `fraud.Churn` with `@project(name="fraud")`.
    name: str
    #: From 1, per name.
    number: int
    flow: str
    at: float
    user: str
    host: str
    #: Its `tree` holds the package; its `root` is where it was packaged.
    code: CodeSource
    #: The compiled flow, with its production options.
    graph: Graph
    #: What `digest` is worked out from, hashed: two deployments with the same one do the same.
    digest: Digest
    files: int = 0
    size_bytes: int = 0
    #: Defaults of the parameters (deploy-time ones evaluated) and constants.
    parameters: dict[str, Ref] = {}
    #: Step -> object of its environment's lock; steps that declare no packages are not in it.
    environments: dict[str, Digest] = {}
    #: Packages of the interpreter that deployed it: what steps without declared packages run with.
    environment: dict[str, str] = {}
    #: That interpreter.
    python: str = ""
    project: Project | None = None
    tags: tuple[str, ...] = ()
    note: str = ""
    kind: Literal["flow", "service"] = "flow"
    #: When it was deleted, and by whom; its record then holds nothing any more, its number is never given again.
    deleted_at: float | None = None
    deleted_by: str = ""
    v: int = 1


class PendingMove(msgspec.Struct, frozen=True, omit_defaults=True):
    """A move of an alias that waits for somebody's approval."""

    deployment: str
    number: int
    approval: Approval
    asked_at: float
    asked_by: str


class AliasState(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where an alias stands after a change; record kind `alias`, key = `target`. Its versions are its history."""

    #: `Churn@production`, `fraud.Churn@user.ann`.
    target: str
    #: `Churn`, `fraud.Churn`.
    name: str
    #: `production`, `user.ann`, `test.new`, `shadow.3` ...
    alias: str
    change: AliasChange
    at: float
    user: str
    #: The deployment that it names; None = the alias was deleted.
    deployment: str | None = None
    number: int = 0
    is_paused: bool = False
    #: Why, and what else there is to say of the change.
    reason: str = ""
    #: Who made it; anybody else needs the token.
    owner: str = ""
    #: SHA-256 of the production token; None = the alias needs none.
    token_hash: str | None = None
    #: Schedule's name -> Unix time from which its slots count (it was deployed, edited or unpaused then).
    schedules_since: dict[str, float] = {}
    #: Number of the last published event that came before its triggers counted.
    events_after: int = 0
    pending: PendingMove | None = None
    #: `Churn@production` when this is a shadow of it.
    shadow_of: str | None = None
    #: A shadow that may have production's secrets.
    has_secrets: bool = True
    #: A shadow stops after so many runs; None = it goes on.
    shadow_runs: int | None = None
    v: int = 1
