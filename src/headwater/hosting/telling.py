"""Hands alerts about services to the channels of production, as events that flows may wait for as well."""

import msgspec

from headwater.model.alert import TOLD_BY, Alert
from headwater.model.launch import PublishedEvent
from headwater.model.ports import Ledger


def publish_alert(ledger: Ledger, event: str, alert: Alert, service: str, number: int) -> None:
    """Publish what people are to be told of a version; the same cause is one event, however often it is published.

    Args:
        ledger: of the store.
        event: one of `SERVICE_ALERTS`.
        alert: what they are told.
        service: whose version.
        number: which one.
    """
    values = {"service": service, "version": number, "title": alert.title, "alert": alert}
    payload = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in values.items()}
    ledger.publish(PublishedEvent(alert.cause, event, alert.at, payload, f"{TOLD_BY}{service}"))
