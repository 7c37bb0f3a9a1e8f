"""What the attempts of these tests do, by the name of their step."""

import base64
import fcntl
import importlib
import os
import random
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable

from headwater.engines.importing import LoadFailed
from headwater.model.masking import TellSecrets
from headwater.model.order import CodeSource, TaskOrder
from headwater.model.outcome import Outcome, TaskError

#: Printed by some whatever they were given; masked only for those that were given it.
SECRET = "hunter2-precious"

#: What a step tells its test, in the outcome's summary.
Told = dict[str, float | int | str | bool | None]


def prepare(code: CodeSource) -> Callable[[TaskOrder, TellSecrets], Outcome]:
    """Import the module that the code names, if any, and give the attempt."""
    sys.path.insert(0, code.root)
    try:
        if code.module:
            importlib.import_module(code.module)
    except Exception as error:
        raise LoadFailed(TaskError(type(error).__name__, str(error))) from error
    return run


def run(order: TaskOrder, tell_secrets: TellSecrets) -> Outcome:
    """Do what the step's name says."""
    if order.step == "prints_before_it_tells":
        print("early", flush=True)
        wait_until_read(1)
    if order.options.secrets:
        tell_secrets(list(order.options.secrets[0].options.values()))
    told = ACTIONS[order.step](order) or {}
    return Outcome("outcome", 1, order.run, order.key, order.attempt, "ok", summary={"pid": os.getpid(), **told})


def prints(order: TaskOrder) -> None:
    print(f"first of {order.label}")
    print(f"second of {order.label}", flush=True)
    print("a warning", file=sys.stderr)
    print("no newline", end="")


def prints_and_is_killed(order: TaskOrder) -> None:
    print("last words")
    os.kill(os.getpid(), signal.SIGKILL)


def floods(order: TaskOrder) -> None:
    block = b"x" * 99 + b"\n"
    for _ in range(1000):
        os.write(1, block * 100)


def long_line(order: TaskOrder) -> None:
    print("y" * 150_000)


def says_where_it_is(order: TaskOrder) -> Told:
    return {
        "session": os.getsid(0),
        "group": os.getpgid(0),
        "parent": os.getppid(),
        "folder": os.getcwd(),
        "stdin": sys.stdin.read(),
        "pid": os.getpid(),
        "variable": os.environ.get("FROM_ORDER", ""),
    }


def waits(order: TaskOrder) -> None:
    print("waiting")
    while True:
        signal.pause()


def ignores_terminations(order: TaskOrder) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    waits(order)


def leaves_daemon(order: TaskOrder) -> None:
    """Start a grandchild that left the session, ignores SIGTERM and keeps stdout open."""
    print(f"daemon {_daemon()}")


def leaves_daemon_and_waits(order: TaskOrder) -> None:
    print(f"daemon {_daemon()}")
    waits(order)


def _daemon() -> int:
    reader, writer = os.pipe()
    if not os.fork():
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if not os.fork():
            os.write(writer, str(os.getpid()).encode())
            while True:
                signal.pause()
        os._exit(0)
    return int(os.read(reader, 20))


def starts_program_without_environment(order: TaskOrder) -> None:
    program = subprocess.Popen(["sleep", "600"], env={}, start_new_session=True)
    print(f"daemon {program.pid}")


def eats_memory(order: TaskOrder) -> None:
    eaten = []
    while True:
        eaten.append(bytearray(4_000_000))


def eats_some_memory(order: TaskOrder) -> None:
    eaten = bytearray(60_000_000)
    assert eaten


def forks_and_returns_twice(order: TaskOrder) -> Told:
    """Let a copy come back from the step after the original has told its outcome."""
    original = os.getpid()
    is_copy = not os.fork()
    while is_copy and os.getppid() == original:
        os.sched_yield()
    return {"is_copy": is_copy}


def leaves_thread_behind(order: TaskOrder) -> None:
    threading.Timer(0.05, lambda: print("from the thread")).start()


def breaks(order: TaskOrder) -> None:
    raise RuntimeError("not caught by the task")


def meets(order: TaskOrder) -> None:
    """Return only when all members of the gang are there."""
    assert order.gang is not None
    folder = order.home
    with open(os.path.join(folder, f"ready{order.gang.node_index}"), "w"):
        pass
    threading.Event()
    while len([name for name in os.listdir(folder) if name.startswith("ready")]) < order.gang.num_nodes:
        os.sched_yield()


def computes(order: TaskOrder) -> Told:
    numeric = importlib.import_module("numeric")
    return {"is_equal": numeric.work() == numeric.EXPECTED}


def computes_alone(order: TaskOrder) -> Told:
    from joblib import Parallel, delayed

    return {"sum": sum(Parallel(n_jobs=2)(delayed(abs)(number) for number in range(4)))}


def prints_secret_in_pieces(order: TaskOrder) -> None:
    seeded = random.Random(order.seed + order.label)
    text = (f"before {SECRET} after\n" * 20 + f"no newline {SECRET}").encode()
    while text:
        size = seeded.randint(1, 12)
        # Straight to the descriptor or through Python's streams, which is another way in the inline engine.
        sys.stdout.write(text[:size].decode())
        sys.stdout.flush()
        text = text[size:]


def prints_secret_in_a_long_line(order: TaskOrder) -> None:
    for before in range(65536 - 20, 65536 + 4):
        print("x" * before + SECRET + "y" * 10)


def prints_secret_in_base64(order: TaskOrder) -> None:
    for before in ("", "u", "us"):
        print(base64.b64encode(f"{before}{SECRET}".encode()).decode(), file=sys.stderr)


def starts_what_prints_secret(order: TaskOrder) -> None:
    subprocess.run(["sh", "-c", f"echo out {SECRET}; echo err {SECRET} >&2"], check=True)


def is_killed_in_the_middle_of_a_secret(order: TaskOrder) -> None:
    os.write(1, b"all well\nthe password is " + SECRET[:9].encode())
    os.kill(os.getpid(), signal.SIGKILL)


def breaks_with_secret(order: TaskOrder) -> None:
    raise RuntimeError(f"no answer for {SECRET}")


def wait_until_read(descriptor: int) -> None:
    unread = bytearray(4)
    while fcntl.ioctl(descriptor, termios.FIONREAD, unread) == 0 and any(unread):
        os.sched_yield()


def prints_secret(order: TaskOrder) -> None:
    print(f"the password is {SECRET}")


ACTIONS: dict[str, Callable[[TaskOrder], Told | None]] = {
    "nothing": lambda order: None,
    "prints_before_it_tells": lambda order: prints_secret(order),
    "exits": lambda order: os._exit(3),
    "exits_well": lambda order: os._exit(0),
    "is_killed": lambda order: os.kill(os.getpid(), signal.SIGKILL),
    "crashes": lambda order: os.kill(os.getpid(), signal.SIGSEGV),
    **{
        action.__name__: action
        for action in (
            prints,
            prints_secret,
            breaks_with_secret,
            prints_secret_in_pieces,
            prints_secret_in_a_long_line,
            prints_secret_in_base64,
            starts_what_prints_secret,
            is_killed_in_the_middle_of_a_secret,
            prints_and_is_killed,
            floods,
            long_line,
            says_where_it_is,
            waits,
            ignores_terminations,
            leaves_daemon,
            leaves_daemon_and_waits,
            starts_program_without_environment,
            eats_memory,
            eats_some_memory,
            forks_and_returns_twice,
            leaves_thread_behind,
            breaks,
            meets,
            computes,
            computes_alone,
        )
    },
}
