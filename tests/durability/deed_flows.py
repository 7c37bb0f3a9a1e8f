"""Flows that do one unusual thing each: die in every way, leave processes behind, print, fill the disk, go wide."""

import ctypes
import hashlib
import os
import signal
import subprocess
import sys
import threading

from headwater import FlowSpec, Parameter, retry, step, timeout
from headwater import resources as resources_of


def tell(*words):
    """Say something to the test."""
    descriptor = os.open(os.environ["TOLD"], os.O_WRONLY)
    os.write(descriptor, " ".join(str(word) for word in words).encode() + b" ")
    os.close(descriptor)


def note(line):
    descriptor = os.open(os.environ["EXECUTIONS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


def noise(count, seed):
    """Give 64 characters a count that do not compress well, the same ones for the same seed."""
    return "".join(hashlib.sha256(f"{seed}{number}".encode()).hexdigest() for number in range(count))


def wait_for_ever():
    threading.Event().wait()


def deny_signals():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


class CauseFlow(FlowSpec):
    """Ends in the way that is asked for."""

    deed = Parameter("deed", default="exception")
    path = Parameter("path", default="")

    @step
    def start(self):
        self.before = 1
        print("the deed is", self.deed, flush=True)
        getattr(self, f"_{self.deed}")()
        self.next(self.end)

    @step
    def end(self):
        pass

    def _exception(self):
        raise ValueError("the value is wrong")

    def _sys_exit(self):
        sys.exit(3)

    def _os_exit(self):
        os._exit(5)

    def _segv(self):
        ctypes.string_at(0)

    def _abort(self):
        os.abort()

    def _sigterm(self):
        os.kill(os.getpid(), signal.SIGTERM)
        wait_for_ever()

    def _killed(self):
        tell(os.getpid())
        wait_for_ever()

    def _memory_error(self):
        raise MemoryError("no room for the array")

    def _disk_full(self):
        with open(self.path, "wb") as file:
            file.write(b"x" * (4 << 20))

    def _import_error(self):
        import a_module_that_nobody_has  # noqa: F401

    def _unserialisable(self):
        self.answer = {"model": [1, threading.Lock()]}

    def _bad_transition(self):
        self.next(self.start)


class TimeoutFlow(FlowSpec):
    @timeout(seconds=1)
    @step
    def start(self):
        wait_for_ever()
        self.next(self.end)

    @step
    def end(self):
        pass


class HungryFlow(FlowSpec):
    @resources_of(memory=120, enforce=True)
    @step
    def start(self):
        self.held = [b"x" * 1_000_000 for _ in range(2_000)]
        self.next(self.end)

    @step
    def end(self):
        pass


class FamilyFlow(FlowSpec):
    """Leaves children of every kind behind, and goes on for ever."""

    stubborn = Parameter("stubborn", default=False)

    @step
    def start(self):
        if self.stubborn:
            deny_signals()
        children = [
            subprocess.Popen(["sleep", "1000"]),
            subprocess.Popen(["sleep", "1000"], start_new_session=True),
            subprocess.Popen(["sh", "-c", "trap '' TERM INT HUP; sleep 1000; sleep 1000"], start_new_session=True),
            # A daemon: its parent is gone, its session is its own.
            subprocess.Popen(["sh", "-c", "setsid sleep 1000 & setsid sleep 1000 & exit"]),
        ]
        children[-1].wait()
        note(f"start {os.getpid()}")
        tell(os.getpid(), *(child.pid for child in children))
        wait_for_ever()
        self.next(self.end)

    @step
    def end(self):
        pass


class DaemonFlow(FlowSpec):
    """Leaves a daemon behind in its first step, and looks for it in its last."""

    @step
    def start(self):
        made = subprocess.run(["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!"], stdout=subprocess.PIPE)
        self.pid = int(made.stdout)
        self.was_alive = os.path.exists(f"/proc/{self.pid}")
        self.next(self.end)

    @step
    def end(self):
        self.result = [self.was_alive, os.path.exists(f"/proc/{self.pid}")]


class CleanFlow(FlowSpec):
    """Waits in its second step when it runs for the first time, and tidies up when it is told to stop."""

    @step
    def start(self):
        note("start")
        self.x = 20
        self.next(self.work)

    @step
    def work(self):
        note("work")
        with open(os.environ["EXECUTIONS"]) as file:
            is_first = file.read().count("work") == 1
        if is_first:
            try:
                tell(os.getpid())
                wait_for_ever()
            finally:
                note("tidied")
        self.y = self.x + 1
        self.next(self.end)

    @step
    def end(self):
        note("end")
        self.result = self.y


class LinesFlow(FlowSpec):
    """Prints numbered lines on both streams, and is killed after the last."""

    lines = Parameter("lines", default=300)

    @step
    def start(self):
        for number in range(self.lines):
            print("out", number, flush=True)
            print("err", number, file=sys.stderr, flush=True)
        os.write(1, b"the unfinished one")
        os.kill(os.getpid(), signal.SIGKILL)
        self.next(self.end)

    @step
    def end(self):
        pass


class FloodFlow(FlowSpec):
    """Prints one line without an end, then many short ones."""

    megabytes = Parameter("megabytes", default=64)

    @step
    def start(self):
        block = b"y" * (1 << 20)
        for _ in range(self.megabytes):
            os.write(1, block)
        os.write(1, b"\n")
        for _ in range(self.megabytes):
            os.write(1, (b"z" * 127 + b"\n") * 8192)
        self.result = "printed"
        self.next(self.end)

    @step
    def end(self):
        pass


class WideFlow(FlowSpec):
    width = Parameter("width", default=1000)

    @step
    def start(self):
        self.numbers = range(self.width)
        self.next(self.body, foreach="numbers")

    @step
    def body(self):
        self.number = self.input
        self.next(self.join)

    @step
    def join(self, inputs):
        self.result = sum(each.number for each in inputs)
        self.next(self.end)

    @step
    def end(self):
        pass


class DiskFlow(FlowSpec):
    """Stores a megabyte and more in each of its steps."""

    @step
    def start(self):
        note("start")
        self.seeds = list(range(4))
        self.first = os.urandom(600_000)
        self.next(self.body, foreach="seeds")

    @step
    def body(self):
        note(f"body {self.input}")
        self.block = os.urandom(500_000 + self.input)
        self.small = [self.input] * 100
        self.next(self.join)

    @step
    def join(self, inputs):
        note("join")
        self.merge_artifacts(inputs, include=["first"])
        self.sizes = [len(each.block) for each in inputs]
        self.last = os.urandom(800_000)
        self.next(self.end)

    @step
    def end(self):
        note("end")
        self.result = [len(self.first), *self.sizes, len(self.last)]


class StoredFlow(FlowSpec):
    """Leaves every kind of stored thing behind."""

    word = Parameter("word", default=noise(200, "w"))
    items_count = Parameter("items-count", default=20)

    @step
    def start(self):
        import numpy

        self.array = numpy.arange(400_000, dtype="float64")
        self.text = noise(800, "t")
        self.small = {"one": 1}
        self.many = [noise(8, f"i{number}") for number in range(self.items_count)]
        self.next(self.body, foreach="many")

    @step
    def body(self):
        self.length = len(self.input)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.merge_artifacts(inputs, include=["array", "text", "small"])
        self.total = sum(each.length for each in inputs)
        self.next(self.read)

    @retry(times=0)
    @step
    def read(self):
        if os.environ.get("READ", "yes") == "no":
            raise RuntimeError("not read")
        self.result = [float(self.array.sum()), len(self.text), self.small["one"], self.total, len(self.word)]
        self.next(self.end)

    @step
    def end(self):
        pass


class HeldFlow(FlowSpec):
    """Stores, waits to be let go on, and reads what it stored."""

    @step
    def start(self):
        self.big = bytes(range(256)) * 8000
        self.small = 5
        self.next(self.hold)

    @step
    def hold(self):
        self.more = bytes(reversed(range(256))) * 8000
        tell("holds")
        with open(os.environ["LET_GO"]) as pipe:
            pipe.read(1)
        self.next(self.end)

    @step
    def end(self):
        self.result = [len(self.big), len(self.more), self.small]
