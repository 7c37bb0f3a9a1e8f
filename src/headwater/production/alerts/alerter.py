"""Watches what happens to deployments and tells people: one child of the daemon, which nothing else waits for."""

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import msgspec

from headwater.client.session import View
from headwater.home import Home
from headwater.model.alert import SERVICE_ALERTS, TOLD_BY, Alert, Delivery
from headwater.model.errors import DiskFull, LedgerDamaged
from headwater.model.failpoints import failpoint
from headwater.model.launch import PublishedEvent
from headwater.production.alerts.approvals import Approvals
from headwater.production.alerts.channel_book import SECRET_VARIABLES, usable_channels
from headwater.production.alerts.channels import Channel, Command
from headwater.production.alerts.delivery import after_try, due, without_channel
from headwater.production.alerts.kept import Alerts
from headwater.production.alerts.late import Lateness
from headwater.production.alerts.limits import Limits
from headwater.production.alerts.outbox import Outbox
from headwater.production.alerts.runs import Held, RunEnds
from headwater.production.alerts.sending import send
from headwater.production.alerts.slots import SlotRecords
from headwater.production.alerts.text import bundle, one_line
from headwater.settings import read_settings

Found = TypeVar("Found")

_NULL = msgspec.Raw(b"null")
#: Role in the ledger: one alerter a store.
ROLE = "alerter"
#: Cursors: the last published event, and the time (in ms) of the last record of a slot, that were looked at.
EVENTS, SLOTS = "alerts", "alerts.slots"

#: Longest time from what happens to when it is seen.
_LOOK_SECONDS = 0.5
#: The same while tries are under way.
_BUSY_SECONDS = 0.1
#: How often what the clock alone decides is looked at, and what is recorded of slots.
_SLOW_LOOK_SECONDS = 5.0
#: How often deployments are looked through for deadlines.
_RULES_SECONDS = 60.0
#: Published events that are read at once.
_BATCH = 200
#: Published events before the cursor whose failed runs are looked at again at the start: some were held back.
_LOOK_BACK = 2000
#: Records of slots that came so long before the cursor are looked at again: clocks are set back.
_SLACK_SECONDS = 600.0
#: Records of slots that are older than this are nobody's concern when alerts are worked out for the first time.
_FIRST_LOOK_SECONDS = 86400.0
#: Alerts that a channel gets one by one; more that are due at once come as one message.
_MOST_SINGLE = 5
#: Time that tries under way get at the end.
_LAST_SECONDS = 3.0


