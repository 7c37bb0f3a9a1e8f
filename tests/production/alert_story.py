"""A deployment and its runs, told event by event to a real store, with an alerter whose clock is turned by hand."""

import os

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.launches import plan_launch
from headwater.deployments.stored import record_of
from headwater.home import Home, make_home
from headwater.model.deployment import AliasState, Deployment, PendingMove
from headwater.model.events import RunFinished, TaskFailed, TaskStarted, TaskSucceeded
from headwater.model.graph import Graph, Step
from headwater.model.ids import new_ulid, parse_task_key
from headwater.model.launch import Firing, Trigger
from headwater.model.order import CodeSource
from headwater.model.outcome import FrameRecord, TaskError, Transition, Usage
from headwater.model.ports import Commit, PlannedFiring
from headwater.model.production import Approval, ProductionOptions
from headwater.model.records import Record
from headwater.production.alerts.alerter import Alerter
from headwater.production.alerts.kept import Alerts
from headwater.production.alerts.limits import Limits

#: 2025-03-01T06:00:00Z, a Saturday.
BEGIN = 1740808800.0
HOUR, DAY = 3600.0, 86400.0

STEPS = {
    "start": Step("start", "linear", "churn.py", 10, ("train",)),
    "train": Step("train", "linear", "churn.py", 30, ("end",)),
    "end": Step("end", "end", "churn.py", 50),
}


class Story:
    """All that happens in a home; its clock stands still unless it is turned."""

    def __init__(self, folder):
        make_home(str(folder))
        self.home = Home(str(folder), "ann")
        self.ledger = self.home.ledger
        self.alerts = Alerts(self.ledger)
        self.now = BEGIN
        self.states = {}
        self.deployments = {}
        self.seconds = 15.0

    def tick(self, seconds=1.0):
        self.now += seconds
        return self.now

    def deploy(self, *alerts, alias="production", tree=None, **facts):
        """Deploy `Churn` for the alias; gives the alias's target."""
        number = len(self.deployments) + 1
        at = self.tick()
        deployment = Deployment(
            id=new_ulid(at, number.to_bytes(10, "big")),
            name="Churn",
            number=number,
            flow="Churn",
            at=at,
            user="ann",
            host="desk",
            code=CodeSource("/project", "churn.py", "churn", "Churn", tree),
            graph=Graph(
                "Churn",
                "churn.py",
                "churn",
                "start",
                "end",
                STEPS,
                production=ProductionOptions(alerts=alerts, **facts),
            ),
            digest=f"{number:064x}",
            environment={"python": "3.11.7", "pandas": f"2.{number}"},
        )
        target = f"Churn@{alias}"
        since = {schedule.name or schedule.cron: at for schedule in facts.get("schedules", ())}
        state = AliasState(
            target, "Churn", alias, "deploy", at, "ann", deployment.id, number, owner="ann", schedules_since=since
        )
        self.deployments[number] = deployment
        latest = self.ledger.record("alias", target)
        version = 1 if latest is None else latest.version + 1
        alias_record = Record("alias", target, version, at, msgspec.Raw(msgspec.json.encode(state)))
        self.ledger.write_records([record_of(deployment), alias_record])
        self.states[target] = state
        return target

    def change(self, target, **facts):
        """Change the alias as a command would."""
        states = Aliases(self.ledger)
        self.states[target] = states.change(self.states[target], user="bo", at=self.tick(), **facts)

    def ask_for_move(self, target="Churn@production"):
        """Let somebody ask for another deployment, which somebody else must approve."""
        pending = PendingMove("", self.states[target].number + 1, Approval(), self.now, "bo")
        self.change(target, change="ask", pending=pending)

    def run(self, target="Churn@production", *, key=None, kind="schedule", source="daily", slot=None, parameters=None):
        """Start a run of what the alias names; it stands for the present slot."""
        at = self.tick()
        state = self.states[target]
        given = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in (parameters or {}).items()}
        firing_source = source if ":" in source else f"{kind}:{source}" if kind in ("schedule", "backfill") else kind
        planned = plan_launch(
            self.home,
            state,
            self.deployments[state.number],
            key=key or f"{target}/{kind}:{at}",
            source=firing_source,
            trigger=Trigger(kind, source),
            at=at,
            slot=at if slot is None and kind != "event" else slot,
            parameters=given,
        )
        fired = self.ledger.launch([planned])[0]
        return RunStory(self, fired)

    def record(self, verdict, slot, *, target="Churn@production", source="schedule:daily", reason="", at=None):
        """Record what was done about a slot of which no run came."""
        firing = Firing(
            f"{target}/{source}@{slot}", target, source, self.tick() if at is None else at, verdict, slot, reason
        )
        self.ledger.launch([PlannedFiring(firing)])

    def good(self, target="Churn@production", **facts):
        """A run that goes well."""
        run = self.run(target, **{name: facts.pop(name) for name in ("kind", "source", "slot") if name in facts})
        run.task("start", values=facts.pop("values", {"rows": [1, 2, 3]}))
        run.task("train", summary=facts.pop("summary", {}), **facts)
        run.task("end")
        return run.finish()

    def bad(self, target="Churn@production", *, line=41, error="KeyError", message="'amount'", **facts):
        """A run whose training fails."""
        run = self.run(target, **{name: facts.pop(name) for name in ("kind", "source", "key") if name in facts})
        run.task("start", values=facts.pop("values", {"rows": [1, 2, 3]}))
        run.begin("train")
        run.fail("train", line=line, error=error, message=message, **facts)
        return run.finish("failed", failed_key="train", cause="exception", message=f"{error}: {message}")

    def alerter(self, **environ):
        limits = Limits(seconds=self.seconds, is_private_allowed=True, environ={"PATH": os.environ["PATH"]})
        return Alerter(self.home, environ, limits, clock=lambda: self.now)

    def kinds(self):
        """Kinds of all alerts, oldest first."""
        return [alert.kind for alert in reversed(self.alerts.newest(1000))]

    def only(self, kind):
        """The one alert of a kind."""
        (found,) = [alert for alert in self.alerts.newest(1000) if alert.kind == kind]
        return found


