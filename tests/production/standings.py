"""Makes what the scheduler knows, by hand."""

from headwater.model.deployment import AliasState, Deployment
from headwater.model.graph import Graph
from headwater.model.launch import Launch, Trigger
from headwater.model.order import CodeSource
from headwater.model.production import ProductionOptions, RunPolicy
from headwater.production.standing import ActiveRun, Deployed, Pools, Standing

TARGET = "Churn@production"


def deployed(target=TARGET, *, policy=None, schedules=(), triggers=(), **state):
    name, _, alias = target.partition("@")
    options = ProductionOptions(policy=policy or RunPolicy(), schedules=schedules, triggers=triggers)
    graph = Graph(name, "churn.py", "churn", "start", "end", {}, production=options)
    code = CodeSource("/project", "churn.py", "churn", name)
    deployment = Deployment(f"id-of-{name}", name, 1, name, 0.0, "ann", "desk", code, graph, "d" * 64)
    values = {"deployment": deployment.id, "number": 1, **state}
    return Deployed(AliasState(target, name, alias, "deploy", 0.0, "ann", **values), deployment)


def active(number, stage="queued", *, target=TARGET, kind="schedule", at=None, **facts):
    pool, priority = facts.pop("pool", "default"), facts.pop("priority", 0)
    trigger = Trigger(kind, facts.pop("source", ""))
    launch = Launch(target, "id", 1, f"{target}/{number}", trigger, pool=pool, priority=priority)
    path = f"{target.partition('@')[0]}/{number}"
    return ActiveRun(f"run-{number}", path, launch, stage, float(number if at is None else at), **facts)


def standing(*runs, aliases=None, pools=None):
    states = aliases if aliases is not None else [deployed()]
    return Standing(
        {each.state.target: each for each in states}, {run.run: run for run in runs}, pools or Pools({}, 10)
    )
