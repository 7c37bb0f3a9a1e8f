"""The supervisor: imports the user's module once, then starts a process per attempt and looks after it to the end.

One thread, one loop, nothing polled but what has a deadline. It writes the log files, forwards lines and
outcomes, kills what has to be killed, and reports an attempt as over only when everything it started is gone.
"""

import faulthandler
import gc
import os
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import msgspec

from headwater.engines import limits, spawning
from headwater.engines.attempts import Attempt, OrderHead
from headwater.engines.child import Circumstances, Ends, RunAttempt, leave_family, run_and_leave, undo_supervision
from headwater.engines.exits import cancelled, corrected, failed_import, outcome_of
from headwater.engines.forking import reason_not_to_fork
from headwater.engines.frames import (
    Began,
    Begin,
    Cancel,
    Close,
    FrameReader,
    FromDriver,
    FromZygote,
    ImportFailed,
    Over,
    Printed,
    Ready,
    Said,
    Submit,
)
from headwater.engines.importing import LoadFailed, Prepare, import_quietly
from headwater.engines.processes import IS_LINUX, adopt_orphans, descendants_of, kill
from headwater.engines.reports import Reports
from headwater.engines.slots import Slot
from headwater.engines.spares import Spares
from headwater.engines.strays import PATIENCE, Strays
from headwater.model.outcome import Outcome, TaskError, Usage

#: Descriptor on which a zygote reports; orders come on descriptor 0.
REPORTS = 3

_CHUNK = 65536
#: Takes what `Prepare` gave and the folder of the store.
Rehearse = Callable[[RunAttempt, str], None]

#: So many orders in line are worth a rehearsal: it takes 10 ms, and saves each attempt after it 0.3.
_REHEARSE_FROM = 16
#: Seconds between looks at whether the driver is still our parent, in case others keep its end of the pipe open.
_PARENT_INTERVAL = 1.0


def serve(prepare: Prepare, rehearse: Rehearse | None = None) -> None:
    """Be a zygote until the driver closes or dies; does not return.

    Args:
        prepare: imports the user's module and gives the function that runs an attempt.
        rehearse: does what attempts do, so that many forks find it done; called once, when many are to come.
    """
    parent = os.getppid()
    commands = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.set_inheritable(REPORTS, False)
    Zygote(commands, REPORTS, parent, rehearse).run(prepare)
    os._exit(0)


