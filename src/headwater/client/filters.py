"""Which runs of a flow: tags, status, time, user, parameters."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from headwater.client.session import View
from headwater.model.errors import UserMistake
from headwater.model.ids import Digest
from headwater.model.nearest import did_you_mean
from headwater.model.rows import STATUSES, RunQuery, RunRow, RunStatus
from headwater.store.artifacts import ArtifactStore
from headwater.store.place_memory import MemoryPlace

#: A point in time: an aware or local datetime, ISO 8601 text, or Unix seconds.
Time = datetime | str | float


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks of a flow's runs; everything must hold."""

    tags: tuple[str, ...] = ()
    status: RunStatus | None = None
    since: Time | None = None
    until: Time | None = None
    user: str | None = None
    parameters: Mapping[str, object] = {}
    target: str | None = None


def matching_rows(view: View, flow: str, wanted: Wanted, page_size: int = 100) -> Iterator[RunRow]:
    """Yield the runs of a flow that match, newest first, a page at a time; the view's namespace narrows them too."""
    query = make_query(view, flow, wanted, page_size)
    while True:
        page = view.ledger.runs(query)
        yield from page.rows
        if page.cursor is None:
            return
        query = msgspec.structs.replace(query, cursor=page.cursor)


def make_query(view: View, flow: str, wanted: Wanted, limit: int) -> RunQuery:
    """Put what is wanted in the ledger's terms.

    Raises:
        UserMistake: a status that no run has, or a text that is no time.
    """
    if wanted.status is not None and wanted.status not in STATUSES:
        raise UserMistake(
            f"no run has the status {wanted.status!r}",
            hint=did_you_mean(str(wanted.status), STATUSES, what="Statuses"),
        )
    namespace = () if view.namespace is None else (view.namespace,)
    return RunQuery(
        flow=flow,
        status=wanted.status,
        user=wanted.user,
        tags=tuple(dict.fromkeys((*wanted.tags, *namespace))),
        since=_unix_seconds(wanted.since),
        until=_unix_seconds(wanted.until),
        parameters={name: _digest(name, value) for name, value in wanted.parameters.items()},
        target=wanted.target,
        limit=limit,
    )


def _unix_seconds(when: Time | None) -> float | None:
    if when is None or isinstance(when, int | float):
        return when
    if isinstance(when, datetime):
        return when.timestamp()
    try:
        return datetime.fromisoformat(when).timestamp()
    except ValueError as error:
        raise UserMistake(f"{when!r} is no time", hint="write it as 2025-03-01 or 2025-03-01T06:00") from error


def _digest(name: str, value: object) -> Digest:
    """Equal values have equal digests, so parameters are compared without loading any."""
    return ArtifactStore(MemoryPlace()).save(name, value).ref.digest
