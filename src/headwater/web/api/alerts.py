"""Alerts: what people were told, on which channels it arrived, and the channels, without what is secret of them."""

import os
from typing import Annotated

import msgspec

from headwater.model.alert import Alert, AlertKind, Delivery
from headwater.production.alerts.alerter import ROLE
from headwater.production.alerts.channel_book import usable_channels
from headwater.production.alerts.delivery import is_given_up
from headwater.production.alerts.kept import Alerts
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import Limit, Text, Time


class AlertsQuery(msgspec.Struct, frozen=True):
    """Which alerts; newest first."""

    #: One of these.
    kind: tuple[AlertKind, ...] = ()
    target: Text | None = None
    since: Time | None = None
    limit: Limit = 50
    cursor: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


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
    found = sorted(Alerts(asked.ledger).begun_with(""), key=_place, reverse=True)
    wanted = [
        alert
        for alert in found
        if (not query.kind or alert.kind in query.kind)
        and query.target in (None, alert.target)
        and (query.since is None or alert.at >= query.since)
        and (query.cursor is None or _place(alert) < query.cursor)
    ]
    rows = tuple(map(alert_row, wanted[: query.limit]))
    cursor = _place(wanted[query.limit - 1]) if len(wanted) > query.limit else None
    return AlertsPage(rows, cursor, asked.ledger.leader(ROLE) is not None)


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


def _place(alert: Alert) -> str:
    """Give where an alert stands in the list; sorts by time, then cause."""
    return f"{alert.at:020.6f} {alert.cause}"


ROUTES = (
    Route("GET", "/alerts", list_alerts, needs="viewer"),
    Route("GET", "/alert", show_alert, needs="viewer"),
    Route("GET", "/alert-channels", list_channels, needs="viewer"),
)
