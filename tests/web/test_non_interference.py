"""What somebody sees does not depend on what is in projects that they do not see: it is equal with and without it."""

import random

import pytest

from headwater.ledger.memory import MemoryLedger
from headwater.model.errors import NotFound
from headwater.model.overviews import ArtifactQuery
from headwater.model.rows import FiringQuery, RunQuery
from tests.ledger.ledger_stories import commit, digest, finished, small_ref, started, succeeded
from tests.web.two_projects import access, as_seen, begin, deploy, planned, published, record

PROJECTS = ("", "fraud", "fraud2", "sales", "Sales", "fraud_research")
DEEDS = ("run", "run", "deploy", "launch", "publish", "publish everywhere", "backfill", "alert", "tag", "note")


class World:
    """A ledger, and what was done to it, counted by project."""

    def __init__(self):
        self.ledger = MemoryLedger()
        self.numbers = {}

    def next(self, *what):
        self.numbers[what] = self.numbers.get(what, 0) + 1
        return self.numbers[what]

    def do(self, deed, project, draw):
        flow = f"Flow_{project}_{draw % 2}"
        name = f"{project}.{flow}" if project else flow
        target = f"{name}@production"
        number = self.next(deed, flow)
        if deed == "run":
            _, lease = begin(self.ledger, flow, project, f"user{draw % 3}", tags=(f"{project}-tag{draw % 4}",))
            text = f"{project}-{draw % 5}"
            ended = succeeded("start/1", artifacts={"x": small_ref(text)}, summary={f"{project}_f1": draw / 100})
            self.ledger.append(lease, commit(started("start/1", 1), ended, finished(), texts=(text,)))
            lease.release()
        elif deed == "deploy":
            deploy(self.ledger, target, number)
        elif deed == "launch":
            self.ledger.launch([planned(target, str(number))])
        elif deed == "publish":
            self.ledger.publish(published("ready", f"{project}.prod", id=f"{name}-{number}"))
        elif deed == "publish everywhere":
            self.ledger.publish(published("loaded", id=f"all-{number}"))
        elif deed in ("backfill", "alert"):
            self.ledger.write_records([record(deed, f"{name}-{deed}-{number}", {"target": target})])
        else:
            self._touch(deed, flow, draw)

    def _touch(self, deed, flow, draw):
        try:
            run = self.ledger.find_run(flow, 1).run
        except NotFound:
            return
        if deed == "tag":
            self.ledger.tag_run(run, [f"{flow}-new{draw}"], [])
        else:
            self.ledger.annotate(run, f"{flow} {draw}")


def pages(ask, query):
    found, cursor = [], None
    while True:
        page = ask(query(cursor))
        found += page.rows
        cursor = page.cursor
        if cursor is None:
            return found


def followed(seen):
    """Changes as somebody gets them who asks for three at a time, and begins anew after each."""
    found, after = [], 0
    while page := seen.changes(after, limit=3):
        found += page
        after = page[-1].number
    return found


def view(ledger, who):
    """All that can be asked, without what differs from store to store: ids of runs, numbers of changes."""
    seen = as_seen(ledger, who)
    rows = pages(seen.runs, lambda cursor: RunQuery(limit=3, cursor=cursor))
    refusals = []
    for flow in ("Flow_fraud_0", "Flow_sales_1", "Flow__0", "Nothing"):
        with pytest.raises(NotFound) as caught:
            seen.find_run(flow, 999)
        refusals.append((str(caught.value), caught.value.choices))
    return {
        "runs": [(row.path, row.user, row.tags, row.note, row.project) for row in rows],
        "sorted": [row.path for row in seen.runs(RunQuery(sort="user")).rows],
        "searched": [row.path for row in seen.runs(RunQuery(search="tag1")).rows],
        "count": seen.count_runs(RunQuery()),
        "flows": seen.flows(),
        "flow rows": [(row.flow, row.runs, row.projects) for row in seen.flow_rows()],
        "tags": sorted(seen.tag_names(RunQuery())),
        "users": sorted(seen.user_names(RunQuery())),
        "metrics": sorted(seen.metric_names(RunQuery())),
        "records": {
            kind: [(each.key, each.version) for each in seen.records(kind, limit=2)]
            + [each.key for each in seen.records(kind)]
            for kind in ("alias", "deployment", "backfill", "alert", "account", "anything")
        },
        "firings": [each.key for each in pages(seen.firings, lambda cursor: FiringQuery(limit=2, cursor=cursor))],
        "published": [(each.name, each.scope, each.payload.keys()) for each in seen.published()],
        "published two": [each.name for each in seen.published(limit=2)],
        "artifacts": [
            each.path for each in pages(seen.artifacts_named, lambda cursor: ArtifactQuery(limit=2, cursor=cursor))
        ],
        "used": [len(seen.users_of(digest(f"{project}-1"))) for project in PROJECTS],
        "small": sorted(seen.small([digest(f"{project}-{draw}") for project in PROJECTS for draw in range(5)])),
        "changes": [
            (each.kind, each.flow, each.label, each.record_key, each.name, each.target) for each in followed(seen)
        ],
        "refusals": refusals,
    }


@pytest.mark.parametrize("seed", range(25))
def test_what_is_seen_is_the_same_with_and_without_what_is_hidden(seed):
    rng = random.Random(seed)
    visible = rng.sample(PROJECTS, rng.randint(1, 3))
    who = access(
        "bob", **{project or "none": rng.choice(["viewer", "runner", "deployer", "admin"]) for project in visible}
    )
    whole, part = World(), World()
    for _ in range(60):
        deed, project, draw = rng.choice(DEEDS), rng.choice(PROJECTS), rng.randrange(100)
        whole.do(deed, project, draw)
        if project in visible or deed == "publish everywhere":
            part.do(deed, project, draw)

    assert view(whole.ledger, who) == view(part.ledger, who)
    whole.ledger.close()
    part.ledger.close()
