"""When an alert is handed to which channel, and when it is given up; decided from its record alone."""

import msgspec

from headwater.model.alert import Alert, Delivery

#: Seconds from one try to the next; after the last of them the channel is given up for this alert.
PAUSES = (30.0, 120.0, 480.0, 1200.0)


def due(alert: Alert, now: float) -> list[str]:
    """Give the channels that are to be tried now, in the order in which they fell due."""
    return sorted((label for label, at in alert.waiting.items() if at <= now), key=lambda label: alert.waiting[label])


def tries(alert: Alert, label: str) -> int:
    """Say how often a channel was tried."""
    return sum(delivery.channel == label for delivery in alert.deliveries)


def after_try(alert: Alert, delivery: Delivery) -> Alert:
    """Give the alert as it is after a try: delivered, to be tried again later, or given up."""
    waiting = {label: at for label, at in alert.waiting.items() if label != delivery.channel}
    done = tries(alert, delivery.channel)
    if not delivery.is_delivered and done < len(PAUSES):
        waiting[delivery.channel] = delivery.at + PAUSES[done]
    return msgspec.structs.replace(alert, deliveries=(*alert.deliveries, delivery), waiting=waiting)


def without_channel(alert: Alert, label: str, at: float) -> Alert:
    """Give the alert as it is when a channel that it waited for is gone."""
    waiting = {other: when for other, when in alert.waiting.items() if other != label}
    gone = Delivery(label, at, is_delivered=False, message="the channel is gone")
    return msgspec.structs.replace(alert, deliveries=(*alert.deliveries, gone), waiting=waiting)


def is_given_up(alert: Alert, label: str) -> bool:
    """Tell whether a channel never took the alert and is not tried any more."""
    own = [delivery for delivery in alert.deliveries if delivery.channel == label]
    return bool(own) and label not in alert.waiting and not any(delivery.is_delivered for delivery in own)
