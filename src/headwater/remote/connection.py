"""Talks to one server: connections kept alive, everything tried again until the patience is used up.

Everything that is asked may be asked twice: each question says what it expects to find, so that a call that was
carried out, and whose answer was lost, changes nothing when it comes again.
"""

import http.client
import os
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from headwater.model.addresses import has_password, mask_address
from headwater.model.errors import ServerFailed, ServerNotReached, SettingMistake, UserMistake
from headwater.remote.problems import problem_in

Answer = TypeVar("Answer", bound=msgspec.Struct)
Read = TypeVar("Read")

#: Seconds that a server gets to take a connection, and to say something on it.
_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 30.0
#: Seconds for which a command tries a server that does not answer.
PATIENCE_SECONDS = 15.0
#: Seconds for which the driver of a run does: ten minutes are ridden out, with the start of the server after them.
DRIVER_PATIENCE_SECONDS = 900.0
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 5.0
#: Somebody waits so long before they are told what for.
_TELL_AFTER_SECONDS = 1.0
#: Answers of a server that is not there yet, or of what stands before it.
_NOT_READY = (429, 502, 503, 504)
#: Proves a right to somebody else's alias.
TOKEN_HEADER = "headwater-production-token"
#: A file is sent in blocks of this size.
BLOCK_BYTES = 1 << 20
#: And what is not a file in blocks of this one.
_BODY_BLOCK_BYTES = 256 << 10
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
#: What OpenSSL calls an answer in plain http.
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")

#: Tells whoever watches.
Tell = Callable[[str], None]


class Request(msgspec.Struct, frozen=True):
    """What is asked."""

    method: str
    #: Below the server's address.
    path: str
    body: bytes = b""
    #: Its content, instead of `body`.
    file: str | None = None
    #: Sent along as headers of that name.
    production_tokens: tuple[str, ...] = ()
    #: Seconds of silence that are no failure; None = as for all.
    silence_seconds: float | None = None


