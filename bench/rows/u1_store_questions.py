"""U1: what pages ask of a store of 2,000 runs and 100,000 tasks, one run with 10,000 of them."""

import gc
import time
from collections.abc import Callable

from bench.big_store import make_store
from bench.sample import Budget, Row, Sample
from bench.session import Session, fresh_folder
from headwater.home import open_home
from headwater.model.overviews import ArtifactQuery
from headwater.model.ports import Ledger
from headwater.model.rows import MetricCondition, RunQuery, RunRow, TaskQuery

_ROUNDS = 20
#: Rows of a page.
_PAGE = 50


def measure(session: Session) -> Row:
    """Each question many times over, in a process that has the ledger open, as the server has."""
    runs, tasks = (200, 5_000) if session.is_quick else (2_000, 100_000)
    with fresh_folder() as folder:
        made = make_store(str(folder), runs=runs, tasks=tasks, until=1_764_000_000.0)
        home = open_home(str(folder), user="bench")
        # What made the store is no part of a server: the collector need not walk through it.
        gc.collect()
        gc.freeze()
        samples = {name: asked(ask, session.rounds(_ROUNDS)) for name, ask in questions(home.ledger).items()}
        gc.unfreeze()
        home.close()
    slowest = max(samples, key=lambda name: p95(samples[name]))
    worst = Sample(samples[slowest].values, note=f"the slowest: {slowest}")
    # Beside it the API makes JSON and looks at rights: the page has 100 ms for all of it.
    budget = Budget("the ledger's part of any list or filter, p95 <= 40 ms", p95(worst), 0.04, "s")
    work = f"{len(samples)} questions of pages to {runs:,} runs with {made:,} tasks"
    return Row("U1", work, {"headwater": worst, **samples}, budgets=(budget,))


def questions(ledger: Ledger) -> dict[str, Callable[[], object]]:
    """Give what each screen asks."""
    widest = max(ledger.runs(RunQuery(flow="Scoring", limit=500)).rows, key=lambda row: sum(row.task_counts.values()))
    newest = [row.run for row in ledger.runs(RunQuery(limit=_PAGE)).rows]
    return {**of_runs(ledger), **of_tasks(ledger, widest, newest), **of_artifacts(ledger, widest)}


def of_runs(ledger: Ledger) -> dict[str, Callable[[], object]]:
    """The table of runs, its filters and menus, and home."""
    asked = {
        "runs": RunQuery(),
        "runs of a flow": RunQuery(flow="Churn"),
        "runs by status": RunQuery(statuses=("failed", "interrupted", "running")),
        "runs of a project": RunQuery(projects=("fraud_research",)),
        "runs of no project": RunQuery(projects=("unknown",)),
        "runs by tag and user": RunQuery(tags=("keep",), user="ann"),
        "runs by text": RunQuery(search="ZOË"),
        "runs by a text that is nowhere": RunQuery(search="nowhere"),
        "runs by metric": RunQuery(metrics=(MetricCondition("f1", ">", 0.99),)),
        "runs by parameter": RunQuery(parameter_text={"alpha": "0.9"}),
        "runs sorted by duration": RunQuery(sort="duration"),
        "runs sorted by status": RunQuery(sort="status"),
        "runs sorted by metric": RunQuery(sort="metric", sort_metric="f1"),
        "runs sorted by parameter": RunQuery(sort="parameter", sort_parameter="alpha"),
    }
    return {
        **{name: lambda query=query: ledger.runs(query) for name, query in asked.items()},
        "count of runs": lambda: ledger.count_runs(RunQuery(search="a")),
        "flows": lambda: ledger.flow_rows(),
        "flows of a project": lambda: ledger.flow_rows(("fraud",)),
        "names of metrics": lambda: ledger.metric_names(RunQuery()),
        "names of tags": lambda: ledger.tag_names(RunQuery()),
        "names of users": lambda: ledger.user_names(RunQuery()),
        "1,000 changes": lambda: ledger.changes(0),
        "no change": lambda: ledger.changes(ledger.last_change()),
    }


def of_tasks(ledger: Ledger, widest: RunRow, newest: list[str]) -> dict[str, Callable[[], object]]:
    """The page of the widest run, and the grid of runs and steps."""
    asked = {
        "tasks": TaskQuery(widest.run, limit=_PAGE),
        "tasks by status": TaskQuery(widest.run, statuses=("failed", "retrying"), limit=_PAGE),
        "tasks by text": TaskQuery(widest.run, search="score/99", limit=_PAGE),
        "tasks sorted by duration": TaskQuery(widest.run, sort="duration", is_ascending=False, limit=_PAGE),
        "tasks sorted by memory": TaskQuery(widest.run, sort="peak_memory", is_ascending=False, limit=_PAGE),
        "tasks sorted by error": TaskQuery(widest.run, sort="error", limit=_PAGE),
        "tasks sorted by waiting": TaskQuery(widest.run, sort="waited", is_ascending=False, limit=_PAGE),
    }
    return {
        **{name: lambda query=query: ledger.tasks(query) for name, query in asked.items()},
        "sums of its steps": lambda: ledger.step_counts(widest.run),
        "spans of all its tasks": lambda: ledger.task_spans(widest.run),
        "spans of 1,000 tasks": lambda: ledger.task_spans(widest.run, after_label=100, limit=1_000),
        "grid of 50 runs": lambda: ledger.step_statuses(newest),
        "grid with the widest": lambda: ledger.step_statuses([*newest, widest.run]),
    }


def of_artifacts(ledger: Ledger, widest: RunRow) -> dict[str, Callable[[], object]]:
    """The list of artifacts, and who used one."""
    number = ledger.artifacts_named(ArtifactQuery(name="mean", limit=1)).rows[0].ref.digest
    asked = {
        "artifacts": ArtifactQuery(limit=_PAGE),
        "artifacts by name": ArtifactQuery(name="model", limit=_PAGE),
        "artifacts by type": ArtifactQuery(type="pandas.DataFrame", limit=_PAGE),
        "artifacts by text": ArtifactQuery(search="float", limit=_PAGE),
        "artifacts of a flow by name": ArtifactQuery(flow="Tuning", name="loss", limit=_PAGE),
        "artifacts of a project": ArtifactQuery(projects=("fraud_research",), search="float", limit=_PAGE),
        "artifacts sorted by name": ArtifactQuery(sort="name", is_ascending=True, limit=_PAGE),
        "artifacts sorted by type": ArtifactQuery(sort="type", limit=_PAGE),
        "artifacts sorted by size": ArtifactQuery(sort="size", limit=_PAGE),
        "artifacts of a project sorted by size": ArtifactQuery(sort="size", projects=("fraud_research",), limit=_PAGE),
        "artifacts by text sorted by size": ArtifactQuery(sort="size", search="float", limit=_PAGE),
        "artifacts of the widest run by text": ArtifactQuery(run=widest.run, search="drawn", limit=_PAGE),
    }
    return {
        **{name: lambda query=query: ledger.artifacts_named(query) for name, query in asked.items()},
        "users of a value": lambda: ledger.users_of(number),
    }


def asked(ask: Callable[[], object], rounds: int) -> Sample:
    """Ask so often."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - began)
    return Sample(tuple(seconds))


def p95(sample: Sample) -> float:
    """Give the time that 95 of 100 stay below."""
    return sorted(sample.values)[int(len(sample.values) * 0.95) - 1]
