"""A TCP proxy between a client and a server that does what networks do: delays, breaks, swallows, goes away."""

import contextlib
import socket
import struct
import threading
import time

_CHUNK = 65536


class FaultProxy:
    """Stands on a port of its own; its faults are switched on and off while connections go through it."""

    def __init__(self, port):
        self.upstream = port
        #: Seconds by which each piece is late, in both directions.
        self.latency = 0.0
        #: Answers that are cut off before their first byte, after the server has given them.
        self.drop_replies = 0
        #: Bytes after which a request is cut off, once; None = never.
        self.reset_request_after = None
        #: Bytes after which an answer is cut off, once.
        self.reset_answer_after = None
        #: Nothing goes through, nothing is closed.
        self.is_silent = False
        #: How many faults there were.
        self.faults = 0
        self._mutex = threading.Lock()
        self._pairs = []
        self._open(0)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def _open(self, port):
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(200)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def go_away(self):
        """Refuse connections and cut those that are open."""
        # A thread that sleeps in accept keeps the port: shutdown wakes it.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def come_back(self):
        self._open(self.port)

    def cut(self):
        """Reset all connections."""
        with self._mutex:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                _reset(end)

    def close(self):
        self.go_away()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.upstream))
            except OSError:
                _reset(client)
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._mutex:
                self._pairs.append((client, server))
            for source, target, is_answer in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pump, args=(source, target, is_answer), daemon=True).start()

    def _pump(self, source, target, is_answer):
        passed = 0
        while True:
            try:
                piece = source.recv(_CHUNK)
                while self.is_silent:
                    time.sleep(0.01)
                if self.latency:
                    time.sleep(self.latency)
                if not piece or self._breaks(piece, passed, is_answer, source, target):
                    break
                target.sendall(piece)
                passed += len(piece)
            except OSError:
                break
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _breaks(self, piece, passed, is_answer, source, target):
        with self._mutex:
            if is_answer and self.drop_replies and piece.startswith(b"HTTP/"):
                self.drop_replies -= 1
            else:
                name = "reset_answer_after" if is_answer else "reset_request_after"
                after = getattr(self, name)
                if after is None or passed + len(piece) < after:
                    return False
                setattr(self, name, None)
                with contextlib.suppress(OSError):
                    target.sendall(piece[: max(0, after - passed)])
            self.faults += 1
        _reset(target)
        _reset(source)
        return True


def _reset(end):
    """Close so that the other side gets a reset instead of an end."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # A thread that reads from it would keep it open.
        end.shutdown(socket.SHUT_RDWR)
        end.close()
