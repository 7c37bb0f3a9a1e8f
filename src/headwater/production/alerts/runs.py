"""What a finished run gives people to hear: that it failed, that all is well again, that a metric is out of bounds."""

from collections.abc import Callable, Iterator

import msgspec

from headwater.client.display import printable
from headwater.client.session import View
from headwater.deployments.stored import find_deployment
from headwater.model.alert import Alert
from headwater.model.errors import NotFound
from headwater.model.launch import Launch
from headwater.model.ports import Ledger
from headwater.model.production import AlertRule, ProductionOptions
from headwater.model.rows import RunQuery, RunRow
from headwater.production.alerts.causes import (
    failures_since,
    late_since,
    metric_cause,
    metric_causes,
    recovery_cause,
)
from headwater.production.alerts.facts import cause_of_failure, read_failure
from headwater.production.alerts.kept import Alerts
from headwater.production.alerts.rules import (
    Breach,
    breaches,
    is_backfill,
    is_shadow,
    is_wanted,
    is_worth_another_try,
    next_retry_keys,
)
from headwater.production.alerts.text import (
    failure_text,
    failure_title,
    metric_text,
    metric_title,
    one_line,
    recovery_text,
    recovery_title,
)

#: Runs whose metric is shown.
_MOST_VALUES = 5
#: Runs that are asked for at once when a good one is looked for.
_PAGE = 20


class Held(msgspec.Struct, frozen=True):
    """A failed run that is tried again as a whole: people hear of it when that does not happen."""

    #: `Churn/17`.
    run: str
    #: One of these keys is the next try's.
    keys: tuple[str, ...]
    #: When to stop waiting for it.
    until: float


