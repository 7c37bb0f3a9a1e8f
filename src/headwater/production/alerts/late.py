"""Lateness: deployments of which no run has succeeded by the time that they were asked to."""

from headwater.deployments.aliases import Aliases
from headwater.model.alert import Alert
from headwater.model.deployment import AliasState
from headwater.model.ports import Ledger
from headwater.model.production import AlertRule, ProductionOptions
from headwater.model.rows import RunQuery, RunRow
from headwater.production.alerts.causes import late_cause
from headwater.production.alerts.rules import Deadline, is_backfill, last_deadline, next_deadline
from headwater.production.alerts.runs import RunEnds, newest_where
from headwater.production.alerts.text import late_text, late_title
from headwater.production.slots import slots_between

#: Successful runs among which one is looked for.
_PAGE = 50


class Lateness:
    """Watches the deadlines of all deployments."""

    def __init__(self, ledger: Ledger, ends: RunEnds) -> None:
        self._ledger = ledger
        self._ends = ends

    def look(self, now: float) -> list[Alert]:
        """Give the alerts of the latest deadline of each rule, when it passed unmet; the same ones when asked again."""
        found = []
        for state, rule, options in self._rules():
            deadline = last_deadline(rule, now)
            if deadline is not None and self._is_expected(state, options, deadline):
                alert = self._late(state, rule, deadline)
                if alert is not None:
                    found.append(alert)
        return found

    def next_look(self, now: float) -> float | None:
        """Give the time of the first deadline to come; None when there is none."""
        return min((at for _, rule, _ in self._rules() if (at := next_deadline(rule, now)) is not None), default=None)

    def _rules(self) -> list[tuple[AliasState, AlertRule, ProductionOptions]]:
        found = []
        for state in Aliases(self._ledger).all():
            if state.is_paused or state.shadow_of is not None:
                continue
            options = self._ends.options(state.target, state.number)
            found += [(state, rule, options) for rule in options.alerts if rule.on == "late"]
        return found

    def _is_expected(self, state: AliasState, options: ProductionOptions, deadline: Deadline) -> bool:
        """Tell whether a run was to come: a slot since the deadline before; without schedules, always."""
        if not options.schedules:
            first = self._ledger.record_history("alias", state.target)[0].at
            return first <= deadline.before
        for schedule in options.schedules:
            since = max(deadline.before, state.schedules_since.get(schedule.name or schedule.cron, state.at))
            if next(slots_between(schedule, since, deadline.at), None) is not None:
                return True
        return False

    def _late(self, state: AliasState, rule: AlertRule, deadline: Deadline) -> Alert | None:
        succeeded = RunQuery(target=state.target, status="succeeded", until=deadline.at, limit=_PAGE)
        latest = newest_where(self._ledger, succeeded, lambda row: _is_in_time(row, deadline.at), 1)
        good = latest[0] if latest else None
        if good is not None and _stands_for(good) > deadline.before:
            return None
        target = state.target
        since = RunQuery(target=target, since=deadline.before, limit=_PAGE)
        others = [row for row in self._ledger.runs(since).rows if not is_backfill(row.launch)]
        at_work = [f"{row.path} is {row.status}" for row in others if row.status in ("running", "queued", "waiting")]
        failed = [f"{row.path}: {row.message.partition(chr(10))[0]}" for row in others if row.status == "failed"]
        is_daemon = self._ledger.leader("scheduler") is not None
        by = rule.by or ""
        return Alert(
            late_cause(target, good, by, deadline.day),
            "late",
            deadline.at,
            target,
            late_title(target, by, rule.timezone),
            late_text(target, None if good is None else good.path, at_work[:5], failed[:5], is_daemon),
        )


def _is_in_time(row: RunRow, deadline: float) -> bool:
    return row.finished_at is not None and row.finished_at <= deadline and not is_backfill(row.launch)


def _stands_for(row: RunRow) -> float:
    """The slot that a run stands for, else when it started."""
    slot = None if row.launch is None else row.launch.logical_date
    return row.started_at if slot is None else slot
