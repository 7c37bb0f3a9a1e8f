"""Alerts: what people are told when a deployment does not do what it should."""

from typing import Literal

import msgspec

AlertKind = Literal["failure", "recovery", "late", "missed", "metric", "approval", "drift", "rollout", "test"]

#: Events that the host publishes: requests are not what a model learned from; a version was rolled back by its numbers.
#: Their payload holds the alert.
DRIFTED = "service.drifted"
ROLLED_BACK = "service.rolled_back"
SERVICE_ALERTS = (DRIFTED, ROLLED_BACK)
#: Their sources begin so: what people publish under these names is no alert.
TOLD_BY = "service:"


class Delivery(msgspec.Struct, frozen=True, omit_defaults=True):
    """One try to hand an alert to one channel."""

    #: Name of the channel: `webhook:team`, `email:oncall`, `command:pager`.
    channel: str
    at: float
    is_delivered: bool
    #: What the channel answered, or what went wrong; secrets masked.
    message: str = ""


class Alert(msgspec.Struct, frozen=True, omit_defaults=True):
    """One cause, told once; record kind `alert`, key = `cause`. Each delivery writes the next version."""

    #: Names the cause: the same cause is never told twice.
    cause: str
    kind: AlertKind
    at: float
    target: str
    title: str
    #: Plain text, secrets masked.
    text: str
    #: `Churn/17`.
    run: str | None = None
    step: str | None = None
    deliveries: tuple[Delivery, ...] = ()
    #: Channels that still have to be tried, with the time from which.
    waiting: dict[str, float] = {}
    #: How often the cause showed up; only the first time is told.
    count: int = 1
    #: Run in which it showed up last, and when.
    last_run: str | None = None
    last_at: float | None = None
    v: int = 1
