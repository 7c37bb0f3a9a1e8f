"""Flows that do what steps had better not do, and what strangers do all the same. Each checks itself."""

import io
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

from headwater import FlowSpec, catch, current, retry, step, timeout
from tests.flows.small_module import Kind, Model


class Local:
    """A class of the flow's own file."""

    def __init__(self, value):
        self.value = value


class OddError(Exception):
    """An exception that cannot say what it is."""

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


def square(number):
    return number * number


class ClassesFlow(FlowSpec):
    """Items and artifacts of classes that live in the flow's file and beside it."""

    @step
    def start(self):
        self.model = Model(Kind.FIRST, [1])
        self.things = [Local(1), Model(Kind.FIRST, []), Kind.FIRST]
        self.next(self.each, foreach="things")

    @step
    def each(self):
        assert self.model.kind is Kind.FIRST
        self.kind = type(self.input).__name__
        self.next(self.join)

    @step
    def join(self, inputs):
        assert [each.kind for each in inputs] == ["Local", "Model", "Kind"]
        assert [type(each.input) for each in inputs] == [Local, Model, Kind]
        self.next(self.end)

    @step
    def end(self):
        pass


class SpoilingFlow(FlowSpec):
    """Steps that change their process leave nothing behind for the next."""

    @step
    def start(self):
        self.here = os.getcwd()
        print("before")
        os.chdir("/")
        os.environ["SPOILED"] = "1"
        sys.stdout = io.StringIO()
        print("never seen")
        self.next(self.closing)

    @step
    def closing(self):
        assert os.getcwd() == self.here
        assert "SPOILED" not in os.environ
        sys.stdout.close()
        os.close(1)
        os.close(2)
        self.kept = 1
        self.next(self.forking)

    @step
    def forking(self):
        child = os.fork()
        if child:
            os.waitpid(child, 0)
        self.is_parent = child > 0
        self.next(self.leaving)

    @step
    def leaving(self):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        self.idle = subprocess.Popen(["sleep", "1000"]).pid
        self.next(self.end)

    @step
    def end(self):
        assert self.is_parent
        assert self.kept == 1
        assert not os.path.exists(f"/proc/{self.idle}"), "what a task started ends with it"
        print("after")


class ChangedInputsFlow(FlowSpec):
    """What a task does to its inputs stays its own."""

    @step
    def start(self):
        self.shared = {"marks": []}
        self.items = [["a"], ["b"]]
        self.next(self.change, foreach="items")

    @step
    def change(self):
        self.input.append("changed")
        self.shared["marks"].append(self.index)
        self.next(self.look)

    @step
    def look(self):
        assert self.input == ["ab"[self.index]]
        self.next(self.join)

    @step
    def join(self, inputs):
        assert [each.shared for each in inputs] == [{"marks": [0]}, {"marks": [1]}]
        inputs[0].shared["marks"].append("here only")
        self.merge_artifacts(inputs, include=["items"])
        self.next(self.end)

    @step
    def end(self):
        assert self.items == [["a"], ["b"]]


class DyingFlow(FlowSpec):
    """Every way to die is caught, and told apart."""

    @step
    def start(self):
        self.ways = ["kill", "crash", "leave", "leave well", "recurse", "odd", "exit", "interpreter", "live"]
        self.next(self.die, foreach="ways")

    @catch(var="failure", print_exception=False)
    @retry(times=1, minutes_between_retries=0)
    @step
    def die(self):
        self.attempt = current.retry_count
        match self.input:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "leave":
                os._exit(7)
            case "leave well":
                os._exit(0)
            case "recurse":
                endlessly(0)
            case "odd":
                raise OddError
            case "exit":
                sys.exit("enough")
            case "interpreter":
                raise GeneratorExit
        self.next(self.join)

    @step
    def join(self, inputs):
        self.told = {each.input: each.failure and f"{each.failure.type} {each.failure.exception}" for each in inputs}
        self.next(self.end)

    @step
    def end(self):
        expected = {
            "kill": "SIGKILL",
            "crash": "SIGSEGV",
            "leave": "exit code 7",
            "leave well": "exit code 0",
            "recurse": "builtins.RecursionError",
            "odd": "OddError",
            "exit": "enough",
            "interpreter": "builtins.GeneratorExit",
        }
        assert self.told.pop("live") is None
        assert {way: text for way, text in expected.items() if text not in self.told[way]} == {}


def endlessly(depth):
    return endlessly(depth + 1)


class BusyFlow(FlowSpec):
    """Threads, processes and programs inside of a step, and more printing than anybody reads."""

    @step
    def start(self):
        def flood(number):
            for line in range(2000):
                sys.stdout.write(f"thread {number} line {line}\n")

        threads = [threading.Thread(target=flood, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sys.stdout.flush()
        os.write(1, b"\xff\xfe no text\n" + b"x" * 200_000 + b"\n")
        self.next(self.work)

    @step
    def work(self):
        with multiprocessing.get_context("fork").Pool(2) as pool:
            self.squares = pool.map(square, range(4))
        subprocess.run(["echo", "said by a program"], check=True)
        self.next(self.end)

    @step
    def end(self):
        assert self.squares == [0, 1, 4, 9]


class WideFlow(FlowSpec):
    """A join that reads all inputs of a wide foreach."""

    @step
    def start(self):
        self.numbers = range(400)
        self.next(self.each, foreach="numbers")

    @step
    def each(self):
        self.squared = self.input**2
        self.next(self.join)

    @step
    def join(self, inputs):
        assert [each.squared for each in inputs] == [number**2 for number in range(400)]
        assert [each.input for each in inputs] == list(range(400))
        self.merge_artifacts(inputs, include=["numbers"])
        self.next(self.end)

    @step
    def end(self):
        assert self.numbers == range(400)


class StubbornFlow(FlowSpec):
    """A time limit reaches code that waits for ever."""

    @catch(var="failure", print_exception=False)
    @timeout(seconds=1)
    @step
    def start(self):
        while True:
            time.sleep(100)
        self.next(self.end)

    @step
    def end(self):
        assert "timed out" in self.failure.exception