class RunStory:
    """One run of a deployment, driven by the test."""

    def __init__(self, story, fired):
        self.story = story
        self.run = fired.run
        self.path = fired.run_path
        self.lease, _ = story.ledger.take(fired.run, story.now)
        self.labels = {}
        self.last = None

    def begin(self, key):
        label = self.labels[key] = len(self.labels) + 1
        parents = (self.last,) if self.last is not None else ()
        self.add(
            TaskStarted(
                self.story.tick(),
                key,
                parse_task_key(key).step,
                label,
                0,
                parents=parents,
                parent_count=len(parents),
                inherits=bool(parents),
            )
        )

    def task(self, key, values=None, summary=None, reads=None, files=None):
        self.begin(key)
        saved = self.story.home.artifacts.save_many(values or {})
        self.add(
            TaskSucceeded(
                self.story.tick(),
                key,
                0,
                {name: one.ref for name, one in saved.items()},
                Transition(STEPS[parse_task_key(key).step].targets),
                Usage(files=files or {}),
                reads or {},
                summary=summary or {},
            ),
            small={one.ref.digest: one.small for one in saved.values() if one.small is not None},
            headers={one.ref.digest: one.header for one in saved.values() if one.header is not None},
        )
        self.last = key

    def fail(self, key, *, line=41, error="KeyError", message="'amount'", files=None):
        frames = (
            FrameRecord("/usr/lib/python3/pandas/core.py", 7, "get", "raise"),
            FrameRecord("/project/churn.py", line, "Churn.train", 'total = rows["amount"].sum()', is_user=True),
            FrameRecord("/usr/lib/python3/pandas/index.py", 9, "get_loc", "raise KeyError(key)"),
        )
        told = TaskError(f"builtins.{error}" if "." not in error else error, message, frames, "Traceback ...")
        self.add(TaskFailed(self.story.tick(), key, 0, "exception", told, Usage(files=files or {})))

    def log(self, key, *lines):
        folder = self.story.home.run_folder(self.run)
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/{self.labels[key]}.0.log", "ab") as file:
            for line in lines:
                file.write(f"{self.story.now:.6f} o ".encode() + line.encode() + b"\n")

    def finish(self, end="succeeded", **facts):
        self.add(RunFinished(self.story.tick(), end, **facts))
        self.lease.release()
        return self

    def add(self, *events, small=None, headers=None):
        self.story.ledger.append(self.lease, Commit(events=events, small=small or {}, headers=headers or {}))
