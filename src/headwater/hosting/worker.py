"""The processes of one version: a zygote that has loaded the service, and workers forked from it that answer.

Where forking is not safe, each worker is a process of this program that loads the service itself.

`python -P -m headwater.hosting.worker` is the zygote; the host's end of its control connection is descriptor 3. It
knows no database and starts no thread. Workers connect to the host's socket, one call at a time each.
"""

import gc
import os
import select
import signal
import socket
import sys
import traceback
from contextlib import suppress

from headwater.engines.exits import describe_status
from headwater.engines.forking import reason_not_to_fork
from headwater.engines.processes import adopt_orphans, die_with_parent
from headwater.hosting.frames import Begin, Born, Call, Died, Fork, Hello, Loaded, Unpacker, packed
from headwater.hosting.loading import load_serving
from headwater.hosting.serving import Serving

#: Descriptor of the connection to the host.
CONTROL = 3
_CHUNK = 1 << 20
#: Seconds between looks at children, should a signal be missed.
_INTERVAL = 0.5


def main() -> None:
    """Be a zygote until the host closes the connection; does not return."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.set_inheritable(CONTROL, False)
    control = socket.socket(fileno=CONTROL)
    unpacker = Unpacker()
    begin = _first(control, unpacker)
    try:
        serving = load_serving(begin.read_version(), begin.small)
    except BaseException as raised:  # noqa: BLE001 - whatever a user's module raises is told to the host
        control.sendall(packed(Loaded(error="".join(traceback.format_exception(raised, limit=-5)))))
        os._exit(1)
    if begin.number:
        control.sendall(packed(Loaded()) + packed(Born(begin.number, os.getpid())))
        _work(begin, begin.number, serving)
    reason = reason_not_to_fork()
    gc.collect()
    gc.freeze()
    control.sendall(packed(Loaded(spawn_reason=reason)))
    _Zygote(control, unpacker, begin, serving).run()
    os._exit(0)


def _first(control: socket.socket, unpacker: Unpacker) -> Begin:
    while True:
        received = control.recv(_CHUNK)
        if not received:
            os._exit(0)
        for frame in unpacker.feed(received):
            if isinstance(frame, Begin):
                return frame


class _Zygote:
    """Forks workers when the host asks, and tells of their deaths."""

    def __init__(self, control: socket.socket, unpacker: Unpacker, begin: Begin, serving: Serving) -> None:
        self._control = control
        self._unpacker = unpacker
        self._begin = begin
        self._serving = serving
        self._numbers: dict[int, int] = {}

    def run(self) -> None:
        """Serve until the host is gone; kills all workers before it returns."""
        adopt_orphans()
        woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        waiting = select.poll()
        waiting.register(self._control, select.POLLIN)
        waiting.register(woken, select.POLLIN)
        is_open = True
        while is_open:
            for descriptor, _ in waiting.poll(_INTERVAL * 1000):
                if descriptor == woken:
                    os.read(woken, 4096)
                else:
                    is_open = self._receive()
            self._reap()
        for pid in self._numbers:
            os.kill(pid, signal.SIGKILL)

    def _receive(self) -> bool:
        received = self._control.recv(_CHUNK)
        for frame in self._unpacker.feed(received):
            if isinstance(frame, Fork):
                self._fork(frame.number)
        return bool(received)

    def _fork(self, number: int) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            die_with_parent(parent)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._control.close()
            _work(self._begin, number, self._serving)
        self._numbers[pid] = number
        self._control.sendall(packed(Born(number, pid)))

    def _reap(self) -> None:
        while self._numbers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            number = self._numbers.pop(pid, None)
            if number is not None:
                with suppress(BrokenPipeError):  # the host is gone, as the next look at its connection shows
                    self._control.sendall(packed(Died(number, pid, describe_status(status))))


def _work(begin: Begin, number: int, serving: Serving) -> None:
    """Answer calls until the host closes the connection; does not return."""
    code = 0
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as host:
            host.connect(begin.address)
            host.sendall(packed(Hello(number, begin.token)))
            _answer_all(host, serving)
    except (ConnectionError, FileNotFoundError):
        pass  # the host is gone, and so are those who asked
    except BaseException:  # noqa: BLE001 - the last words of a process
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _answer_all(host: socket.socket, serving: Serving) -> None:
    unpacker = Unpacker()
    while received := host.recv(_CHUNK):
        for frame in unpacker.feed(received):
            if isinstance(frame, Call):
                # At once, although a write for several would be cheaper: were the next call the end of this process,
                # the host would blame this one.
                host.sendall(packed(serving.answer(frame)))


if __name__ == "__main__":
    main()
