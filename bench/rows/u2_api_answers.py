"""U2: what the API answers about 2,000 runs with 100,000 tasks, to somebody who sees part of them."""

import asyncio
import gc
import time
from urllib.parse import urlencode

from bench.big_store import make_store
from bench.rows.u1_store_questions import p95
from bench.sample import Budget, Row, Sample
from bench.session import Session, fresh_folder
from headwater.home import Home, open_home
from headwater.model.rows import RunQuery
from headwater.web.access import Access
from headwater.web.app import WebApp
from headwater.web.guard import Guard
from headwater.web.pulse import Pulse
from headwater.web.tables import all_routes

_ROUNDS = 20
_HOST = "127.0.0.1:8501"
#: Sees flows without a project, and one project of three.
_CALLER = Access("bench", {"": "admin", "fraud": "viewer"}, "token")


def measure(session: Session) -> Row:
    """Each address many times over, through the guard, the roles and the writing of JSON; without a network."""
    runs, tasks = (200, 5_000) if session.is_quick else (2_000, 100_000)
    with fresh_folder() as folder:
        made = make_store(str(folder), runs=runs, tasks=tasks, until=1_764_000_000.0)
        home, watched = open_home(str(folder), user="bench"), open_home(str(folder), user="bench")
        app = _app(home, watched)
        gc.collect()
        gc.freeze()
        samples = {address: asked(app, address, session.rounds(_ROUNDS)) for address in addresses(home)}
        gc.unfreeze()
        watched.close()
        home.close()
    slowest = max(samples, key=lambda name: p95(samples[name]))
    worst = Sample(samples[slowest].values, note=f"the slowest: {slowest}")
    budget = Budget("any list, filter or part of a timeline at the API, p95 <= 100 ms", p95(worst), 0.1, "s")
    work = f"{len(samples)} addresses of the API over {runs:,} runs with {made:,} tasks"
    return Row("U2", work, {"headwater": worst, **samples}, budgets=(budget,))


def addresses(home: Home) -> list[str]:
    """Give what the screens ask."""
    rows = home.ledger.runs(RunQuery(flow="Scoring", limit=500)).rows
    widest = max(rows, key=lambda row: sum(row.task_counts.values()))
    run = f"/runs/{widest.path}"
    middle = sum(widest.task_counts.values()) // 2
    filters: list[dict[str, object]] = [
        {},
        {"limit": 500},
        {"flow": "Churn", "status": ["failed", "interrupted"]},
        {"search": "nowhere"},
        {"metric": "f1>0.9"},
        {"parameter": "alpha=0.9"},
        {"sort": "-duration"},
        {"sort": "status"},
        {"sort": "-metric", "sort_metric": "f1"},
        {"sort": "parameter", "sort_parameter": "alpha"},
    ]
    return [
        *(f"/runs?{urlencode(each, doseq=True)}" for each in filters),
        "/runs/grid",
        "/runs/filters",
        "/flows",
        "/artifacts",
        "/artifacts?name=model",
        "/artifacts?search=float",
        "/artifacts?sort=name",
        "/artifacts?sort=-size",
        "/artifacts?sort=-size&search=float",
        "/artifacts?sort=type",
        "/flows?sort=-last",
        "/events",
        "/events?sort=name",
        "/events?search=nowhere",
        "/firings?sort=slot",
        "/audit?sort=at",
        run,
        f"{run}/graph",
        f"{run}/timeline",
        f"{run}/timeline?cursor={middle}",
        f"{run}/tasks",
        f"{run}/tasks?sort=-duration",
        f"{run}/tasks?sort=error",
        f"{run}/tasks?sort=-cpu",
        f"{run}/blame",
        f"{run}/critical-path",
        f"{run}/resources",
        f"{run}/tasks?search=score%2F99",
        f"{run}/tasks?status=failed",
    ]


def asked(app: WebApp, address: str, rounds: int) -> Sample:
    """Ask so often; the loop that answers is there already, as it is in the server."""
    return asyncio.run(_asked(app, address, rounds))


async def _asked(app: WebApp, address: str, rounds: int) -> Sample:
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        status = await _answer(app, address)
        seconds.append(time.perf_counter() - began)
        assert status == 200, address
    return Sample(tuple(seconds))


async def _answer(app: WebApp, address: str) -> int:
    path, _, query = address.partition("?")
    headers = [(b"host", _HOST.encode()), (b"authorization", b"Bearer bench")]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"/api/v1{path}",
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8501),
    }
    statuses: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(int(str(message["status"])))

    await app(scope, receive, send)  # type: ignore[arg-type]
    return statuses[0]


def _app(home: Home, watched: Home) -> WebApp:
    guard = Guard("127.0.0.1", 8501, find_session=_find, find_token=_find)
    return WebApp(home, guard, Pulse(watched.ledger), all_routes())


def _find(digest: str) -> Access | None:
    """Everybody is the one caller."""
    return _CALLER
