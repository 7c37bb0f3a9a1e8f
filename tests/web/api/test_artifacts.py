import msgspec
import pytest

from headwater.model.artifact import Header, Ref
from headwater.model.errors import ArtifactDamaged
from headwater.model.events import TaskSucceeded
from headwater.model.outcome import Transition
from headwater.model.ports import Commit
from headwater.model.production import Project
from headwater.store.framing import frame, root_digest
from headwater.store.payload import join_payload
from tests.client.history import RunHistory, write_log

PAGE = "<!doctype html><title>Report</title><script>draw()</script>"
#: Too large to be a row of the ledger, so that it is the same value in all runs.
BIG = [index * 0.5 for index in range(3000)]


@pytest.fixture
def run(history):
    run = history.run(parameters={"alpha": 0.5})
    run.task("start", {"rows": BIG, "report": PAGE})
    digest = _digest(history, run, "start", "rows")
    alpha = history.home.ledger.run(run.started.run).parameters["alpha"].digest
    run.task("train", {"model": "m", "score": 0.7}, after=["start"], reads={"rows": digest, "alpha": alpha})
    run.task("end", after=["train"], reads={"model": _digest(history, run, "train", "model")})
    run.finish()
    return run


def _digest(history, run, key, name):
    return history.home.ledger.artifacts(run.started.run, [key], name)[0].ref.digest


def test_artifacts_of_all_runs_are_listed(site, run, history):
    other = history.run("Fraud")
    other.task("start", {"model": 5})

    def paths(**query):
        return [row["path"] for row in site.get("/artifacts", **query).value["rows"]]

    assert paths() == [
        "Fraud/1/start/1/model",
        "Churn/1/train/2/model",
        "Churn/1/train/2/score",
        "Churn/1/start/1/report",
        "Churn/1/start/1/rows",
    ]
    assert paths(name="model") == ["Fraud/1/start/1/model", "Churn/1/train/2/model"]
    assert paths(flow="Churn", type="float") == ["Churn/1/train/2/score"]
    assert paths(run="Fraud/1") == ["Fraud/1/start/1/model"]
    assert paths(search="ROW") == ["Churn/1/start/1/rows"]
    assert site.get("/artifacts", run="Fraud").status == 404
    page = site.get("/artifacts", limit=2).value
    assert site.get("/artifacts", limit=2, cursor=page["cursor"]).value["rows"][0]["name"] == "score"


def test_a_value_tells_who_made_it_and_who_used_it(site, run, history):
    found = site.get(f"/artifacts/{_digest(history, run, 'start', 'rows')}").value

    assert [use["task"] for use in found["made_by"]] == ["Churn/1/start/1"]
    assert [use["task"] for use in found["used_by"]] == ["Churn/1/train/2"]
    assert (found["type"], found["header"]["kind"], found["services"]) == ("list", "json", [])


def test_a_value_of_others_is_not_told_from_one_that_never_was(site, run, history):
    site.people["eve"] = {"fraud": "viewer"}
    digest = _digest(history, run, "start", "rows")

    theirs = site.get(f"/artifacts/{digest}", who="eve")
    nobodys = site.get(f"/artifacts/{'0' * 64}", who="eve")

    assert theirs.status == nobodys.status == 404
    assert theirs.body.replace(digest.encode(), b"0" * 64) == nobodys.body
    assert site.get("/artifacts", who="eve").value["rows"] == []
    for text in ("abc", "Z" * 64, "0" * 63, "..%2f" * 13):
        assert site.get(f"/artifacts/{text}").status == 404


def test_the_lineage_of_a_value_goes_both_ways(site, run):
    found = site.get("/runs/Churn/1/tasks/train/2/artifacts/model/lineage").value

    assert found["root"] == "Churn/1/train/2/model"
    assert {node["path"]: node["distance"] for node in found["nodes"]} == {
        "Churn/1/train/2/model": 0,
        "Churn/1/train/2": -1,
        "Churn/1/start/1/rows": -2,
        "Churn/1/_parameters/alpha": -2,
        "Churn/1/start/1": -3,
        "Churn/1/end/3": 1,
    }
    ties = {(tie["source"], tie["target"]) for tie in found["ties"]}
    assert ("Churn/1/start/1/rows", "Churn/1/train/2") in ties
    assert ("Churn/1/train/2", "Churn/1/train/2/model") in ties
    assert ("Churn/1/train/2/model", "Churn/1/end/3") in ties


def test_the_lineage_is_bounded_by_what_is_asked(site, run):
    found = site.get("/runs/Churn/1/tasks/train/2/artifacts/model/lineage", up=1, down=0).value

    assert {node["distance"] for node in found["nodes"]} == {0, -1, -2}
    assert site.get("/runs/Churn/1/tasks/train/2/artifacts/model/lineage", up=11).status == 400


def test_a_report_is_shown_in_a_sandbox(site, run):
    found = site.get("/runs/Churn/1/tasks/start/1/reports/report")

    assert found.body == PAGE.encode()
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    policy = found.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none';")
    assert "allow-same-origin" not in policy
    assert "frame-ancestors 'self'" in policy
    assert found.headers["x-content-type-options"] == "nosniff"


def test_only_pages_of_html_are_reports(site, run):
    assert site.get("/runs/Churn/1/tasks/train/2/reports/model").status == 422
    assert site.get("/runs/Churn/1/tasks/train/2/reports/nothing").status == 404
    assert site.get("/runs/Churn/1/tasks/train/2/reports/report", who=None).status == 401