def say(text: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(f"alerts: {text}\n")
    sys.stderr.flush()


def serve_alerts(
    home: Home, environ: Mapping[str, str], stop: threading.Event, *, note: Callable[[str], None] = say
) -> None:
    """Raise and deliver alerts until `stop` is set; waits while another process of the store does so.

    Args:
        home: the store.
        environ: may name channels and settings.
        stop: looked at several times a second.
        note: takes lines for the daemon's log.
    """
    ledger = home.ledger
    while not ledger.lead(ROLE):
        if stop.wait(1.0):
            return
    alerter = Alerter(home, environ, limits_of(home, environ), note=note)
    try:
        while not stop.wait(_BUSY_SECONDS if alerter.is_busy else _LOOK_SECONDS):
            alerter.turn()
    finally:
        alerter.close()
        ledger.resign(ROLE)


def limits_of(home: Home, environ: Mapping[str, str]) -> Limits:
    """Give what channels may do, as the settings say; programs do not get the secrets of other channels."""
    settings = read_settings({"home": home.path}, environ, os.getcwd())
    kept = {name: value for name, value in environ.items() if name not in SECRET_VARIABLES}
    return Limits(is_private_allowed=settings.alert_allow_private.value == "yes", environ=kept)


class Alerter:
    """Raises alerts and hands them to the channels; one thread calls it."""

    def __init__(
        self,
        home: Home,
        environ: Mapping[str, str],
        limits: Limits,
        *,
        clock: Callable[[], float] = time.time,
        note: Callable[[str], None] = say,
    ) -> None:
        self._home = home
        self._environ = environ
        self._clock = clock
        self._note = note
        self._ledger = home.ledger
        self._alerts = Alerts(self._ledger)
        self._ends = RunEnds(View(home, None))
        self._slots = SlotRecords(self._ledger, self._ends)
        self._lateness = Lateness(self._ledger, self._ends)
        self._approvals = Approvals(View(home, None))
        self._outbox = Outbox(send, limits, clock)
        self._waiting = {alert.cause: alert for alert in self._alerts.waiting()}
        self._held: dict[str, Held] = {}
        self._channels: list[Channel] = []
        self._told_of_channels = ""
        self._known = self._ledger.cursor(EVENTS)
        self._after = max(0, self._known - _LOOK_BACK)
        self._slow_look_at = 0.0
        self._is_changed = True
        self._deadline_at = 0.0
        self._known_channels()

    @property
    def is_busy(self) -> bool:
        """Something is being sent."""
        return self._outbox.is_busy

    def turn(self) -> None:
        """Look at what happened, raise what people are to hear, and hand out what is due."""
        now = self._clock()
        self._record_tries()
        if self._ledger.wait(0):
            self._is_changed = True
            self._look_at_runs(now)
        if now >= self._slow_look_at or now < self._slow_look_at - _SLOW_LOOK_SECONDS:
            self._slow_look_at = now + _SLOW_LOOK_SECONDS
            self._look_at_held(now)
            if self._is_changed:
                self._is_changed = False
                self._look_at_runs(now)
                self._look_at_slots(now)
                self._raise(self._guard(self._approvals.look, "what waits for approval") or [], now)
            self._look_at_clock(now)
        self._hand_out(now)

    def settle(self, seconds: float) -> None:
        """Give what is being sent so long to end, and record how it ended."""
        self._outbox.wait(seconds)
        self._record_tries()

    def is_sending_more(self, now: float) -> bool:
        """Tell whether something else could be tried now."""
        return any(self._outbox.is_free(label) for alert in self._waiting.values() for label in due(alert, now))

    def close(self) -> None:
        """Let what is being sent end, for a moment; what does not is tried again by the next alerter."""
        self.settle(_LAST_SECONDS)

    def _look_at_runs(self, now: float) -> None:
        while events := self._ledger.published(self._after, limit=_BATCH):
            for event in events:
                is_new = event.number > self._known
                if event.name == "run.finished" and event.run is not None and _concerns(event, is_new=is_new):
                    self._look_at_run(event.run, now)
                elif event.name in SERVICE_ALERTS and event.source.startswith(TOLD_BY):
                    self._raise(self._guard(partial(_of_service, event), event.id) or [], now)
                self._after = event.number
            failpoint("alerts.before_cursor")
            if self._after > self._ledger.cursor(EVENTS):
                self._ledger.launch([], cursor=(EVENTS, self._after))

    def _look_at_run(self, path: str, now: float, *, is_over: bool = False) -> None:
        found = self._guard(lambda: self._ends.look(path, is_over=is_over), path)
        if isinstance(found, Held):
            self._held[path] = found
            self._look_at_held(now)
        else:
            self._raise(found or [], now)

    def _look_at_held(self, now: float) -> None:
        """Forget the failed runs that are tried again, and tell of those that are not."""
        for held in list(self._held.values()):
            firings = [firing for key in held.keys if (firing := self._ledger.firing(key)) is not None]
            if any(firing.verdict == "started" for firing in firings):
                del self._held[held.run]
            elif firings or now > held.until:
                del self._held[held.run]
                self._look_at_run(held.run, now, is_over=True)

    def _look_at_slots(self, now: float) -> None:
        known = self._ledger.cursor(SLOTS) / 1000
        since = known - _SLACK_SECONDS if known else now - _FIRST_LOOK_SECONDS
        alerts, newest = self._guard(lambda: self._slots.look(since), "records of slots") or ([], 0.0)
        self._raise(alerts, now)
        if int(newest * 1000) > self._ledger.cursor(SLOTS):
            self._ledger.launch([], cursor=(SLOTS, int(newest * 1000)))

    def _look_at_clock(self, now: float) -> None:
        if now < self._deadline_at and now > self._deadline_at - 2 * _RULES_SECONDS:
            return
        self._raise(self._guard(lambda: self._lateness.look(now), "deadlines") or [], now)
        soon = self._guard(lambda: self._lateness.next_look(now), "deadlines") or now + _RULES_SECONDS
        self._deadline_at = min(soon, now + _RULES_SECONDS)

    def _raise(self, alerts: list[Alert], now: float) -> None:
        """Keep alerts, and have those of new causes told on all channels."""
        for alert in alerts:
            waiting = {channel.label: now for channel in self._known_channels()}
            told = msgspec.structs.replace(alert, waiting=waiting)
            if self._alerts.keep(told):
                self._say(f"{alert.title} [{alert.cause}]")
                if waiting:
                    self._waiting[told.cause] = told

    def _hand_out(self, now: float) -> None:
        """Begin the tries that are due: on each free channel the oldest alert, or all when there are many."""
        due_by_label: dict[str, list[Alert]] = {}
        for alert in self._waiting.values():
            for label in due(alert, now):
                due_by_label.setdefault(label, []).append(alert)
        channels = {channel.label: channel for channel in self._known_channels()} if due_by_label else {}
        for label, alerts in due_by_label.items():
            channel = channels.get(label)
            if channel is None and self._told_of_channels:
                continue  # it may be what does not read now
            if channel is None:
                for alert in alerts:
                    latest = self._waiting[alert.cause]
                    self._change(latest, without_channel(latest, label, now))
            elif self._outbox.is_free(label):
                self._start(channel, alerts)

    def _start(self, channel: Channel, alerts: list[Alert]) -> None:
        """Hand over the first alert, or all of them as one; programs get each for itself."""
        if len(alerts) > _MOST_SINGLE and not isinstance(channel, Command):
            self._outbox.start(channel, bundle(alerts), tuple(alert.cause for alert in alerts))
        else:
            self._outbox.start(channel, alerts[0], (alerts[0].cause,))

    def _record_tries(self) -> None:
        for tried in self._outbox.results():
            failpoint("alerts.after_send")
            for cause in tried.causes:
                self._record_try(self._waiting[cause], tried.delivery)

    def _record_try(self, alert: Alert, delivery: Delivery) -> None:
        changed = self._change(alert, after_try(alert, delivery))
        if not delivery.is_delivered:
            again = "tried again later" if delivery.channel in changed.waiting else "given up"
            self._say(f"{delivery.channel} did not take [{alert.cause}]: {delivery.message}; {again}")

    def _change(self, before: Alert, after: Alert) -> Alert:
        changed = self._alerts.change(before, after)
        if changed.waiting:
            self._waiting[changed.cause] = changed
        else:
            self._waiting.pop(changed.cause, None)
        return changed

    def _known_channels(self) -> list[Channel]:
        """Read the channels anew; of what does not read, what it was before."""
        found, mistakes = usable_channels(self._home.path, self._environ)
        told = "; ".join(mistake.message for mistake in mistakes)
        if told and told != self._told_of_channels:
            self._say(told)
        self._told_of_channels = told
        labels = {channel.label for channel in found}
        earlier = [channel for channel in self._channels if channel.label not in labels] if mistakes else []
        self._channels = [*found, *earlier]
        return self._channels

    def _say(self, text: str) -> None:
        self._note(one_line(text))

    def _guard(self, look: Callable[[], Found], what: str) -> Found | None:
        """Let nothing that one run or rule holds keep people from hearing of others; None when it does not read.

        What is found is kept outside of this: when that fails, the next alerter looks again.
        """
        try:
            return look()
        except (LedgerDamaged, DiskFull):
            raise
        except Exception as error:  # noqa: BLE001 - the next alerter would stumble over the same thing
            self._say(f"{what} could not be looked at: {type(error).__name__}: {error}")
            return None


def _of_service(event: PublishedEvent) -> list[Alert]:
    """What the host found out about a service; the same cause when it is looked at again."""
    return [msgspec.json.decode(event.payload["alert"], type=Alert)]


def _concerns(event: PublishedEvent, *, is_new: bool) -> bool:
    """Tell whether the run that ended was one of a deployment, and failed if it was looked at before."""
    has_target = bytes(event.payload.get("target", _NULL)) != b"null"
    return has_target and (is_new or bytes(event.payload.get("end", _NULL)) == b'"failed"')
