"""What driver and zygote say to each other: messages as JSON, each after its length in 4 bytes.

Nothing here is ever unpickled. Orders and outcomes travel as raw JSON inside a message, so that the zygote
passes an outcome on without taking it apart.
"""

from collections.abc import Iterator
from typing import Union

import msgspec

from headwater.model.ids import TaskKey
from headwater.model.order import CodeSource
from headwater.model.outcome import TaskError
from headwater.model.ports import LogLine


class Begin(msgspec.Struct, frozen=True, tag="begin", omit_defaults=True):
    """Driver: import this module, then take orders."""

    code: CodeSource
    #: Working folder; empty = that of the driver.
    folder: str = ""
    #: Attempts at work at once; orders beyond wait in the zygote. None = no bound.
    max_running: int | None = None
    #: Seconds that an attempt gets beyond its `@timeout` before it is killed.
    timeout_margin: float = 5.0
    #: Bytes of one attempt's log file at which the rest is left out.
    max_log_bytes: int = 1 << 30
    #: Set when every attempt is to have an interpreter of its own: why.
    spawn_reason: str = ""


class Submit(msgspec.Struct, frozen=True, tag="submit"):
    """Driver: start these attempts (JSON of `TaskOrder`s), all at once if they are a gang."""

    orders: tuple[msgspec.Raw, ...]
    is_gang: bool = False


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """Driver: stop an attempt, kill it after the grace."""

    key: TaskKey
    attempt: int
    grace_seconds: float


class Close(msgspec.Struct, frozen=True, tag="close"):
    """Driver: kill everything and go."""


class Ready(msgspec.Struct, frozen=True, tag="ready", omit_defaults=True):
    """Zygote: the module is there."""

    #: Seconds that the import took.
    importing: float
    #: Why attempts do not fork; empty = they do.
    spawn_reason: str = ""


class ImportFailed(msgspec.Struct, frozen=True, tag="import_failed"):
    """Zygote: the module does not import; every attempt will end so."""

    error: TaskError


class Began(msgspec.Struct, frozen=True, tag="began"):
    """Zygote: the attempt's process runs."""

    key: TaskKey
    attempt: int
    pid: int


class Printed(msgspec.Struct, frozen=True, tag="printed"):
    """Zygote: lines of an attempt, already in its log file."""

    key: TaskKey
    attempt: int
    lines: tuple[LogLine, ...]


class Said(msgspec.Struct, frozen=True, tag="said"):
    """Zygote: something that a person should know, once."""

    text: str


class Over(msgspec.Struct, frozen=True, tag="over"):
    """Zygote: the attempt and all that it had started are gone (JSON of its `Outcome`)."""

    key: TaskKey
    attempt: int
    outcome: msgspec.Raw


FromDriver = Union[Begin, Submit, Cancel, Close]
FromZygote = Union[Ready, ImportFailed, Began, Printed, Said, Over]

_encoder = msgspec.json.Encoder()
_HEAD = 4


def frame(message: FromDriver | FromZygote) -> bytes:
    """Give a message as bytes for the pipe."""
    body = _encoder.encode(message)
    return len(body).to_bytes(_HEAD, "big") + body


class FrameReader:
    """Collects bytes as they come and gives back whole message bodies."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, received: bytes) -> Iterator[bytes]:
        """Take bytes in; yields the body of every message that is complete."""
        held = self._held
        held += received
        start = 0
        while len(held) - start >= _HEAD:
            end = start + _HEAD + int.from_bytes(held[start : start + _HEAD], "big")
            if len(held) < end:
                break
            yield bytes(held[start + _HEAD : end])
            start = end
        if start:
            del held[:start]
