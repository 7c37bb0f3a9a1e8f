"""Sends each order to the engine of its environment: one warm process that forks, per set of packages."""

import select
import time
from collections import deque
from collections.abc import Callable, Sequence

from headwater.engines.exits import cancelled, no_environment
from headwater.engines.local import LocalEngine
from headwater.model.errors import HeadwaterError
from headwater.model.ids import Digest, TaskKey
from headwater.model.order import TaskOrder
from headwater.model.ports import Ended, Report

#: Starts the engine of an environment, given its lock's digest; None = the interpreter that runs the flow.
#: Raises a `HeadwaterError` when the environment cannot be had.
StartEngine = Callable[[Digest | None], LocalEngine]

#: Longest sleep while an engine has orders that its pipe did not take yet.
_WRITING_SECONDS = 0.01


class RoutedEngine:
    """Implements the port `Engine` with one `LocalEngine` per environment, each started when it is first needed.

    Together they have no more attempts at work than `max_running`, gangs excepted; orders beyond wait here, first
    come, first served. While only one environment is in use its engine gets every order at once, and keeps the line
    itself: it starts an attempt the moment that another ends.
    """

    def __init__(
        self, start: StartEngine, *, default: LocalEngine | None = None, max_running: int | None = None
    ) -> None:
        """Take what it needs.

        Args:
            start: starts an engine.
            default: the engine of the interpreter that runs the flow, when it is started already.
            max_running: attempts at work at once; None = no bound.
        """
        self._start = start
        self._max_running = max_running
        self._engines: dict[Digest | None, LocalEngine] = {} if default is None else {None: default}
        #: Attempts at each engine.
        self._in_flight: dict[tuple[TaskKey, int], LocalEngine] = {}
        self._waiting: deque[TaskOrder] = deque()
        self._pending: list[Report] = []
        self._ready: select.epoll | None = None

    def submit(self, order: TaskOrder) -> None:
        """Start an attempt, or let it wait for a place."""
        if self._waiting or not self._has_place(order.environment):
            self._waiting.append(order)
        else:
            self._send([order], is_gang=False)

    def submit_gang(self, orders: Sequence[TaskOrder]) -> None:
        """Start attempts that need each other together; all are of one step, so of one environment."""
        self._send(orders, is_gang=True)

    def poll(self, timeout_seconds: float) -> list[Report]:
        """Wait until something happened or the time is up, and give all that happened."""
        if len(self._engines) == 1 and not self._pending and not self._waiting:
            return self._note(next(iter(self._engines.values())).poll(timeout_seconds))
        until = time.monotonic() + timeout_seconds
        while True:
            reports = self._take_all()
            pause = until - time.monotonic()
            if reports or pause <= 0:
                return reports
            self._sleep(pause)

    def cancel(self, key: TaskKey, attempt: int, grace_seconds: float) -> None:
        """Ask an attempt to stop (SIGTERM), and kill it after the grace; an `Ended` follows."""
        for order in self._waiting:
            if (order.key, order.attempt) == (key, attempt):
                self._waiting.remove(order)
                self._pending.append(Ended(cancelled(order.run, key, attempt)))
                return
        engine = self._in_flight.get((key, attempt))
        if engine is not None:
            engine.cancel(key, attempt, grace_seconds)

    def fileno(self) -> int | None:
        """A descriptor that becomes readable when `poll` has something to give; ask for it every time."""
        numbers = [number for engine in self._engines.values() if (number := engine.fileno()) is not None]
        if len(numbers) < 2:
            return numbers[0] if numbers else None
        self._close_ready()
        self._ready = select.epoll()
        for number in numbers:
            self._ready.register(number, select.EPOLLIN)
        return self._ready.fileno()

    def close(self) -> None:
        """Kill what still runs, with all descendants, and release everything."""
        self._waiting.clear()
        self._in_flight.clear()
        for engine in self._engines.values():
            engine.close()
        self._close_ready()

    def _has_place(self, environment: Digest | None) -> bool:
        if self._max_running is None or len(self._in_flight) < self._max_running:
            return True
        own = self._engines.get(environment)
        return own is not None and all(engine is own for engine in self._in_flight.values())

    def _send(self, orders: Sequence[TaskOrder], *, is_gang: bool) -> None:
        try:
            engine = self._engine(orders[0].environment)
        except HeadwaterError as error:
            self._pending += [
                Ended(no_environment(order.run, order.key, order.attempt, error.message, error.hint))
                for order in orders
            ]
            return
        for order in orders:
            self._in_flight[order.key, order.attempt] = engine
        if is_gang:
            engine.submit_gang(orders)
        else:
            engine.submit(orders[0])

    def _engine(self, environment: Digest | None) -> LocalEngine:
        engine = self._engines.get(environment)
        if engine is None:
            engine = self._engines[environment] = self._start(environment)
        return engine

    def _take_all(self) -> list[Report]:
        reports, self._pending = self._pending, []
        for engine in self._engines.values():
            reports += self._note(engine.poll(0))
        while self._waiting and self._has_place(self._waiting[0].environment):
            self._send([self._waiting.popleft()], is_gang=False)
        for engine in self._engines.values():
            engine.flush()
        return reports

    def _note(self, reports: list[Report]) -> list[Report]:
        for report in reports:
            if isinstance(report, Ended):
                self._in_flight.pop((report.outcome.key, report.outcome.attempt), None)
        return reports

    def _sleep(self, pause: float) -> None:
        waiting = select.poll()
        is_writing = False
        for engine in self._engines.values():
            number = engine.fileno()
            if number is not None:
                waiting.register(number, select.POLLIN)
            is_writing = is_writing or engine.is_writing
        waiting.poll(int((min(pause, _WRITING_SECONDS) if is_writing else pause) * 1000) + 1)

    def _close_ready(self) -> None:
        if self._ready is not None:
            self._ready.close()
            self._ready = None
