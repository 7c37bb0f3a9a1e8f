"""Logged predictions of a service, as they were logged: masked, sampled, cut."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Any, Literal

import msgspec

from headwater.hosting.labels import read_labels
from headwater.hosting.predictions import find_prediction, read_predictions
from headwater.model.errors import NotInstalled
from headwater.web.asked import Asked
from headwater.web.problems import Refused
from headwater.web.routes import Route
from headwater.web.run_paths import Text, Time
from headwater.web.targets import Number, PredictionPath, ServicePath, find_service, project_of_service

_DAY = 86400.0
#: Entries that are looked through for one page.
_MOST_ROWS = 20_000
#: Rows of a table that are looked at together.
_SLICE = 500
#: Characters of a request and of an answer that a list shows.
_SHOWN = 2000


class PredictionsQuery(msgspec.Struct, frozen=True):
    """Which predictions; newest first."""

    #: None = a day before `until`.
    since: Time | None = None
    #: Answered before this; None = now.
    until: Time | None = None
    version: Number | None = None
    endpoint: Text | None = None
    #: Only those that were refused or failed.
    failed: bool = False
    origin: Literal["live", "shadow", "batch"] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    #: Of the page before.
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class PredictionRow(msgspec.Struct, frozen=True):
    """A logged answer."""

    id: str
    at: float
    version: int
    endpoint: str
    #: `live`; `shadow`: nobody heard it; `batch`.
    origin: str
    #: HTTP status.
    status: int
    seconds: float
    #: Share of all requests that is logged.
    share: float
    #: JSON, personal fields masked; cut when it is long.
    request: str
    #: JSON; what went wrong when the status says so.
    answer: str
    #: JSON: what turned out to be true; None = nobody has said so.
    label: msgspec.Raw | None


class PredictionsPage(msgspec.Struct, frozen=True):
    """A part of the list of predictions; it may have fewer rows than asked for, and go on all the same."""

    rows: tuple[PredictionRow, ...]
    cursor: str | None = None
    #: Files of the log that could not be read.
    damaged: int = 0


def list_predictions(asked: Asked, at: ServicePath, query: PredictionsQuery) -> PredictionsPage:
    """List logged predictions, newest first; what is logged comes here a few seconds later."""
    service = find_service(asked, at.service).name
    until = asked.now if query.until is None else query.until
    before = _read_cursor(query.cursor)
    if before is not None:
        until = min(until, before[0] + 0.001)
    since = until - _DAY if query.since is None else query.since
    damaged: list[str] = []
    seen = _Counted(_newest_first(asked, service, since, until, query.version, damaged))
    try:
        wanted = (row for row in seen if _is_asked_for(row, query) and (before is None or _place(row) < before))
        found = list(islice(wanted, query.limit + 1))
    except NotInstalled as error:
        raise Refused(503, error.message, hint=error.hint) from error
    page = found[: query.limit]
    labels = _labels(asked, service, page)
    last = page[-1] if len(found) > query.limit else seen.last if seen.count == _MOST_ROWS else None
    rows = tuple(_row(row, labels, _SHOWN) for row in page)
    return PredictionsPage(rows, None if last is None else _cursor(last), len(damaged))


def show_prediction(asked: Asked, at: PredictionPath) -> PredictionRow:
    """Show a logged prediction, whole."""
    service = find_service(asked, at.service).name
    try:
        found = find_prediction(asked.home.path, [service], at.prediction)
    except NotInstalled as error:
        raise Refused(503, error.message, hint=error.hint) from error
    row = msgspec.structs.asdict(found)
    return _row(row, _labels(asked, service, [row]), None)


class _Counted:
    """Gives a bounded part of the rows, and knows how many those were and which was the last."""

    def __init__(self, rows: Iterator[dict[str, Any]]) -> None:
        self._rows = rows
        self.count = 0
        self.last: dict[str, Any] | None = None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in islice(self._rows, _MOST_ROWS):
            self.count += 1
            self.last = row
            yield row


def _newest_first(
    asked: Asked, service: str, since: float, until: float, version: int | None, damaged: list[str]
) -> Iterator[dict[str, Any]]:
    tables = read_predictions(
        asked.home.path, service, since=since, until=until, version=version, newest_first=True, damaged=damaged
    )
    for table in tables:
        for end in range(table.num_rows, 0, -_SLICE):
            begin = max(0, end - _SLICE)
            yield from reversed(table.slice(begin, end - begin).to_pylist())


def _labels(asked: Asked, service: str, rows: Sequence[dict[str, Any]]) -> dict[str, msgspec.Raw]:
    """Give the labels of some predictions; they are kept by the day in an id, which comes before the answer."""
    if not rows:
        return {}
    times = [row["at"] for row in rows]
    return read_labels(asked.home.path, service, min(times) - _DAY, max(times))


def _is_asked_for(row: dict[str, Any], query: PredictionsQuery) -> bool:
    return (
        query.endpoint in (None, row["endpoint"])
        and query.origin in (None, row["origin"])
        and (not query.failed or row["status"] >= 400)
    )


def _place(row: dict[str, Any]) -> tuple[float, str]:
    return row["at"], row["id"]


def _cursor(row: dict[str, Any]) -> str:
    return f"{row['at']!r} {row['id']}"


def _read_cursor(text: str | None) -> tuple[float, str] | None:
    if text is None:
        return None
    at, _, name = text.partition(" ")
    try:
        found = float(at)
    except ValueError:
        found = float("nan")
    if not 0 <= found < 1e12:
        raise Refused(400, "this is no cursor of a page of predictions")
    return found, name


def _row(row: dict[str, Any], labels: dict[str, msgspec.Raw], longest: int | None) -> PredictionRow:
    return PredictionRow(
        id=row["id"],
        at=row["at"],
        version=row["version"],
        endpoint=row["endpoint"],
        origin=row["origin"],
        status=row["status"],
        seconds=row["seconds"],
        share=row["share"],
        request=row["request"][:longest],
        answer=row["answer"][:longest],
        label=labels.get(row["id"]),
    )


ROUTES = (
    Route("GET", "/services/{service}/predictions", list_predictions, needs="viewer", of=project_of_service),
    Route(
        "GET",
        "/services/{service}/predictions/{prediction}",
        show_prediction,
        needs="viewer",
        of=project_of_service,
    ),
)
