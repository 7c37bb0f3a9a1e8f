"""Tries to hand alerts to channels, each in a thread of its own, so that one that hangs keeps nobody waiting."""

import queue
import threading
import time
from collections.abc import Callable

import msgspec

from headwater.model.alert import Alert, Delivery
from headwater.model.errors import AlertNotDelivered
from headwater.production.alerts.channels import Channel
from headwater.production.alerts.limits import Limits
from headwater.production.alerts.sending import Send

#: Tries at the same time.
_MOST = 8


class Tried(msgspec.Struct, frozen=True):
    """What became of one try."""

    #: Of the alerts that it was to deliver.
    causes: tuple[str, ...]
    delivery: Delivery


class Outbox:
    """Tries under way: at most one a channel."""

    def __init__(self, send: Send, limits: Limits, clock: Callable[[], float]) -> None:
        self._send = send
        self._limits = limits
        self._clock = clock
        self._threads: dict[str, threading.Thread] = {}
        self._done: queue.SimpleQueue[tuple[str, Tried]] = queue.SimpleQueue()

    def is_free(self, label: str) -> bool:
        """Tell whether a channel can be tried now."""
        return label not in self._threads and len(self._threads) < _MOST

    @property
    def is_busy(self) -> bool:
        """Some try is under way."""
        return bool(self._threads)

    def start(self, channel: Channel, alert: Alert, causes: tuple[str, ...]) -> None:
        """Begin to hand an alert over, which may speak for several causes; the result comes from `results`."""
        thread = threading.Thread(target=self._try, args=(channel, alert, causes), daemon=True, name=channel.label)
        self._threads[channel.label] = thread
        thread.start()

    def results(self) -> list[Tried]:
        """Give what became of tries since the last call."""
        found: list[Tried] = []
        while True:
            try:
                label, tried = self._done.get_nowait()
            except queue.Empty:
                return found
            self._threads.pop(label, None)
            found.append(tried)

    def wait(self, seconds: float) -> None:
        """Give the tries under way some time to end."""
        end = time.monotonic() + seconds
        for thread in list(self._threads.values()):
            thread.join(max(0.0, end - time.monotonic()))

    def _try(self, channel: Channel, alert: Alert, causes: tuple[str, ...]) -> None:
        try:
            said, is_delivered = self._send(channel, alert, self._limits), True
        except AlertNotDelivered as error:
            said, is_delivered = error.message, False
        except Exception as error:  # noqa: BLE001 - whatever a library does with what it was answered
            said, is_delivered = f"{type(error).__name__} while it was sent", False
        delivery = Delivery(channel.label, self._clock(), is_delivered, said)
        self._done.put((channel.label, Tried(causes, delivery)))
