"""The audit log: an entry for every change that came through the server or concerns who may come in; only added to."""

import os

import msgspec

from headwater.model.ports import Ledger
from headwater.model.records import Record
from headwater.web.access import Means

AUDIT = "audit"
#: Fields of bodies that say on what something is done; everything else that is sent stays out of the log.
_TELLING = (
    "name",
    "target",
    "to",
    "source",
    "number",
    "role",
    "project",
    "flow",
    "run",
    "label",
    "step",
    "service",
    "user",
    "event",
    "first",
    "until",
    "parallel",
    "share",
    "add",
    "remove",
    "is_paused",
    "is_granted",
)
_LONGEST = 200
#: The key of an entry begins with the microseconds that are left until then, so that the newest come first.
_END = 1 << 53
_PAGE = 500
#: Entries looked at for one page of those of some projects.
_MOST_LOOKED_AT = 5000


class AuditEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change; record kind `audit`. Version 1 is written before it is made, version 2 says what came of it."""

    at: float
    #: Who, and how they proved it; `cli`: whoever runs commands beside the store.
    user: str
    means: Means | str
    #: What was done: `promote_deployment`.
    action: str
    #: On what: the address, below `/api/v1`.
    on: str
    #: Address from which they came; empty = beside the store.
    client: str = ""
    #: Project of what it was done on; None = that is not known, or it concerns no single one.
    project: str | None = None
    #: What was said of it, as far as it names things.
    details: dict[str, str] = {}
    #: `done`; `refused: ...`; empty = the server ended before it was known.
    result: str = ""
    v: int = 1


class AuditPage(msgspec.Struct, frozen=True):
    """A part of the log, newest first."""

    rows: tuple[AuditEntry, ...]
    cursor: str | None = None


def note_begin(ledger: Ledger, entry: AuditEntry) -> str:
    """Write an entry before its change is made; gives its key."""
    key = f"{_END - int(entry.at * 1e6):016d}-{os.urandom(8).hex()}"
    _write(ledger, key, 1, entry)
    return key


def note_end(ledger: Ledger, key: str, entry: AuditEntry, result: str) -> None:
    """Write what came of a change."""
    _write(ledger, key, 2, msgspec.structs.replace(entry, result=result[:_LONGEST]))


def note(ledger: Ledger, entry: AuditEntry) -> None:
    """Write an entry of a change that is made, or was refused."""
    note_begin(ledger, entry)


def read_audit(ledger: Ledger, projects: frozenset[str] | None, cursor: str, limit: int) -> AuditPage:
    """Give entries, newest first.

    Args:
        ledger: where they are kept.
        projects: only those of these; None = all.
        cursor: of the page before; empty = from the newest on.
        limit: rows at most; there may be fewer although more follow.
    """
    found: list[AuditEntry] = []
    looked_at = 0
    while looked_at < _MOST_LOOKED_AT:
        page = ledger.records(AUDIT, after=cursor, limit=min(_PAGE, limit - len(found)))
        if not page:
            return AuditPage(tuple(found))
        looked_at += len(page)
        cursor = page[-1].key
        entries = [msgspec.json.decode(record.body, type=AuditEntry) for record in page]
        found += [entry for entry in entries if projects is None or entry.project in projects]
        if len(found) >= limit:
            break
    return AuditPage(tuple(found), cursor)


def details_of(body: object) -> dict[str, str]:
    """Give what a body says of what it is about; never what might be a secret."""
    if not isinstance(body, msgspec.Struct):
        return {}
    about: dict[str, str] = getattr(body, "about", {})
    found = {name: value[:_LONGEST] for name, value in about.items()}
    for name in _TELLING:
        value = getattr(body, name, None)
        if isinstance(value, str | int | float | bool):
            found[name] = str(value)[:_LONGEST]
        elif isinstance(value, tuple | list) and value and all(isinstance(each, str) for each in value):
            found[name] = ", ".join(value)[:_LONGEST]
    return found


def _write(ledger: Ledger, key: str, version: int, entry: AuditEntry) -> None:
    ledger.write_records([Record(AUDIT, key, version, entry.at, msgspec.Raw(msgspec.json.encode(entry)))])
