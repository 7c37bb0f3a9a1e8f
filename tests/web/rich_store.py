"""A store with something behind every route: runs, deployments, a backfill, a gate, alerts, events, a service."""

from headwater.home import open_home
from headwater.model.alert import Alert
from headwater.model.events import TaskSucceeded
from headwater.model.outcome import TaskError, Transition
from headwater.production.alerts.kept import Alerts
from tests.client.history import FOREACH, History, write_log
from tests.hosting.versions_scene import deploy, write_service
from tests.web.api.production_scene import DAILY, Scene
from tests.web.api.test_approvals import GATED
from tests.web.api.test_metrics import log_points

_CANARY = 'rollout = __import__("headwater").Canary(shadow="1h", steps=[10, 50])'
#: Too long to be kept beside the events: an object of its own.
_LONG = [f"line {number}" for number in range(50_000)]
_STRETCH = {"since": "2025-01-01", "until": "2025-01-05"}


def make_rich_store(folder):
    """Make the store in a folder; takes two seconds. Gives its path, and by its name in the API what there is."""
    scene = Scene(folder)
    home = scene.desk.home
    history = History(home)
    facts = _runs(history)
    target = scene.deploy()
    scene.deploy(decorators=f"# again\n{DAILY}")
    scene.desk.write(GATED.format(role="deployer"))
    scene.desk.production()
    scene.site.post(f"/deployments/{target}/runs", {})
    backfill = scene.site.post(f"/deployments/{target}/backfills", _STRETCH).value
    scene.desk.publish()
    Alerts(home.ledger).keep(Alert(f"failure/{target}/1", "failure", 1.0, target, f"{target} failed", "text"))
    _learned(history)
    deploy(home, write_service(folder / "p"), note="the first")
    deploy(home, write_service(folder / "p", body="number *= 2", more=_CANARY))
    facts |= {"target": target, "backfill": backfill["backfill"]["id"], "file": scene.desk.file.name}
    scene.close()
    return scene.desk.home_folder, facts


def _runs(history):
    """A run of each kind: one that failed, one with reports and metrics, a foreach, one without a driver."""
    home = history.home
    first = history.run(parameters={"alpha": 0.5}, tags=("good",))
    first.task("start", {"report": "<!doctype html><p>hi", "rows": [1, 2], "long": _LONG}, summary={"f1": 0.5})
    write_log(home, first, "start", ["o one", "e two"])
    log_points(home, first, "start", ["report"], [(0, 1, 0.5), (0, 2, 0.25)])
    first.begin("train", ["start"])
    first.fail("train", TaskError("ValueError", "no rows"))
    first.finish("failed", "no rows", failed_key="train")
    fan = history.run("Fan", FOREACH)
    fan.begin("start")
    fan.append(TaskSucceeded(history.tick(), "start", 0, transition=Transition(("score",), width=5)))
    fan.tasks([f"score/start.{index}" for index in range(5)], {}, "start")
    history.run().lease.release()
    (row,) = home.ledger.artifacts(first.started.run, ["start"], "long")
    return {"run": first.started.run, "digest": row.ref.digest}


def _learned(history):
    run = history.run("Learn")
    run.task("start")
    run.task("train", after=["start"])
    run.task("end", {"learned": 5}, after=["train"])
    run.finish()


def reopened(path):
    return open_home(path, user="ann")
