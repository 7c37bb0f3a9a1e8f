import pytest

from headwater.model.events import Decide, GateReached, TaskStarted, TaskSucceeded
from headwater.model.outcome import Transition, Usage
from headwater.model.ports import Commit
from tests.client.history import FOREACH
from tests.web.api.production_scene import DAILY

GATED = """
from headwater import *

@project(name="fraud")
class Release(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @approval(role="{role}")
    @step
    def end(self):
        pass
"""


@pytest.fixture
def gated(scene):
    """Gives what starts a run that waits at its step `end` for somebody with a role."""

    def start(role="deployer", expires_at=None):
        scene.desk.write(GATED.format(role=role))
        scene.desk.production()
        run = scene.site.post("/deployments/fraud.Release@production/runs", {}).value
        at = scene.desk.tick()
        lease, _ = scene.ledger.take(run["run"], at)
        events = [
            TaskStarted(at, "start", "start", 1, 0),
            TaskSucceeded(at, "start", 0, transition=Transition(("end",)), usage=Usage(at, at)),
            GateReached(at, "end", "end", role, expires_at),
        ]
        scene.ledger.append(lease, Commit(events=events))
        lease.release()
        return run["path"]

    return start


def verdicts(scene, path):
    row = scene.ledger.find_run(*path.split("/")[:1], int(path.split("/")[1]))
    return [(request.step, request.verdict, request.user) for _, request in scene.ledger.requests(row.run)]


def test_runs_that_wait_at_a_gate_are_listed_with_who_may_decide(scene, gated):
    path = gated(expires_at=99e9)

    (row,) = scene.site.get("/approvals", who="bea").value["rows"]
    (for_viewer,) = scene.site.get("/approvals", who="cem").value["rows"]

    assert (row["kind"], row["run"], row["step"], row["role"], row["expires_at"]) == (
        "step",
        path,
        "end",
        "deployer",
        99e9,
    )
    assert (row["may_decide"], for_viewer["may_decide"]) == (True, False)
    assert scene.site.get("/approvals", who="dan").value["rows"] == []


def test_a_decision_takes_the_role_of_the_gate_and_is_kept_with_the_name(scene, gated):
    path = gated()

    refused = {
        who: scene.site.post(f"/runs/{path}/gates/end/approve", {}, who=who).status for who in ("run", "cem", "dan")
    }
    done = scene.site.post(f"/runs/{path}/gates/end/approve", {"reason": "ok"}, who="bea")

    assert refused == {"run": 403, "cem": 403, "dan": 404}
    assert done.value == {"run": path, "step": "end", "tasks": 1, "verdict": "approved", "is_driven": False}
    assert verdicts(scene, path) == [("end", "approved", "bea")]


def test_a_gate_for_runners_is_decided_by_runners_and_one_for_admins_is_not(scene, gated):
    for_runners, for_admins = gated("runner"), gated("admin")

    assert scene.site.post(f"/runs/{for_runners}/gates/end/reject", {}, who="run").status == 200
    assert scene.site.post(f"/runs/{for_admins}/gates/end/reject", {}, who="bea").status == 403
    assert verdicts(scene, for_runners) == [("end", "rejected", "run")]
    assert verdicts(scene, for_admins) == []


def test_what_does_not_wait_cannot_be_decided(scene, gated):
    path, late = gated(), gated(expires_at=1.0)

    statuses = [
        scene.site.post(f"/runs/{where}/approve", {}).status
        for where in (f"{path}/gates/start", f"{path}/gates/nothing", f"{late}/gates/end", "Release/99/gates/end")
    ]

    assert statuses == [422, 404, 422, 404]
    assert verdicts(scene, path) + verdicts(scene, late) == []


def test_moves_and_steps_wait_in_one_list_the_longest_first(scene, gated):
    scene.deploy(decorators=f'{DAILY}\n@approval(role="deployer")')
    gated()

    rows = scene.site.get("/approvals").value
    first = scene.site.get("/approvals", limit=1).value
    second = scene.site.get("/approvals", limit=1, cursor=first["cursor"]).value

    assert [row["kind"] for row in rows["rows"]] == ["move", "step"]
    assert [*first["rows"], *second["rows"]] == rows["rows"]
    assert (second["cursor"], rows["cursor"], rows["is_cut"]) == (None, None, False)


def test_what_has_its_answer_is_not_asked_about_any_more(scene, gated):
    path = gated()
    run = scene.ledger.find_run("Release", int(path.split("/")[1])).run

    def listed():
        return len(scene.site.get("/approvals", who="bea").value["rows"])

    before = listed()
    # An answer to an earlier pass of a loop is none to this one.
    scene.ledger.request(run, Decide(1.0, "bea", "end", "approved"))
    asked_anew = listed()
    scene.site.post(f"/runs/{path}/gates/end/approve", {"reason": ""}, who="bea")

    assert (before, asked_anew, listed()) == (1, 1, 0)


def test_events_that_contradict_each_other_are_no_failure_of_the_server(site, history):
    """A foreach that says how many children it has is none without it; such events may come from another machine."""
    fan = history.run("Fan", FOREACH)
    fan.task("start")

    given = site.post("/runs/Fan/1/gates/score/reject", {})

    assert (given.status, "contradict each other" in given.value["detail"]) == (422, True)