class Server:
    """A server, as one person or service sees it. May be used by several threads, and in forked children."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        is_insecure: bool = False,
        patience_seconds: float = PATIENCE_SECONDS,
        silence_seconds: float = _SILENCE_SECONDS,
        tell: Tell | None = None,
    ) -> None:
        """Take what it needs; connects on first use.

        Args:
            url: `https://ml.example.org` or `http://127.0.0.1:8501`.
            token: proves who asks.
            is_insecure: send the token in the open to another machine.
            patience_seconds: how long a server that does not answer is tried.
            silence_seconds: how long a server may take to say something.
            tell: told when a server does not answer, and when it does again; None = standard error.

        Raises:
            SettingMistake: the address is none, or would send the token in the open.
        """
        self.url = checked_url(url, is_insecure=is_insecure)
        self.patience_seconds = patience_seconds
        self._silence_seconds = silence_seconds
        self._headers = {"Authorization": f"Bearer {token}", "User-Agent": "headwater"}
        self._tell = tell or _print
        self._is_closed = self._is_hurried = False
        #: It was waited for in vain; until it answers again everything is tried only once.
        self.is_given_up = False
        self._mutex = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []
        self._process = os.getpid()
        self._context: ssl.SSLContext | None = None

    def ask(
        self,
        path: str,
        question: msgspec.Struct,
        answer: type[Answer],
        *,
        production_tokens: Sequence[str] = (),
        silence_seconds: float | None = None,
    ) -> Answer:
        """Ask and read the answer.

        Args:
            path: below the server's address.
            question: becomes the body.
            answer: what comes back.
            production_tokens: shown with it.
            silence_seconds: how long the server may take to say something; None = as to anything.

        Raises:
            HeadwaterError: as the server explains, with the class that it has there.
            ServerNotReached: it did not answer for as long as the patience lasts.
        """
        tokens = tuple(production_tokens)
        request = Request("POST", path, _encoded(question), production_tokens=tokens, silence_seconds=silence_seconds)
        return self.exchange(request, lambda response: _decoded(response, answer))

    def tell_to(self, path: str, question: msgspec.Struct) -> None:
        """Ask for something that has no answer; raises as `ask`."""
        self.exchange(Request("POST", path, _encoded(question)), lambda response: response.read())

    def look(self, path: str, answer: type[Answer]) -> Answer:
        """Read what is at an address; raises as `ask`."""
        return self.exchange(Request("GET", path), lambda response: _decoded(response, answer))

    def exchange(self, request: Request, read: Callable[[http.client.HTTPResponse], Read]) -> Read:
        """Send a request and let the answer be read, again and again until it succeeds; raises as `ask`."""
        patience = _Patience(self)
        while True:
            try:
                found = self._try(request, read)
            except ssl.SSLCertVerificationError as error:
                raise ServerNotReached(
                    f"{self.url} does not prove that it is itself: {error.verify_message}",
                    hint="SSL_CERT_FILE names the certificates that are trusted",
                ) from error
            except (OSError, http.client.HTTPException, _NotReady) as error:
                patience.wait(error)
            else:
                self.is_given_up = False
                patience.end()
                return found

    def close(self) -> None:
        """Close the connections; who waits for an answer stops waiting."""
        self._is_closed = True
        with self._mutex:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def in_background(self) -> "Server":
        """Give the same server for work that nobody waits for: it gives up soon, and says nothing."""
        quiet = Server.__new__(Server)
        quiet.__dict__.update(self.__dict__)
        quiet._mutex, quiet._idle = threading.Lock(), []
        quiet.patience_seconds = 0.0
        quiet._tell = lambda text: None
        return quiet

    def stop_waiting(self) -> None:
        """Try everything only once from now on; may be called by a signal's handler."""
        self._is_hurried = True

    @property
    def is_hurried(self) -> bool:
        """Nobody wants to wait any more."""
        return self._is_hurried or self._is_closed or self.is_given_up

    def say(self, text: str) -> None:
        """Tell whoever watches."""
        self._tell(text)

    def _try(self, request: Request, read: Callable[[http.client.HTTPResponse], Read]) -> Read:
        silence_seconds = request.silence_seconds
        connection, was_used = self._connection(self._silence_seconds if silence_seconds is None else silence_seconds)
        try:
            try:
                response = self._sent(connection, request)
            except (OSError, http.client.HTTPException):
                if not was_used or isinstance(sys.exception(), TimeoutError):
                    raise
                # The server had closed it meanwhile: that is no failure.
                connection.close()
                response = self._sent(connection, request)
            found = self._read(response, read)
        except BaseException:
            connection.close()
            raise
        self._keep(connection, response)
        return found

    def _sent(self, connection: http.client.HTTPConnection, request: Request) -> http.client.HTTPResponse:
        headers = dict(self._headers)
        if request.file is None:
            if request.body or request.method != "GET":
                headers["Content-Type"] = "application/json"
                headers["Content-Length"] = str(len(request.body))
            connection.putrequest(request.method, request.path, skip_accept_encoding=True)
            for token in request.production_tokens:
                connection.putheader(TOKEN_HEADER, token)
            for name, value in headers.items():
                connection.putheader(name, value)
            # In blocks, because a connection's time-out is for all that is handed to it at once.
            connection.endheaders(_blocks(request.body) if request.body else None)
        else:
            headers["Content-Type"] = "application/octet-stream"
            headers["Content-Length"] = str(os.path.getsize(request.file))
            with open(request.file, "rb") as file:
                connection.request(request.method, request.path, file, headers)
        return connection.getresponse()

    def _read(self, response: http.client.HTTPResponse, read: Callable[[http.client.HTTPResponse], Read]) -> Read:
        # A head that broke off looks like one of an answer that ends with its connection; ours never do.
        if response.length is None and not response.chunked:
            raise http.client.IncompleteRead(b"")
        if response.status < 300:
            return read(response)
        body = response.read(1 << 20)
        if response.status in _NOT_READY:
            raise _NotReady(response.status, _seconds(response.headers.get("Retry-After", "")))
        raise problem_in(self.url, response.status, body)

    def _connection(self, silence_seconds: float) -> tuple[http.client.HTTPConnection, bool]:
        with self._mutex:
            if self._process != os.getpid():  # a child shares no connection with its parent
                self._idle, self._process = [], os.getpid()
            connection = self._idle.pop() if self._idle else None
        if connection is not None and connection.sock is not None:
            connection.sock.settimeout(silence_seconds)
            return connection, True
        return self._new(silence_seconds), False

    def _new(self, silence_seconds: float) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        if parts.scheme == "https":
            if self._context is None:
                self._context = ssl.create_default_context()
            made: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=_CONNECT_SECONDS, context=self._context, blocksize=BLOCK_BYTES
            )
        else:
            made = http.client.HTTPConnection(
                parts.hostname, parts.port, timeout=_CONNECT_SECONDS, blocksize=BLOCK_BYTES
            )
        made.connect()
        made.sock.settimeout(silence_seconds)
        made.timeout = silence_seconds
        return made

    def _keep(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        # What was not read to its end would be taken for the next answer.
        if not response.isclosed() or response.will_close or self._is_closed:
            connection.close()
            return
        with self._mutex:
            self._idle.append(connection)


class _NotReady(Exception):
    """The server says that it is not ready."""

    def __init__(self, status: int, seconds: float | None) -> None:
        super().__init__(f"it answers {status} {http.client.responses.get(status, '')}".rstrip())
        #: When it wants to be asked again.
        self.seconds = seconds


class _Patience:
    """Waits between two tries, longer each time, and gives up in the end."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._began = time.monotonic()
        self._pause = _FIRST_PAUSE_SECONDS
        self._has_told = False

    def wait(self, error: Exception) -> None:
        """Wait before the next try.

        Raises:
            ServerNotReached: it was tried for long enough.
        """
        waited = time.monotonic() - self._began
        patience = self._server.patience_seconds
        reason = reason_text(error)
        if waited >= patience or self._server.is_hurried:
            self._server.is_given_up = True
            raise ServerNotReached(
                f"{self._server.url} does not answer: {reason}; tried for {waited:.0f} s",
                hint=_silence_hint(self._server.url, error),
            ) from error
        if waited >= _TELL_AFTER_SECONDS and not self._has_told:
            self._has_told = True
            self._server.say(f"{self._server.url} does not answer ({reason}); trying for {duration_text(patience)}")
        # From half to the whole of the pause, so that not everybody comes back at once.
        pause = self._pause * (0.5 + os.urandom(1)[0] / 512)
        if isinstance(error, _NotReady) and error.seconds is not None:
            pause = min(max(pause, error.seconds), _LONGEST_PAUSE_SECONDS)
        time.sleep(min(pause, max(0.0, patience - waited)))
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)

    def end(self) -> None:
        """Say that it answers again, to whom the contrary was told."""
        if self._has_told:
            waited = time.monotonic() - self._began
            self._server.say(f"{self._server.url} answers again, after {duration_text(waited)}")


def checked_url(url: str, *, is_insecure: bool = False) -> str:
    """Give the address of a server without what follows its port.

    Raises:
        SettingMistake: it is none, or a token would go there in the open.
    """
    if has_password(url):
        hint = "leave them out; it is asked for a token"
        raise SettingMistake(f"{mask_address(url)} holds a user or a password", hint=hint)
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise SettingMistake(f"{url} is no address of a server: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise SettingMistake(f"{url} is no address of a server", hint=f"such as {_nearest_url(url)}")
    if parts.path not in ("", "/"):
        raise SettingMistake(f"{url} goes on behind the port", hint=f"give {parts.scheme}://{parts.netloc}")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not is_insecure:
        raise SettingMistake(
            f"{url} would get the token in the open, for everybody on the way to read",
            hint="use https, a tunnel to 127.0.0.1, or `headwater login --insecure`",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")


def _nearest_url(text: str) -> str:
    host = text.partition(":")[0]
    if "/" in text or not (host in _LOOPBACK or "." in host):
        return "https://ml.example.org"
    return f"{'http' if host in _LOOPBACK else 'https'}://{text}"


def _silence_hint(url: str, error: Exception) -> str:
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return "what answers there speaks no TLS: a server of Headwater itself speaks http, behind something that does"
    parts = urlsplit(url)
    if isinstance(error, ConnectionRefusedError) and parts.port is None and parts.scheme == "http":
        return f"is the port missing? `headwater up` answers at {url}:8501 unless it is told otherwise"
    return "is it running there, and is the network up? What was not delivered is kept; try again"


def _blocks(body: bytes) -> Iterator[memoryview]:
    view = memoryview(body)
    for start in range(0, len(view), _BODY_BLOCK_BYTES):
        yield view[start : start + _BODY_BLOCK_BYTES]


def _encoded(question: msgspec.Struct) -> bytes:
    try:
        return msgspec.json.encode(question)
    except UnicodeEncodeError as error:
        raise UserMistake(f"what was asked cannot be sent: {error}") from error


def _decoded(response: http.client.HTTPResponse, answer: type[Answer]) -> Answer:
    try:
        return msgspec.json.decode(response.read(), type=answer)
    except msgspec.DecodeError as error:
        raise ServerFailed(
            f"the server answered what this Headwater does not understand: {error}", hint="are both of one version?"
        ) from error


def _seconds(value: str) -> float | None:
    return float(value) if value.isdigit() else None


def reason_text(error: BaseException) -> str:
    """Say in some words why a server was not reached."""
    if isinstance(error, TimeoutError):
        return "it is silent"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return str(error) or type(error).__name__


def duration_text(seconds: float) -> str:
    """Give seconds as people say them."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _print(text: str) -> None:
    sys.stderr.write(f"headwater: {text}\n")
    sys.stderr.flush()
