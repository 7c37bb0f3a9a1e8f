"""Logged predictions of a service, as they were logged: masked, sampled, cut."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from headwater.hosting.labels import read_labels
from headwater.hosting.predictions import find_prediction
from headwater.model.errors import CursorRefused, NotInstalled
from headwater.web.asked import Asked
from headwater.web.problems import Refused
from headwater.web.reading.prediction_pages import Wanted, read_page
from headwater.web.routes import Route
from headwater.web.run_paths import Text, Time
from headwater.web.sorting import SortedQuery, cursor_behind, direction, read_cursor
from headwater.web.targets import Number, PredictionPath, ServicePath, find_service, project_of_service

_DAY = 86400.0
#: No time is later: the year 9999.
_LATEST = 253402300800
#: Characters of a request and of an answer that a list shows.
_SHOWN = 2000


class PredictionsQuery(SortedQuery, frozen=True):
    """Which predictions; newest first, unless it says otherwise. By other columns the newest 20,000 are sorted."""

    #: None = a day before `until`.
    since: Time | None = None
    #: Answered before this; None = now.
    until: Time | None = None
    version: Number | None = None
    endpoint: Text | None = None
    #: Only those that were refused or failed.
    failed: bool = False
    origin: Literal["live", "shadow", "batch"] | None = None
    sort: Literal[
        "at",
        "-at",
        "seconds",
        "-seconds",
        "status",
        "-status",
        "version",
        "-version",
        "endpoint",
        "-endpoint",
        "origin",
        "-origin",
    ] = "-at"
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


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
    #: Older ones were not looked at.
    is_cut: bool = False


def list_predictions(asked: Asked, at: ServicePath, query: PredictionsQuery) -> PredictionsPage:
    """List logged predictions, newest first; what is logged comes here a few seconds later."""
    service = find_service(asked, at.service).name
    wanted = _wanted(asked, service, query)
    try:
        found = read_page(wanted)
    except NotInstalled as error:
        raise Refused(503, error.message, hint=error.hint) from error
    labels = _labels(asked, service, found.rows)
    rows = tuple(_row(row, labels, _SHOWN) for row in found.rows)
    cursor = None if found.behind is None else cursor_behind(query, wanted.until, *found.behind, of=service)
    return PredictionsPage(rows, cursor, found.damaged, found.is_cut)


def show_prediction(asked: Asked, at: PredictionPath) -> PredictionRow:
    """Show a logged prediction, whole."""
    service = find_service(asked, at.service).name
    try:
        found = find_prediction(asked.home.path, [service], at.prediction)
    except NotInstalled as error:
        raise Refused(503, error.message, hint=error.hint) from error
    row = msgspec.structs.asdict(found)
    return _row(row, _labels(asked, service, [row]), None)


def _wanted(asked: Asked, service: str, query: PredictionsQuery) -> Wanted:
    """Put a query in the log's terms; all pages are of the time that the first one was of."""
    until = asked.now if query.until is None else query.until
    behind: tuple[float | int | str, float, str] | None = None
    if query.cursor:
        begun, value, at, name = read_cursor(query, query.cursor, 4, of=service)
        if isinstance(begun, str) or isinstance(at, str) or not isinstance(name, str):
            raise CursorRefused("is none")
        if not (0 <= begun < _LATEST and 0 <= at < _LATEST):
            raise CursorRefused("is none")
        until, behind = begun, (value, at, name)
    column, is_rising = direction(query.sort)
    return Wanted(
        home=asked.home.path,
        service=service,
        since=until - _DAY if query.since is None else query.since,
        until=until,
        version=query.version,
        endpoint=query.endpoint,
        origin=query.origin,
        failed=query.failed,
        column=column,
        is_rising=is_rising,
        limit=query.limit,
        behind=behind,
    )


def _labels(asked: Asked, service: str, rows: Sequence[dict[str, Any]]) -> dict[str, msgspec.Raw]:
    """Give the labels of some predictions; they are kept by the day in an id, which comes before the answer."""
    if not rows:
        return {}
    times = [row["at"] for row in rows]
    return read_labels(asked.home.path, service, min(times) - _DAY, max(times))


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
