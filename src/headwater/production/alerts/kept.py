"""Alerts as the ledger keeps them: one record a cause, a version for each thing that became of it."""

from collections.abc import Iterator

import msgspec

from headwater.model.alert import Alert
from headwater.model.errors import NotFound, VersionConflict
from headwater.model.failpoints import failpoint
from headwater.model.ports import Ledger
from headwater.model.records import Record

#: Kind of their records.
KIND = "alert"
_PAGE = 1000


class Alerts:
    """The alerts of one store."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def get(self, cause: str) -> Alert | None:
        """Give what became of a cause so far; None when it never showed up."""
        record = self._ledger.record(KIND, cause)
        return None if record is None else _decode(record)

    def keep(self, alert: Alert) -> bool:
        """Record an alert of a new cause; of one that is known, count it. True when it is new and is to be told.

        Safe to repeat: what happened no later than the last time is not counted again.
        """
        try:
            self._ledger.write_records([_record(alert, 1)])
        except VersionConflict:
            self._count(alert)
            return False
        failpoint("alerts.after_keep")
        return True

    def change(self, before: Alert, after: Alert) -> Alert:
        """Record what became of an alert, and give it as it is now.

        What others counted meanwhile stays: only deliveries and waiting channels are taken from `after`.
        """
        while True:
            latest = self._ledger.record(KIND, before.cause)
            if latest is None:
                raise NotFound(f"there is no alert of {before.cause}")
            merged = msgspec.structs.replace(_decode(latest), deliveries=after.deliveries, waiting=after.waiting)
            try:
                self._ledger.write_records([_record(merged, latest.version + 1)])
            except VersionConflict:
                continue
            return merged

    def begun_with(self, prefix: str) -> Iterator[Alert]:
        """Yield the alerts whose causes begin so, by cause."""
        after = ""
        while page := self._ledger.records(KIND, prefix=prefix, after=after, limit=_PAGE):
            yield from map(_decode, page)
            after = page[-1].key

    def newest(self, limit: int) -> list[Alert]:
        """Give the newest alerts, newest first; reads all of them."""
        return sorted(self.begun_with(""), key=lambda alert: (alert.at, alert.cause), reverse=True)[:limit]

    def waiting(self) -> list[Alert]:
        """Give the alerts that some channel has not got yet, oldest first; reads all of them."""
        return sorted((alert for alert in self.begun_with("") if alert.waiting), key=lambda alert: alert.at)

    def find(self, text: str) -> Alert:
        """Find an alert by its cause, by what only its cause begins with, or by the path of its run.

        Raises:
            NotFound: none or several are meant; names some.
        """
        exact = self.get(text)
        if exact is not None:
            return exact
        found = [alert for alert in self.begun_with("") if alert.cause.startswith(text) or alert.run == text]
        if len(found) == 1:
            return found[0]
        near = [alert.cause for alert in found or self.newest(10)]
        shown = "\n".join(f"  {cause}" for cause in near[:10])
        if found:
            raise NotFound(f"`{text}` can mean {len(found)} alerts", choices=near, hint=f"name one:\n{shown}")
        raise NotFound(f"there is no alert `{text}`", choices=near, hint=f"the newest are:\n{shown}" if near else "")

    def _count(self, alert: Alert) -> None:
        while True:
            latest = self._ledger.record(KIND, alert.cause)
            if latest is None:
                raise NotFound(f"there is no alert of {alert.cause}")
            known = _decode(latest)
            if alert.at <= (known.last_at or known.at):
                return
            counted = msgspec.structs.replace(known, count=known.count + 1, last_run=alert.run, last_at=alert.at)
            try:
                self._ledger.write_records([_record(counted, latest.version + 1)])
            except VersionConflict:
                continue
            return


def _record(alert: Alert, version: int) -> Record:
    return Record(KIND, alert.cause, version, alert.at, msgspec.Raw(msgspec.json.encode(alert)))


def _decode(record: Record) -> Alert:
    return msgspec.json.decode(record.body, type=Alert)