class Zygote:
    """The loop and what it knows."""

    def __init__(self, commands: int, reports: int, parent: int, rehearse: Rehearse | None = None) -> None:
        self._commands = commands
        self._rehearse = rehearse
        self._reports = reports
        self._parent = parent
        self._reader = FrameReader()
        self._decoder = msgspec.json.Decoder(FromDriver)
        self._heads = msgspec.json.Decoder(OrderHead)
        self._begin: Begin | None = None
        self._spawn_reason = ""
        self._import_error: TaskError | None = None
        self._run_attempt: RunAttempt | None = None
        self._waiting: deque[Attempt] = deque()
        #: At work, by process.
        self._running: dict[int, Attempt] = {}
        self._started_count = 0
        #: What to call when a descriptor becomes readable.
        self._readers: dict[int, Callable[[], object]] = {}
        self._poll = select.poll()
        self._to_driver = Reports(reports, self._poll)
        self._spares = Spares(self._poll, self._become_attempt)
        self._strays = Strays()
        self._is_open = True
        self._kernel_kills = 0
        #: Bytes that a forked child starts with.
        self._resident = 0
        self._own = os.getpid()

    def run(self, prepare: Prepare) -> None:
        """Import, then serve until the end; kills all descendants before it returns."""
        adopt_orphans()
        self._watch_children()
        try:
            self._receive()
            if self._begin is not None:
                self._import(prepare, self._begin)
                os.set_blocking(self._commands, False)
                self._watch(self._commands, self._receive)
                while self._is_open:
                    self._turn()
        finally:
            self._kill_everybody()

    def _import(self, prepare: Prepare, begin: Begin) -> None:
        started = time.perf_counter()
        if begin.folder:
            os.chdir(begin.folder)
        try:
            self._run_attempt = import_quietly(prepare, begin.code, self._commands)
        except LoadFailed as failed:
            self._import_error = failed.error
            self._tell(ImportFailed(failed.error))
            return
        self._spawn_reason = begin.spawn_reason or reason_not_to_fork()
        self._strays.settle()
        self._kernel_kills = limits.kernel_kills()
        self._resident = 0 if self._spawn_reason else limits.resident_bytes(self._own)
        if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(line_buffering=True)
        # Forks inherit it: a crash of compiled code leaves Python's stack in the log.
        faulthandler.enable(2)
        gc.collect()
        gc.freeze()
        gc.disable()
        self._tell(Ready(time.perf_counter() - started, self._spawn_reason))

    # What comes in

    def _turn(self) -> None:
        if not self._to_driver.flush():
            self._is_open = False
        if len(self._waiting) >= _REHEARSE_FROM and self._rehearse is not None:
            self._prepare_for_many(self._rehearse, self._waiting[0].head.home)
        if not self._spawn_reason and self._import_error is None:
            self._spares.keep(self._started_count)
        for descriptor, _ in self._poll.poll(self._pause()):
            reader = self._readers.get(descriptor)
            if reader is not None:
                reader()
        self._keep_deadlines(time.monotonic())
        self._start_waiting()

    def _receive(self) -> None:
        try:
            received = os.read(self._commands, _CHUNK)
        except BlockingIOError:
            return
        if not received:
            self._is_open = False
            return
        for body in self._reader.feed(received):
            message = self._decoder.decode(body)
            if isinstance(message, Submit):
                self._take(message)
            elif isinstance(message, Cancel):
                self._cancel(message)
            elif isinstance(message, Begin):
                self._begin = message
            elif isinstance(message, Close):
                self._is_open = False

    def _take(self, submit: Submit) -> None:
        assert self._begin is not None
        now = time.monotonic()
        attempts = [
            Attempt(bytes(order), self._heads.decode(order), now, self._begin.max_log_bytes) for order in submit.orders
        ]
        if self._import_error is not None:
            for attempt in attempts:
                head = attempt.head
                self._over(attempt, failed_import(head.run, head.key, head.attempt, self._import_error))
        elif submit.is_gang:
            # Members need each other: none of them waits for a place.
            for attempt in attempts:
                self._start(attempt)
        else:
            self._waiting.extend(attempts)

    def _cancel(self, message: Cancel) -> None:
        name = (message.key, message.attempt)
        for attempt in self._waiting:
            if attempt.name == name:
                self._waiting.remove(attempt)
                self._over(attempt, cancelled(attempt.head.run, *name))
                return
        for attempt in self._running.values():
            if attempt.name == name:
                self._ask_to_stop(attempt, message.grace_seconds)
                return

    def _ask_to_stop(self, attempt: Attempt, grace_seconds: float) -> None:
        kill_at = time.monotonic() + grace_seconds
        attempt.kill_at = kill_at if attempt.kill_at is None else min(attempt.kill_at, kill_at)
        if not attempt.was_cancelled:
            attempt.was_cancelled = True
            try:
                os.killpg(attempt.pid, signal.SIGTERM)
            except ProcessLookupError:
                # It has not come to make its group.
                os.kill(attempt.pid, signal.SIGTERM)

    # Starting

    def _start_waiting(self) -> None:
        assert self._begin is not None
        bound = self._begin.max_running
        while self._waiting and (bound is None or len(self._running) < bound):
            self._start(self._waiting.popleft())

    def _start(self, attempt: Attempt) -> None:
        now = time.monotonic()
        attempt.queue_seconds = now - attempt.received_at
        attempt.started_at = time.time()
        if self._spawn_reason:
            attempt.slot = slot = self._spares.free_slot()
            arguments = ["attempt", str(self._own), f"{attempt.queue_seconds:.6f}", self._spawn_reason]
            attempt.pid = spawning.spawn(attempt.order, slot, arguments, attempt.head.options.environment)
        else:
            attempt.pid, slot = self._spares.take()
            attempt.slot = slot
            slot.give_order(attempt.order, attempt.queue_seconds)
        self._started_count += 1
        self._running[attempt.pid] = attempt
        self._readers[slot.stdout] = lambda: self._read_output(attempt, 0)
        self._readers[slot.stderr] = lambda: self._read_output(attempt, 1)
        timeout = attempt.head.options.timeout
        if timeout is not None:
            assert self._begin is not None
            attempt.kill_at = now + timeout.seconds + self._begin.timeout_margin
        self._tell(Began(attempt.head.key, attempt.head.attempt, attempt.pid))

    def _prepare_for_many(self, rehearse: Rehearse, home: str) -> None:
        """Touch once what every attempt touches, rather than let each fork copy its pages."""
        self._rehearse = None
        if self._run_attempt is not None and not self._spawn_reason:
            rehearse(self._run_attempt, home)
            gc.collect()
            gc.freeze()

    def _become_attempt(self, slot: Slot) -> None:
        """Be an attempt, in the forked child; does not return."""
        try:
            leave_family(self._own)
            os.dup2(slot.stdout_end, 1)
            os.dup2(slot.stderr_end, 2)
            os.close(self._commands)
            os.close(self._reports)
            undo_supervision()
            order, queue_seconds = slot.take_order()
            assert self._run_attempt is not None
            ends = Ends(slot.result, slot.secrets)
            run_and_leave(self._run_attempt, order, ends, Circumstances("fork", "", queue_seconds))
        finally:
            os._exit(1)

    # Looking after

    def _read_output(self, attempt: Attempt, number: int) -> bool:
        """Take one chunk of what it printed; False when there was none."""
        assert attempt.slot is not None
        try:
            chunk = os.read((attempt.slot.stdout, attempt.slot.stderr)[number], _CHUNK)
        except BlockingIOError:
            return False
        if chunk:
            self._show(attempt, number, chunk)
        return bool(chunk)

    def _show(self, attempt: Attempt, number: int, chunk: bytes) -> None:
        lines = attempt.take_output(number, chunk, time.time(), self._to_driver.is_slow)
        if lines:
            self._tell(Printed(attempt.head.key, attempt.head.attempt, tuple(lines)))
        if attempt.log.trouble and not attempt.is_trouble_told:
            attempt.is_trouble_told = True
            key = attempt.head.key
            self._tell(Said(f"the log of `{key}` ends early: {attempt.log.trouble} ({attempt.head.log_file})"))

    def _watch_children(self) -> None:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        # A handler has to be there for the wakeup descriptor to be written.
        signal.signal(signal.SIGCHLD, _nothing)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self._child_ended = reader
        self._watch(reader, self._reap)

    def _reap(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._child_ended, 4096)
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            attempt = self._running.pop(pid, None)
            if attempt is None:
                self._spares.lose(pid)
            else:
                attempt.status = status
                attempt.spent = usage.ru_utime, usage.ru_stime, usage.ru_maxrss
                self._strays.add(attempt)
        self._sweep(time.monotonic())

    def _sweep(self, now: float) -> None:
        """Finish the attempts whose process is gone, once nothing that they started is left."""
        if not self._strays:
            return
        over, notice = self._strays.sweep(now, self._running, self._spares.slot_by_pid)
        if notice:
            self._tell(Said(notice))
        for attempt in over:
            self._finish(attempt)

    def _note_death(self, attempt: Attempt) -> None:
        user_cpu, system_cpu, peak_kilobytes = attempt.spent
        attempt.usage = Usage(
            started_at=attempt.started_at,
            ended_at=time.time(),
            host=os.uname().nodename,
            pid=attempt.pid,
            user_cpu=user_cpu,
            system_cpu=system_cpu,
            peak_memory_bytes=max(0, peak_kilobytes * 1024 - self._resident),
            queue=attempt.queue_seconds,
            started_by="spawn" if self._spawn_reason else "fork",
            spawn_reason=self._spawn_reason,
        )
        if os.WIFSIGNALED(attempt.status) and os.WTERMSIG(attempt.status) == signal.SIGKILL:
            kills = limits.kernel_kills()
            attempt.was_kernel_short_of_memory = kills > self._kernel_kills
            self._kernel_kills = kills

    def _finish(self, attempt: Attempt) -> None:
        slot = attempt.slot
        assert slot is not None
        for number in (0, 1):
            while self._read_output(attempt, number):
                pass
            if attempt.has_rest(number):
                self._show(attempt, number, b"")
        text = slot.read_outcome()
        if attempt.head.options.secrets:
            slot.forget_secrets()
        if text and not attempt.was_cancelled:
            self._close_console(attempt)
            self._tell(Over(attempt.head.key, attempt.head.attempt, msgspec.Raw(text)))
        else:
            self._note_death(attempt)
            death = attempt.death()
            outcome = corrected(msgspec.json.decode(text, type=Outcome), death) if text else outcome_of(death)
            self._over(attempt, outcome)
        # One that was killed may not have taken its order out of the slot.
        del self._readers[slot.stdout], self._readers[slot.stderr]
        self._spares.give_back(slot, is_used_up=attempt.left_strays or bool(attempt.status))

    def _over(self, attempt: Attempt, outcome: Outcome) -> None:
        self._close_console(attempt)
        text = msgspec.Raw(msgspec.json.encode(outcome))
        self._tell(Over(attempt.head.key, attempt.head.attempt, text))

    def _close_console(self, attempt: Attempt) -> None:
        attempt.log.close()
        if notice := attempt.forwarding.notice(time.time()):
            self._tell(Printed(attempt.head.key, attempt.head.attempt, tuple(notice)))

    # Deadlines

    def _pause(self) -> int:
        """Give the milliseconds until something has to be looked at."""
        pause = _PARENT_INTERVAL
        now = time.monotonic()
        for attempt in self._running.values():
            if attempt.kill_at is not None:
                pause = min(pause, attempt.kill_at - now)
            if attempt.memory_limit:
                pause = min(pause, limits.INTERVAL)
        pause = self._strays.pause(now, pause)
        return max(0, int(pause * 1000) + 1) if pause > 0 else 0

    def _keep_deadlines(self, now: float) -> None:
        for attempt in self._running.values():
            if attempt.kill_at is not None and now >= attempt.kill_at:
                self._kill_late(attempt)
            elif attempt.memory_limit and attempt.memory is None:
                self._check_memory(attempt)
        self._sweep(now)
        if os.getppid() != self._parent:
            self._is_open = False

    def _kill_late(self, attempt: Attempt) -> None:
        timeout = attempt.head.options.timeout
        if timeout is not None and not attempt.was_cancelled:
            attempt.timeout_seconds = timeout.seconds
        attempt.kill_at = None
        self._kill_whole(attempt)

    def _check_memory(self, attempt: Attempt) -> None:
        limit = attempt.memory_limit
        held = limits.memory_held(attempt.pid, limit)
        if held > limit:
            attempt.memory = (limit, held)
            self._kill_whole(attempt)

    def _kill_whole(self, attempt: Attempt) -> None:
        kill([attempt.pid, *descendants_of(attempt.pid)])

    def _kill_everybody(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            alive = descendants_of(self._own) if IS_LINUX else list(self._running)
            kill(alive)
            try:
                while os.wait4(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return
            select.select([], [], [], 0.001)

    def _watch(self, descriptor: int, reader: Callable[[], None]) -> None:
        self._readers[descriptor] = reader
        self._poll.register(descriptor, select.POLLIN)

    def _tell(self, message: FromZygote) -> None:
        self._to_driver.tell(message)


def _nothing(number: int, stack: object) -> None:
    pass
