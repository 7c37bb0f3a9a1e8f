"""The audit log, for admins: all of it, or of the projects that are theirs."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from headwater.ledger.sqlite import SqliteLedger
from headwater.web.accounts.audit import AUDIT, AuditEntry, AuditPage
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import Text, Time
from headwater.web.sorting import SortedQuery, cursor_behind, read_cursor

_PAGE = 500
#: Entries looked at for one page; there may be more that are asked for.
_MOST_LOOKED_AT = 5000
#: Behind every key.
_LAST_KEY = "\U0010ffff"
#: `open`: the server ended before it was known.
AuditResult = Literal["done", "refused", "failed", "open"]


class AuditQuery(SortedQuery, frozen=True):
    """Which entries; newest first, unless it says otherwise. The log has one order, that of time."""

    user: Text | None = None
    #: `promote_deployment`.
    action: Text | None = None
    project: Text | None = None
    #: One of these.
    result: tuple[AuditResult, ...] = ()
    #: Part of the user, the action, on what it was done, or what came of it, in upper or lower case.
    search: Text = ""
    #: Done from then on, and before then.
    since: Time | None = None
    until: Time | None = None
    sort: Literal["at", "-at"] = "-at"


def list_audit(asked: Asked, query: AuditQuery) -> AuditPage:
    """List who changed what, newest first; admins of single projects see what was done in these.

    A page may have fewer rows than asked for although more follow: then it has a cursor.
    """
    begin = str(read_cursor(query, query.cursor, 1)[0]) if query.cursor else ""
    projects = _projects(asked)
    found: list[AuditEntry] = []
    for looked_at, (key, entry) in enumerate(_entries(asked, query, begin), 1):
        if _is_past(entry, query):
            return AuditPage(tuple(found))
        if (projects is None or entry.project in projects) and _is_asked_for(entry, query):
            found.append(entry)
        if len(found) == query.limit or looked_at == _MOST_LOOKED_AT:
            return AuditPage(tuple(found), cursor_behind(query, key))
    return AuditPage(tuple(found))


def _projects(asked: Asked) -> frozenset[str] | None:
    """Give the projects that the caller is an admin of; None = of all."""
    access = asked.access
    if access.allows("admin", "*"):
        return None
    return frozenset(project for project in access.roles if access.allows("admin", project))


def _entries(asked: Asked, query: AuditQuery, key: str) -> Iterator[tuple[str, AuditEntry]]:
    """Yield the entries behind a key (empty: all), with theirs; the newest have the first keys."""
    ledger = asked.home.ledger
    while True:
        if query.sort == "-at":
            page = ledger.records(AUDIT, after=key, limit=_PAGE)
        else:
            assert isinstance(ledger, SqliteLedger)
            page = ledger.records_backwards(AUDIT, before=key or _LAST_KEY, limit=_PAGE)
        if not page:
            return
        for record in page:
            yield record.key, msgspec.json.decode(record.body, type=AuditEntry)
        key = page[-1].key


def _is_past(entry: AuditEntry, query: AuditQuery) -> bool:
    """Whether nothing that is asked for can follow."""
    if query.sort == "-at":
        return query.since is not None and entry.at < query.since
    return query.until is not None and entry.at >= query.until


def _is_asked_for(entry: AuditEntry, query: AuditQuery) -> bool:
    part = query.search.casefold()
    return (
        query.user in (None, entry.user)
        and query.action in (None, entry.action)
        and query.project in (None, entry.project)
        and (query.since is None or entry.at >= query.since)
        and (query.until is None or entry.at < query.until)
        and (not query.result or _result(entry) in query.result)
        and any(part in text.casefold() for text in (entry.user, entry.action, entry.on, entry.result))
    )


def _result(entry: AuditEntry) -> AuditResult:
    if entry.result.startswith("refused"):
        return "refused"
    return "done" if entry.result == "done" else "failed" if entry.result else "open"


ROUTES = (Route("GET", "/audit", list_audit, needs="admin"),)