class RunEnds:
    """Works out what the end of a run gives people to hear."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._alerts = Alerts(view.ledger)
        self._options: dict[tuple[str, int], ProductionOptions] = {}

    def look(self, path: str, *, is_over: bool = False) -> list[Alert] | Held:
        """Give the alerts of a run that has ended, or what is waited for before it counts as failed.

        Args:
            path: `Churn/17`.
            is_over: it is not tried again, whatever its policy says.
        """
        flow, _, label = path.rpartition("/")
        row = self._view.ledger.find_run(flow, int(label))
        launch = row.launch
        if launch is None or is_shadow(launch):
            return []
        if row.status == "succeeded":
            return list(self._success(row, launch))
        return self._failure(row, launch, is_over=is_over) if row.status == "failed" else []

    def options(self, target: str, number: int) -> ProductionOptions:
        """Give what a deployment says of production; nothing when it is gone."""
        key = (target.partition("@")[0], number)
        if key not in self._options:
            try:
                self._options[key] = find_deployment(self._view.ledger, *key).graph.production
            except NotFound:
                return ProductionOptions()
        return self._options[key]

    def _failure(self, row: RunRow, launch: Launch, *, is_over: bool) -> list[Alert] | Held:
        options = self.options(launch.target, launch.number)
        if not is_wanted("failure", options.alerts, is_production=launch.is_production):
            return []
        at = row.finished_at or row.started_at
        keys = next_retry_keys(row.path, launch.idempotency_key, options.policy)
        if keys and is_worth_another_try(row.cause) and not is_over:
            return Held(row.path, tuple(keys), at + options.policy.minutes_between_retries * 60 + 120)
        return [self._told(row, launch, at)]

    def _told(self, row: RunRow, launch: Launch, at: float) -> Alert:
        """Make the alert; one whose facts do not read says less, and comes all the same."""
        good = good_before(self._view.ledger, launch.target, row.started_at)
        since = good
        stream = launch.target if not is_backfill(launch) else f"{launch.target}/backfill:{launch.trigger.source}"
        try:
            cause = cause_of_failure(self._view, row, stream, since)
            if self._alerts.get(cause) is not None:  # it is only counted: what is told of it does not matter
                return Alert(cause, "failure", at, launch.target, "", "", run=row.path)
            facts = read_failure(self._view, row, launch, good)
            return Alert(
                cause, "failure", at, launch.target, failure_title(facts), failure_text(facts), row.path, facts.step
            )
        except Exception as error:  # noqa: BLE001 - whatever it is: a failure that is not told is worse
            cause = f"{failures_since(stream, since)}{row.label}"
            title = one_line(f"{launch.target} failed: {row.message or row.cause or row.path}")
            reason = printable(f"{type(error).__name__}: {error}")
            text = f"{row.path}: its details do not read ({reason})\n\nlook: headwater status {row.path}"
            return Alert(cause, "failure", at, launch.target, title, text, run=row.path)

    def _success(self, row: RunRow, launch: Launch) -> Iterator[Alert]:
        if is_backfill(launch):
            return
        options = self.options(launch.target, launch.number)
        if is_wanted("recovery", options.alerts, is_production=launch.is_production):
            yield from self._recovery(row, launch)
        for breach in breaches(options.alerts, row.metrics):
            yield self._breach(row, launch, breach, options.alerts)

    def _recovery(self, row: RunRow, launch: Launch) -> Iterator[Alert]:
        good = good_before(self._view.ledger, launch.target, row.started_at)
        ended = [
            alert
            for begin in (failures_since(launch.target, good), late_since(launch.target, good))
            for alert in self._alerts.begun_with(begin)
        ]
        if ended:
            failed = sum(alert.count for alert in ended if alert.kind == "failure")
            text = recovery_text(row.path, ended, None if good is None else good.path, failed)
            title = recovery_title(launch.target, row.path)
            at = row.finished_at or row.started_at
            yield Alert(recovery_cause(launch.target, row), "recovery", at, launch.target, title, text, run=row.path)

    def _breach(self, row: RunRow, launch: Launch, breach: Breach, rules: tuple[AlertRule, ...]) -> Alert:
        earlier = earlier_successes(self._view.ledger, launch.target, row.started_at, _MOST_VALUES - 1)
        values = [(run.path, run.metrics.get(breach.metric)) for run in (row, *earlier)]
        title = metric_title(launch.target, breach.metric, breach.told, row.path)
        text = metric_text(breach.metric, values, row.path, earlier[0].path if earlier else None)
        at = row.finished_at or row.started_at
        cause = self._cause_of_breach(row, launch, breach, rules, earlier)
        return Alert(cause, "metric", at, launch.target, title, text, run=row.path)

    def _cause_of_breach(
        self, row: RunRow, launch: Launch, breach: Breach, rules: tuple[AlertRule, ...], earlier: list[RunRow]
    ) -> str:
        """Name it by this run, or as the alert that was raised when the metric left its bounds."""
        if earlier and breach.metric in [one.metric for one in breaches(rules, earlier[0].metrics)]:
            known = list(self._alerts.begun_with(metric_causes(launch.target, breach.metric)))
            if known:
                return max(known, key=lambda alert: alert.at).cause
        return metric_cause(launch.target, breach.metric, row)


def good_before(ledger: Ledger, target: str, at: float) -> RunRow | None:
    """Give the last run of a target that started before and succeeded, backfills left out; None when none did."""
    found = earlier_successes(ledger, target, at, 1)
    return found[0] if found else None


def earlier_successes(ledger: Ledger, target: str, before: float, count: int) -> list[RunRow]:
    """Give the last successful runs of a target that started before a time, newest first, backfills left out."""
    return newest_where(
        ledger,
        RunQuery(target=target, status="succeeded", until=before, limit=_PAGE),
        lambda row: not is_backfill(row.launch),
        count,
    )


def newest_where(ledger: Ledger, query: RunQuery, is_wanted: Callable[[RunRow], bool], count: int) -> list[RunRow]:
    """Give the newest runs for which something holds; reads until there are enough."""
    found: list[RunRow] = []
    while True:
        page = ledger.runs(query)
        found += [row for row in page.rows if is_wanted(row)]
        if len(found) >= count or page.cursor is None:
            return found[:count]
        query = msgspec.structs.replace(query, cursor=page.cursor)
