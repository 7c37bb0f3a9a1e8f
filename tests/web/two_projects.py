"""A ledger with runs, deployments and events of two projects and of none; nothing here stands in for code of ours."""

import msgspec

from headwater.deployments.stored import record_of
from headwater.model.deployment import AliasState, Deployment
from headwater.model.graph import Graph
from headwater.model.launch import Firing, Launch, PublishedEvent, Trigger
from headwater.model.order import CodeSource
from headwater.model.ports import Commit, PlannedFiring
from headwater.model.production import Project
from headwater.model.records import Record
from headwater.model.secret_digest import secret_digest
from headwater.web.access import Access
from headwater.web.scope.scoped import scoped
from headwater.web.scope.visible import Projects
from tests.ledger.ledger_stories import finished, run_started, started, succeeded

GRAPH = Graph("Churn", "churn.py", "churn", "start", "end", {})
#: Ann's production token.
TOKEN = "a" * 64


def access(user, **roles):
    """`access("bob", fraud="runner")`; `everything` stands for `*`, `none` for flows without a project."""
    names = {"everything": "*", "none": ""}
    return Access(user, {names.get(name, name): role for name, role in roles.items()})


def as_seen(ledger, who, *tokens):
    return scoped(ledger, who, Projects(ledger), tokens)


def project(name, branch="user.ann", **facts):
    return None if not name else Project(name, branch, **facts)


def begin(ledger, flow="Churn", of="", user="ann", **facts):
    """Start a run that goes on; gives its first event as stored, and its lease."""
    lease, stored = ledger.start_run(Commit(events=[run_started(flow, user=user, project=project(of), **facts)]))
    return stored, lease


def run(ledger, flow="Churn", of="", user="ann", **facts):
    """A run of one task that succeeded; gives its first event as stored."""
    stored, lease = begin(ledger, flow, of, user, **facts)
    ledger.append(lease, Commit(events=[started("start/1", 1), succeeded("start/1"), finished()]))
    lease.release()
    return stored


def deployment(name="fraud.Churn", number=1, user="ann", **facts):
    of, dot, flow = name.partition(".")
    known = {
        "id": f"{name}-{number}",
        "name": name,
        "number": number,
        "flow": flow if dot else of,
        "at": 1.0,
        "user": user,
        "host": "here",
        "code": CodeSource("/project", "churn.py", "churn", "Churn"),
        "graph": GRAPH,
        "digest": "d" * 64,
        "project": Project(of, "prod", is_production=True) if dot else None,
    }
    return Deployment(**(known | facts))


def alias_state(target="fraud.Churn@production", number=1, user="ann", **facts):
    name, _, alias = target.partition("@")
    known = {
        "target": target,
        "name": name,
        "alias": alias,
        "change": "deploy",
        "at": 1.0,
        "user": user,
        "deployment": f"{name}-{number}",
        "number": number,
        "owner": user,
        "token_hash": secret_digest(TOKEN) if alias == "production" else None,
    }
    return AliasState(**(known | facts))


def record(kind, key, body, version=1):
    return Record(kind, key, version, 1.0, msgspec.Raw(msgspec.json.encode(body)))


def deploy(ledger, target="fraud.Churn@production", number=1, user="ann", **facts):
    """Ann's deployment, with the alias that names it; gives the alias's state."""
    name = target.partition("@")[0]
    state = alias_state(target, number, user)
    latest = ledger.record("alias", target)
    version = 1 if latest is None else latest.version + 1
    made = deployment(name, number, user, **facts)
    ledger.write_records([record_of(made), record("alias", target, state, version)])
    return state


def planned(target="fraud.Churn@production", key="1", user="ann", source="person", **facts):
    """A firing of a deployment with the run that it starts."""
    name, _, alias = target.partition("@")
    of, dot, flow = name.partition(".")
    key = f"{target}/{source}:{key}"
    trigger = Trigger("person", user)
    launch = {"is_production": alias == "production", **facts}
    started_run = run_started(
        flow if dot else of,
        user="ann",
        project=Project(of, "prod", is_production=True) if dot else None,
        launch=Launch(target, f"{name}-1", 1, key, trigger, **launch),
    )
    firing = Firing(key, target, source, 1.0, "started", run=started_run.run)
    return PlannedFiring(firing, Commit(events=[started_run]))


def published(name="ready", scope=None, source="user:ann", **facts):
    return PublishedEvent(facts.pop("id", f"{name}-{scope}"), name, 1.0, {}, source, scope=scope, **facts)
