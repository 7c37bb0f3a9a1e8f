"""Hands one alert to one channel, within a time limit; whatever the other side does, it ends."""

from collections.abc import Callable

from headwater.client.display import printable
from headwater.model.alert import Alert
from headwater.model.errors import AlertNotDelivered
from headwater.production.alerts.channels import Channel, Command, Email, Webhook, mask
from headwater.production.alerts.limits import Limits
from headwater.production.alerts.mail import send_mail
from headwater.production.alerts.program import give_to_program
from headwater.production.alerts.webhook import post

#: What hands an alert to a channel: `send`.
Send = Callable[[Channel, Alert, Limits], str]


def send(channel: Channel, alert: Alert, limits: Limits) -> str:
    """Hand an alert to a channel, and give what it answered, in a line and with its secrets masked.

    Raises:
        AlertNotDelivered: it did not take it, as far as is known; it may have seen it all the same.
    """
    try:
        return _said(_send(channel, alert, limits), channel)
    except AlertNotDelivered as error:
        raise AlertNotDelivered(_said(error.message, channel), hint=error.hint) from None
    except TimeoutError:
        raise AlertNotDelivered(f"no end within {limits.seconds:g} s") from None
    except OSError as error:
        raise AlertNotDelivered(_said(f"the connection broke: {error.strerror or error}", channel)) from None


def _send(channel: Channel, alert: Alert, limits: Limits) -> str:
    match channel:
        case Webhook():
            return post(channel, alert, limits)
        case Email():
            return send_mail(channel, alert, limits)
        case Command():
            return give_to_program(channel, alert, limits)


def _said(text: str, channel: Channel) -> str:
    return printable(mask(" ".join(text.split()), channel))
