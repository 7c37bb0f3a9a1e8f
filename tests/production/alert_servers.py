"""Real servers on this machine: web servers and mail servers that take, refuse, redirect, hang, drip."""

import base64
import socket
import ssl
import threading
from contextlib import contextmanager, suppress

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Accepts connections and treats each in a thread of its own."""

    def __init__(self, treat, context=None):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.connections = 0
        self.ending = threading.Event()
        self._open = []
        self._treat = treat
        self._context = context
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            if self.ending.is_set():
                connection.close()
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection):
        connection.settimeout(20)
        with connection:
            try:
                if self._context is not None:
                    connection = self._context.wrap_socket(connection, server_side=True)
                with connection:
                    self._treat(connection)
            except OSError:
                return  # the other side has gone

    def close(self):
        self.ending.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        self.listening.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)


@contextmanager
def serving(treat, context=None):
    server = Server(treat, context)
    try:
        yield server
    finally:
        server.close()


class Web:
    """Requests that came, each answered with the same bytes."""

    def __init__(self, answer=ANSWER):
        self.answer = answer
        self.requests = []

    def __call__(self, connection):
        self.requests.append(read_request(connection))
        connection.sendall(self.answer)

    @property
    def bodies(self):
        return [body for _, body in self.requests]


def read_request(connection):
    """Give head and body of a request."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += received(connection)
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += received(connection)
    return head.decode(), body


def received(connection):
    got = connection.recv(65536)
    if not got:
        raise ConnectionError("the other side has gone")
    return got


class Hanging:
    """Takes whatever comes and never answers."""

    def __init__(self):
        #: Clients that gave up.
        self.left = 0

    def __call__(self, connection):
        while connection.recv(65536):
            pass
        self.left += 1


class Dripping:
    """Answers one byte after the other, for ever."""

    def __init__(self, first):
        self.first = first

    def __call__(self, connection):
        read_request(connection) if self.first.startswith(b"HTTP") else None
        connection.sendall(self.first)
        closed = threading.Event()
        while not closed.wait(0.05):
            connection.sendall(b"x")


class Mail:
    """A small mail server: it keeps what it was given."""

    def __init__(self, *, context=None, user=None, password=None, refused=(), says_tls=True):
        self.context = context
        self.user, self.password = user, password
        self.refused = refused
        self.says_tls = says_tls
        self.mails = []
        self.words = []
        self.was_secure = []

    def __call__(self, connection):
        if self._talk(connection):
            with self.context.wrap_socket(connection, server_side=True) as secured:
                self._talk(secured, says_hello=False)

    def _talk(self, connection, says_hello=True):
        """Serve one client; True when it is to go on with TLS."""
        file = connection.makefile("rwb", buffering=0)
        is_secure = isinstance(connection, ssl.SSLSocket)
        recipients = []

        def say(text):
            connection.sendall(text.encode() + b"\r\n")

        if says_hello:
            say("220 mail.test ready")
        while line := file.readline():
            words = line.decode().strip()
            self.words.append(words)
            verb = words.split(" ")[0].upper()
            if verb == "EHLO":
                offers = ["mail.test"]
                if self.context is not None and self.says_tls and not is_secure:
                    offers.append("STARTTLS")
                if self.user is not None:
                    offers.append("AUTH PLAIN")
                for place, offer in enumerate(offers):
                    say(f"250{' ' if place == len(offers) - 1 else '-'}{offer}")
            elif verb == "STARTTLS":
                say("220 go on")
                return True
            elif verb == "AUTH":
                given = base64.b64decode(words.split(" ")[2]).decode().split("\0")[1:]
                say("235 welcome" if given == [self.user, self.password] else "535 not you")
            elif verb == "RCPT":
                address = words.partition("<")[2].rstrip(">")
                if address in self.refused:
                    say("550 nobody of that name")
                else:
                    recipients.append(address)
                    say("250 ok")
            elif verb == "DATA":
                say("354 go on")
                text = []
                while (more := file.readline()) != b".\r\n":
                    text.append(more.decode().removeprefix("."))
                self.mails.append((tuple(recipients), "".join(text)))
                self.was_secure.append(is_secure)
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                break
            else:
                say("250 ok")
        return False
