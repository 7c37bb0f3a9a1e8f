"""What Ann has on the server: runs, a deployment with its token, events, objects; and what all of it looks like."""

import os

import msgspec

from headwater.model.artifact import Header, Ref
from headwater.model.graph import Graph, Step
from headwater.model.order import CodeSource
from headwater.model.ports import Commit
from headwater.model.production import Project
from headwater.model.rows import FiringQuery, RunQuery, TaskQuery
from headwater.store.framing import frame, root_digest
from headwater.store.trees import save_tree
from tests.ledger.ledger_stories import finished, run_started, started, succeeded
from tests.web.two_projects import TOKEN, deploy, planned, published, record

KINDS = ("deployment", "alias", "service", "version", "rollout", "backfill", "alert", "account", "access_token")
STEPS = {
    "start": Step("start", "linear", "churn.py", 3, ("end",)),
    "end": Step("end", "end", "churn.py", 7),
}
GRAPH = Graph("Churn", "churn.py", "churn", "start", "end", STEPS)
SECRET = b"Ann's customers"


def plain(noun):
    """Give a noun as what JSON makes of it."""
    return msgspec.json.decode(msgspec.json.encode(noun))


def small_object(text):
    """A small artifact as a task saves it: (digest, its payload)."""
    payload = [b"\0" + text.encode()]
    return root_digest("json/1", payload), b"".join(bytes(part) for part in frame("json/1", payload))


class World:
    """Ann's things; `fraud` is the project that they are in."""

    token = TOKEN
    target = "fraud.Churn@production"

    def __init__(self, home, folder):
        ledger = self.ledger = home.ledger
        self.home = home
        self.objects = home.objects
        self.secret = home.objects.put_raw([SECRET])
        self.small, payload = small_object('"secret"')
        folder.mkdir()
        (folder / "churn.py").write_text("password = 'hidden'\n")
        self.tree = save_tree(home.objects, str(folder)).digest
        self.file = save_tree(home.objects, str(folder)).files["churn.py"]
        self.project = Project("fraud", "prod", is_production=True)
        refs = {
            "model": Ref(self.secret, "bytes/1", "bytes", len(SECRET)),
            "note": Ref(self.small, "json/1", "str", 8, is_small=True),
        }
        code = CodeSource("/project", "churn.py", "churn", "Churn", tree=self.tree)
        lease, self.done = ledger.start_run(Commit(events=[self.start(code=code, tags=("gold",))]))
        commit = Commit(
            events=[started("start", 1), succeeded("start", "end", artifacts=refs), finished()],
            small={self.small: payload},
            headers={self.small: Header(preview="secret")},
        )
        ledger.append(lease, commit)
        lease, self.interrupted = ledger.start_run(Commit(events=[self.start(code=code), started("start", 1)]))
        lease.release()
        self.lease, self.running = ledger.start_run(Commit(events=[self.start(code=code), started("start", 1)]))
        deploy(ledger)
        ledger.launch([planned()])
        self.launched = ledger.runs(RunQuery(flow="Churn", status="queued")).rows[0]
        self.event = ledger.publish(published("ready", "fraud.prod", id="ready-1"))
        backfill = {"id": "fraud.Churn-b1", "target": self.target, "user": "ann"}
        ledger.write_records([record("backfill", backfill["id"], backfill)])
        run_folder = home.run_folder(self.done.run)
        os.makedirs(run_folder)
        with open(os.path.join(run_folder, "1.0.log"), "w", encoding="utf-8") as file:
            file.write("1.000000 o hidden words\n")
        self.runs = [self.done.run, self.interrupted.run, self.running.run, self.launched.run]

    def start(self, **facts):
        return run_started(
            "Churn", **({"user": "ann", "graph": GRAPH, "project": self.project, "system_tags": ("user:ann",)} | facts)
        )

    def picture(self):
        """Everything of Ann's, as it is now."""
        ledger = self.ledger
        pictured = {
            run: [
                plain(ledger.run(run)),
                [plain(event) for _, event in ledger.events(run)],
                [plain(request) for _, request in ledger.requests(run)],
                plain(ledger.tasks(TaskQuery(run)).rows),
                plain(ledger.visible(run, "start")),
            ]
            for run in self.runs
        }
        pictured["mine"] = [row.path for row in ledger.runs(RunQuery(tags=("user:ann",))).rows]
        pictured["records"] = [
            plain(version)
            for kind in KINDS
            for latest in ledger.records(kind)
            if "fraud" in latest.key or latest.key == "ann"
            for version in ledger.record_history(kind, latest.key)
        ]
        pictured["firings"] = plain(ledger.firings(FiringQuery(target=self.target)).rows)
        pictured["events"] = [plain(event) for event in ledger.published() if event.scope == "fraud.prod" or event.run]
        pictured["small"] = ledger.small([self.small])
        pictured["cursors"] = [ledger.cursor(name) for name in ("triggers", "alerts")]
        self.objects.verify(self.secret, is_root=False)
        self.objects.verify(self.tree, is_root=True)
        self.objects.verify(self.file, is_root=False)
        with open(os.path.join(self.home.run_folder(self.done.run), "1.0.log"), encoding="utf-8") as file:
            pictured["log"] = file.read()
        return pictured
