"""Alerts: what people were told, on which channels it arrived, and the channels, without what is secret of them."""

import os
from typing import Annotated, Literal

import msgspec

from headwater.model.alert import Alert, AlertKind, Delivery
from headwater.production.alerts.alerter import ROLE
from headwater.production.alerts.channel_book import usable_channels
from headwater.production.alerts.delivery import is_given_up
from headwater.production.alerts.kept import Alerts
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import Text, Time
from headwater.web.sorting import SortedQuery, Sorting, page_of


class AlertsQuery(SortedQuery, frozen=True):
    """Which alerts; newest first, unless it says otherwise."""

    #: One of these.
    kind: tuple[AlertKind, ...] = ()
    target: Text | None = None
    #: Told from then on, and before then.
    since: Time | None = None
    until: Time | None = None
    #: Part of the title, target, step or run, in upper or lower case.
    search: Text = ""
    #: `last_at`: when the cause showed up last.
    sort: Literal[
        "at", "-at", "last_at", "-last_at", "kind", "-kind", "title", "-title", "target", "-target", "count", "-count"
    ] = "-at"


class AlertRow(msgspec.Struct, frozen=True):
    """An alert: one cause, told once."""

    cause: str
    kind: AlertKind
    at: float
    target: str
    title: str
    #: `Churn/17`.
    run: str | None
    step: str | None
    #: How often the cause showed up, and when last.
    count: int
    last_at: float | None
    last_run: str | None
    #: Channels on which it arrived, on which it is still tried, and on which it was given up.
    delivered: tuple[str, ...]
    waiting: tuple[str, ...]
    given_up: tuple[str, ...]


class AlertsPage(msgspec.Struct, frozen=True):
    """A part of the list of alerts."""

    rows: tuple[AlertRow, ...]
    cursor: str | None = None
    #: Somebody tells people of what is new; without a daemon nobody does.
    is_told: bool = False


class AlertQuery(msgspec.Struct, frozen=True):
    """Which alert."""

    #: Its cause, or the path of the run that raised it.
    cause: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class AlertView(msgspec.Struct, frozen=True):
    """An alert as it was told, and each try to deliver it."""

    row: AlertRow
    #: Plain text.
    text: str
    deliveries: tuple[Delivery, ...]
    #: Channel -> when it is tried next.
    next_tries: dict[str, float]


class ChannelRow(msgspec.Struct, frozen=True):
    """Where alerts go."""

    #: `webhook:team`.
    label: str
    kind: str
    #: Where it leads, without what is secret; empty for those who may not change deployments.
    where: str


class ChannelsPage(msgspec.Struct, frozen=True):
    """All channels."""

    rows: tuple[ChannelRow, ...]
    #: What is wrong with others that are set up.
    problems: tuple[str, ...] = ()
    cursor: None = None


def list_alerts(asked: Asked, query: AlertsQuery) -> AlertsPage:
    """List alerts, newest first, and on which channels they arrived."""
    wanted = (alert for alert in Alerts(asked.ledger).begun_with("") if _is_asked_for(alert, query))
    page, cursor = page_of(wanted, _SORTING, query)
    return AlertsPage(tuple(map(alert_row, page)), cursor, asked.ledger.leader(ROLE) is not None)


def show_alert(asked: Asked, query: AlertQuery) -> AlertView:
    """Show an alert as it was told, and each try to deliver it."""
    alert = Alerts(asked.ledger).find(query.cause)
    return AlertView(alert_row(alert), alert.text, alert.deliveries, alert.waiting)


def list_channels(asked: Asked) -> ChannelsPage:
    """List the channels on which alerts are told."""
    channels, mistakes = usable_channels(asked.home.path, os.environ)
    may_see = asked.access.best in ("deployer", "admin")
    rows = tuple(
        ChannelRow(channel.label, channel.label.partition(":")[0], channel.where if may_see else "")
        for channel in channels
    )
    return ChannelsPage(rows, tuple(mistake.message for mistake in mistakes) if may_see else ())


def alert_row(alert: Alert) -> AlertRow:
    """Give an alert as lists show it."""
    labels = dict.fromkeys(delivery.channel for delivery in alert.deliveries if delivery.channel not in alert.waiting)
    given_up = tuple(label for label in labels if is_given_up(alert, label))
    return AlertRow(
        cause=alert.cause,
        kind=alert.kind,
        at=alert.at,
        target=alert.target,
        title=alert.title,
        run=alert.run,
        step=alert.step,
        count=alert.count,
        last_at=alert.last_at,
        last_run=alert.last_run,
        delivered=tuple(label for label in labels if label not in given_up),
        waiting=tuple(sorted(alert.waiting)),
        given_up=given_up,
    )


def _is_asked_for(alert: Alert, query: AlertsQuery) -> bool:
    part = query.search.casefold()
    return (
        (not query.kind or alert.kind in query.kind)
        and query.target in (None, alert.target)
        and (query.since is None or alert.at >= query.since)
        and (query.until is None or alert.at < query.until)
        and any(part in (text or "").casefold() for text in (alert.title, alert.target, alert.step, alert.run))
    )


#: In memory: one cause is told of once, however often it shows up, and only those of production are told of at all.
_SORTING: Sorting[Alert] = Sorting(
    {
        "at": lambda alert: alert.at,
        "last_at": lambda alert: alert.last_at or alert.at,
        "kind": lambda alert: alert.kind,
        "title": lambda alert: alert.title,
        "target": lambda alert: alert.target,
        "count": lambda alert: alert.count,
    },
    lambda alert: alert.cause,
)


ROUTES = (
    Route("GET", "/alerts", list_alerts, needs="viewer"),
    Route("GET", "/alert", show_alert, needs="viewer"),
    Route("GET", "/alert-channels", list_channels, needs="viewer"),
)
