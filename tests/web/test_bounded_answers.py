"""No answer grows with the store: whatever there is many of comes in parts."""

import re

import msgspec
import pytest

from headwater.home import open_home
from headwater.model.alert import Alert
from headwater.model.launch import PublishedEvent
from headwater.model.outcome import FrameRecord, TaskError
from headwater.model.ports import Commit
from headwater.production.alerts.kept import Alerts
from headwater.store.trees import save_tree
from headwater.web.routes import shape_of
from headwater.web.tables import all_routes
from tests.client.history import FOREACH, History, write_log
from tests.ledger.ledger_stories import run_started
from tests.web.api.test_metrics import log_points
from tests.web.gate_site import GateSite
from tests.web.test_every_route import name_of, path_of
from tests.web.two_projects import deploy, planned

#: How many there are of everything: more than any part has. A run has as many parameters, and a person as many roles,
#: as somebody wrote down by hand.
MANY, FEW = 600, 40
#: Entries that any list, and names that any mapping of an answer may have.
MOST = 500
#: These come in longer parts: columns of numbers, files of one project, its packages, what programs elsewhere read.
LONGER = re.compile(r"/remote/|/timeline$|/metrics$|/code$|/environment$")
MOST_BYTES = 2 << 20


class Crowd:
    """A store with many of everything, its application, and an admin's token."""

    def __init__(self, folder):
        self.home = open_home(str(folder / "home"), user="ann", make=True)
        self.site = GateSite(self.home)
        self.site.person("root", everything="admin")
        self.token = self.site.token("root")
        self.parts = {"flow": "Churn", "label": "1", "step": "start", "task": "1", "name": "value0", "number": "1"}
        self._wide_run(History(self.home), folder)
        self._many_runs()
        self._production()
        self._people()

    def _wide_run(self, history, folder):
        code = folder / "code"
        code.mkdir()
        for number in range(MANY):
            (code / f"file{number}.py").write_text(f"{number}")
        tree = save_tree(self.home.objects, str(code)).digest
        run = history.run(
            shape=FOREACH,
            parameters={f"parameter{number}": number for number in range(FEW)},
            tags=[f"tag{number}" for number in range(FEW)],
            environment={f"package{number}": "1.0" for number in range(MANY)},
            tree=tree,
        )
        run.task("start", {f"value{number}": number for number in range(MANY)})
        frames = tuple(FrameRecord("churn.py", number, "f", "x = 1") for number in range(MANY))
        run.tasks([f"score/start.{number}" for number in range(MANY)], {}, "start")
        write_log(self.home, run, "start", [f"o line {number}" for number in range(MANY)])
        log_points(self.home, run, "start", [f"metric{number}" for number in range(MANY)], _points(MANY))
        run.begin("join", [f"score/start.{number}" for number in range(MANY)])
        run.fail("join", TaskError("ValueError", "x" * 50_000, frames=frames))
        run.finish("failed", "x" * 50_000, failed_key="join")
        (row,) = self.home.ledger.artifacts(run.started.run, ["start"], "value0")
        self.parts |= {"digest": row.ref.digest, "run": run.started.run}

    def _many_runs(self):
        ledger = self.home.ledger
        for number in range(MANY):
            lease, _ = ledger.start_run(
                Commit(events=[run_started("Many" if number % 2 else f"Flow{number}", user=f"user{number}")])
            )
            lease.release()

    def _production(self):
        ledger = self.home.ledger
        self.parts["target"] = "fraud.Churn@production"
        for number in range(1, MANY):
            deploy(ledger, number=number)
        for number in range(MANY):
            deploy(ledger, f"fraud.Flow{number}@production")
        for begin in range(0, MANY, 100):
            ledger.launch([planned(key=str(number)) for number in range(begin, begin + 100)])
        for number in range(MANY):
            ledger.publish(PublishedEvent(f"{number}", f"name{number}", 1.0, {"x": number}))
        alerts = Alerts(ledger)
        for number in range(MANY):
            alerts.keep(Alert(f"failure/{number}", "failure", float(number), f"target{number}", "failed", "text"))

    def _people(self):
        roles = {f"project{number}": "viewer" for number in range(FEW)}
        for number in range(MANY):
            self.site.users.add(f"user{number}", by="root", at=1.0, roles=roles if number == 0 else {})
            self.site.token("root", f"token{number}")
        self.parts["user"] = "user0"

    def ask(self, route, **query):
        body = None if route.method == "GET" else self._body(route)
        return self.site.ask(route.method, path_of(route, **self.parts), body, token=self.token, **query)

    def _body(self, route):
        known = {"run": self.parts["run"], "key": "join", "query": {}, "what": "tags", "flow": "Churn", "label": 1}
        known |= {"keys": ["start"], "digest": self.parts["digest"], "kind": "alias", "runs": [self.parts["run"]]}
        fields = msgspec.structs.fields(shape_of(route).body)
        body = {field.name: known.get(field.name, "x") for field in fields if field.required}
        if route.path.endswith("record-history"):
            body["key"] = self.parts["target"]
        return body

    def close(self):
        self.site.close()
        self.home.close()


def _points(count):
    return [(number, 1, 0.5) for number in range(count)]


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    crowd = Crowd(tmp_path_factory.mktemp("crowd"))
    yield crowd
    crowd.close()


READING = [
    route
    for route in all_routes()
    if (route.method == "GET" or route.is_reading) and not shape_of(route).is_stream and route.method != "DELETE"
]


def longest(value, at=""):
    """Give where the longest list or mapping of an answer is, and how long it is."""
    if isinstance(value, dict):
        inside = [longest(each, f"{at}.{re.sub(r'[0-9]+$', '', name)}") for name, each in value.items()]
    elif isinstance(value, list):
        inside = [longest(each, f"{at}[]") for each in value]
    else:
        return 0, at
    return max([(len(value), at), *inside])


@pytest.mark.parametrize("limit", [None, 500])
def test_no_answer_grows_with_the_store(crowd, limit):
    found = {}
    seen = 0
    for route in READING:
        query = shape_of(route).query
        names = {field.name for field in msgspec.structs.fields(query)} if query is not None else set()
        if limit is not None and "limit" not in names:
            continue
        given = crowd.ask(route, **({} if limit is None else {"limit": limit}))
        seen += given.status == 200
        if given.status != 200 or given.header("content-type") != "application/json":
            continue
        most = 10_000 if LONGER.search(route.path) else MOST
        length, at = longest(given.value)
        if length > most or len(given.body) > MOST_BYTES:
            found[name_of(route)] = (length, at, len(given.body))

    assert found == {}
    assert seen > (20 if limit else 80), seen