@pytest.fixture
def bomb(tmp_path):
    """What claims to be a text and holds a pickle that leaves a trace; gives it with its object and the trace."""
    canary = tmp_path / "canary"
    pickled = f"cposix\nsystem\n(S'touch {canary}'\ntR.".encode()
    payload = join_payload(pickled, [])
    stored = b"".join(bytes(part) for part in frame("pickle/1", payload))
    return Ref(root_digest("pickle/1", payload), "json/1", "str", len(pickled), is_small=True), stored, canary


def test_what_claims_to_be_plain_and_holds_a_pickle_is_not_opened(site, history, bomb):
    ref, stored, canary = bomb
    header = Header(kind="html", preview={"size": 1, "title": ""})
    run = history.run()
    run.begin("start")
    done = TaskSucceeded(history.tick(), "start", 0, {"report": ref}, Transition(("train",)))
    run.append(done, small={ref.digest: stored}, headers={ref.digest: header})

    shown = site.get("/runs/Churn/1/tasks/start/1/reports/report")

    assert (shown.status, shown.value["error"]) == (422, ArtifactDamaged.__name__)
    assert site.get("/runs/Churn/1/tasks/start/1").status == 200
    assert site.get(f"/artifacts/{ref.digest}").status == 200
    assert not canary.exists()


def test_a_parameter_that_claims_to_be_plain_and_holds_a_pickle_is_not_opened(site, history, bomb, monkeypatch):
    ref, stored, canary = bomb
    monkeypatch.setattr(history, "save", lambda values: ({"alpha": ref}, {ref.digest: stored}, {}))
    run = history.run(parameters={"alpha": "whatever"})
    monkeypatch.undo()
    run.task("start", reads={"alpha": ref.digest})
    history.run().finish()

    assert site.get("/runs/Churn/1").value["values"][0]["value"] == f"<damaged object {ref.digest}>"
    paths = ("/runs", "/flows", "/runs/Churn/1/tasks/start/1", "/runs/Churn/1/tasks/start/1/artifacts/alpha")
    for path in (*paths, "/runs/Churn/1/tasks/start/1/artifacts/alpha/lineage", f"/artifacts/{ref.digest}"):
        assert site.get(path).status == 200, path
    assert site.get("/compare", run=["Churn/1", "Churn/2"]).status == 200
    assert not canary.exists()


def test_whoever_sees_one_project_learns_nothing_of_a_value_in_another(site, history, run):
    started = msgspec.structs.replace(
        run.started, run="0" * 26, label=0, flow="Fraud", project=Project("fraud", "prod")
    )
    lease, stored = history.home.ledger.start_run(Commit([started]))
    other = RunHistory(history, lease, stored)
    other.task("start", {"rows": BIG})
    other.task("train", after=["start"], reads={"rows": _digest(history, other, "start", "rows")})
    other.finish()
    site.people |= {"vic": {"": "viewer"}, "fay": {"fraud": "viewer"}}
    digest = _digest(history, run, "start", "rows")

    def told(who):
        value = site.get(f"/artifacts/{digest}", who=who).value
        return {use["run"] for use in (*value["made_by"], *value["used_by"])}

    def lineage(who, path):
        found = site.get(f"/runs/{path}/tasks/start/1/artifacts/rows/lineage", who=who).value
        return {node["path"].split("/")[0] for node in found["nodes"]}

    assert told("ann") == {"Churn/1", "Fraud/1"}
    assert told("vic") == {"Churn/1"}
    assert told("fay") == {"Fraud/1"}
    assert lineage("ann", "Churn/1") == {"Churn", "Fraud"}
    assert lineage("vic", "Churn/1") == {"Churn"}
    assert lineage("fay", "Fraud/1") == {"Fraud"}
    assert site.get("/compare", run=["Churn/1", "Fraud/1"], who="vic").status == 404
    assert site.get("/runs/Churn/1/code", against="Fraud/1", who="vic").status == 404
    assert [row["flow"] for row in site.get("/flows", who="fay").value["rows"]] == ["Fraud"]
    assert site.get("/runs/filters", who="fay").value["flows"] == ["Fraud"]
    assert site.get("/runs/grid", who="vic").value["rows"][0]["flow"] == "Churn"
    assert len(site.get("/runs/grid", who="vic").value["rows"]) == 1


def test_a_reused_task_of_a_project_that_one_does_not_see_stays_closed(site, history, home):
    first = history.run()
    first.task("start", {"rows": [1]})
    write_log(home, first, "start", ["o secret"])
    first.finish("failed")
    started = msgspec.structs.replace(first.started, run="0" * 26, label=0, project=Project("fraud", "prod"))
    lease, stored = history.home.ledger.start_run(Commit([started]))
    again = RunHistory(history, lease, stored)
    again.reuse("start", first)
    site.people["fay"] = {"fraud": "viewer"}

    own = site.get("/runs/Churn/2/tasks/start/1/logs").value
    theirs = site.get("/runs/Churn/2/tasks/start/1/logs", who="fay").value

    assert ([row["text"] for row in own["rows"]], theirs["rows"]) == (["secret"], [])
    assert "ran_as" not in site.get("/runs/Churn/2/tasks/start/1", who="fay").value
