"""Deployments as records, without packages: for commands that only look at them and ask for runs."""

import msgspec

from headwater.deployments.launches import plan_launch
from headwater.deployments.stored import record_of
from headwater.model.deployment import AliasState, Deployment
from headwater.model.events import RunFinished
from headwater.model.graph import ParameterSpec
from headwater.model.launch import Trigger
from headwater.model.order import CodeSource
from headwater.model.ports import Commit
from headwater.model.production import ProductionOptions, RunPolicy
from headwater.model.records import Record
from tests.cli.stories import BEGIN, GRAPH

ALPHA = ParameterSpec("alpha", "alpha", "float", default="0.5")


class Deployed:
    """Deployments of one flow, all named by one alias in turn."""

    def __init__(self, home, target="Churn@production", owner="ann"):
        self.home = home
        self.target = target
        self.name, _, self.alias = target.partition("@")
        self.owner = owner
        self.deployment = None
        self.state = None

    def deploy(self, *schedules, at=BEGIN, policy=None, **state):
        number = 1 if self.deployment is None else self.deployment.number + 1
        options = ProductionOptions(schedules=schedules, policy=policy or RunPolicy())
        self.deployment = Deployment(
            id=f"{self.name}-{number}",
            name=self.name,
            number=number,
            flow="Churn",
            at=at,
            user=self.owner,
            host="here",
            code=CodeSource("/project", "churn.py", "churn", "Churn"),
            graph=msgspec.structs.replace(GRAPH, production=options, parameters=(ALPHA,)),
            digest=f"{number:064}",
        )
        since = {schedule.name or schedule.cron: at for schedule in schedules}
        facts = {"schedules_since": since, "owner": self.owner, **state}
        self.state = AliasState(
            self.target, self.name, self.alias, "deploy", at, self.owner, self.deployment.id, number, **facts
        )
        body = msgspec.Raw(msgspec.json.encode(self.state))
        alias = Record("alias", self.target, number, at, body)
        self.home.ledger.write_records([record_of(self.deployment), alias])
        return self

    def launch(self, slot, *, source="schedule:daily", kind="schedule", took=None, end="succeeded", at=None):
        """Launch a run of a slot, a second behind it unless `at` says when; with `took` it ended after so long."""
        at = slot + 1 if at is None else at
        planned = plan_launch(
            self.home,
            self.state,
            self.deployment,
            key=f"{self.target}/{source}@{slot}/{self.deployment.number}",
            source=source,
            trigger=Trigger(kind, source.partition(":")[2]),
            at=at,
            slot=slot,
        )
        firing = self.home.ledger.launch([planned])[0]
        if took is not None:
            lease, _ = self.home.ledger.take(firing.run, at)
            self.home.ledger.append(lease, Commit(events=[RunFinished(at=at + took, end=end)]))
            lease.release()
        return firing
