"""What the records of slots give people to hear: that slots were missed, or runs could not be started."""

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.names import is_production, split_target
from headwater.model.alert import Alert
from headwater.model.launch import Firing
from headwater.model.ports import Ledger
from headwater.model.rows import FiringQuery
from headwater.production.alerts.causes import missed_cause, refused_cause
from headwater.production.alerts.rules import is_wanted, missed_outage, utc_day
from headwater.production.alerts.runs import RunEnds
from headwater.production.alerts.text import missed_text, missed_title, refused_title

#: Records of one schedule among which the beginning of an outage is looked for.
_OUTAGE = 1000


class SlotRecords:
    """Works out what new records of slots give people to hear."""

    def __init__(self, ledger: Ledger, ends: RunEnds) -> None:
        self._ledger = ledger
        self._ends = ends
        #: Key of the newest record that was looked at; what was recorded after it is new, whatever clocks say.
        self._seen: str | None = None

    def look(self, since: float) -> tuple[list[Alert], float]:
        """Give the alerts of what was recorded since the last call, and the time of the newest record.

        Args:
            since: the first call looks at what was recorded from then on; alerts that were given before come again.
        """
        alerts: dict[str, Alert] = {}
        newest = 0.0
        outages = set()
        for firing in self._new_records(since):
            newest = max(newest, firing.at)
            if firing.verdict == "missed" and firing.source.startswith("schedule:"):
                outages.add((firing.target, firing.source))
            elif firing.verdict == "refused" and self._is_wanted(firing.target):
                alert = _refused(firing)
                alerts.setdefault(alert.cause, alert)
        for target, source in sorted(outages):
            if self._is_wanted(target):
                alerts.update({alert.cause: alert for alert in self._missed(target, source)})
        return list(alerts.values()), newest

    def _new_records(self, since: float) -> list[Firing]:
        """Give what was recorded since the last call, newest first."""
        found: list[Firing] = []
        query = FiringQuery(limit=200)
        while True:
            page = self._ledger.firings(query)
            for firing in page.rows:
                if firing.key == self._seen or (self._seen is None and firing.at < since):
                    return self._remember(found)
                found.append(firing)
            if page.cursor is None:
                return self._remember(found)
            query = msgspec.structs.replace(query, cursor=page.cursor)

    def _remember(self, found: list[Firing]) -> list[Firing]:
        if found:
            self._seen = found[0].key
        return found

    def _is_wanted(self, target: str) -> bool:
        alias = split_target(target).alias
        if alias.startswith("shadow."):
            return False
        state = Aliases(self._ledger).get(target)
        rules = () if state is None else self._ends.options(target, state.number).alerts
        return is_wanted("missed", rules, is_production=is_production(alias))

    def _missed(self, target: str, source: str) -> list[Alert]:
        outage = missed_outage(self._ledger.firings(FiringQuery(target=target, source=source, limit=_OUTAGE)).rows)
        if outage is None:
            return []
        text = missed_text(target, outage.first, outage.last, outage.reasons, utc_day(outage.first))
        title = missed_title(target, source, outage.count)
        return [Alert(missed_cause(target, source, outage.first), "missed", outage.at, target, title, text)]


def _refused(firing: Firing) -> Alert:
    reason = firing.reason or "no reason was recorded"
    title = refused_title(firing.target, firing.source, reason)
    text = f"{reason}\n\nwhat to type\n  headwater deployment show {firing.target}"
    return Alert(refused_cause(firing.target, firing.source, reason), "missed", firing.at, firing.target, title, text)
