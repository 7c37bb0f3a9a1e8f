"""What host, zygote and workers say to each other: MessagePack with a length before it. Nobody unpickles anything."""

import struct
from typing import Union

import msgspec

from headwater.model.ids import Digest
from headwater.model.service import ServiceVersion

#: How a call's body is to be read.
JSON = 0
#: Open Inference Protocol: JSON, then binary tensors.
TENSORS = 1

_LENGTH = struct.Struct("<I")
_encoder = msgspec.msgpack.Encoder()


class Begin(msgspec.Struct, frozen=True, tag=1, array_like=True):
    """Host to zygote, first of all: what to load."""

    #: JSON of a `ServiceVersion`: its schemas are raw JSON.
    version: bytes
    #: Payloads of the small artifacts.
    small: dict[Digest, bytes]
    #: Where workers connect to, and what they say there to be let in.
    address: str
    token: str
    #: Be this worker yourself, where forking is not safe; 0 = be a zygote.
    number: int = 0

    def read_version(self) -> ServiceVersion:
        """Give the version."""
        return msgspec.json.decode(self.version, type=ServiceVersion)


class Loaded(msgspec.Struct, frozen=True, tag=2, array_like=True):
    """Zygote to host: it can fork workers; or why it cannot."""

    error: str = ""
    #: Why workers are started one by one; empty = they are forked.
    spawn_reason: str = ""


class Fork(msgspec.Struct, frozen=True, tag=3, array_like=True):
    """Host to zygote: start a worker."""

    number: int


class Born(msgspec.Struct, frozen=True, tag=4, array_like=True):
    """Zygote to host: the worker's process."""

    number: int
    pid: int


class Died(msgspec.Struct, frozen=True, tag=5, array_like=True):
    """Zygote to host: a worker's process is gone."""

    number: int
    pid: int
    #: In words: `was killed by SIGKILL`.
    how: str


class Hello(msgspec.Struct, frozen=True, tag=6, array_like=True):
    """Worker to host, when it connects."""

    number: int
    token: str


class Call(msgspec.Struct, frozen=True, tag=7, array_like=True):
    """Host to worker: requests to one endpoint, several when they were gathered."""

    endpoint: str
    form: int
    #: (request, body).
    items: list[tuple[int, bytes]]
    #: Bytes of JSON at the start of a body with binary tensors; 0 = all of it.
    json_length: int = 0
    #: What an answer with tensors calls the model, and its version.
    model: str = ""
    model_version: str = ""


class Answers(msgspec.Struct, frozen=True, tag=8, array_like=True):
    """Worker to host: answers to all requests of a call."""

    #: (request, HTTP status, body, bytes of JSON at its start when binary tensors follow).
    items: list[tuple[int, int, bytes, int]]
    #: Seconds that the user's method took, for all of them.
    seconds: float
    #: Rows that the method was given.
    rows: int = 1


Frame = Union[Begin, Loaded, Fork, Born, Died, Hello, Call, Answers]
_decoder = msgspec.msgpack.Decoder(Frame)


def packed(frame: Frame) -> bytes:
    """Give the bytes that go over the wire."""
    body = _encoder.encode(frame)
    return _LENGTH.pack(len(body)) + body


class Unpacker:
    """Cuts what comes over the wire into frames."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, received: bytes) -> list[Frame]:
        """Give the frames that are complete now.

        Raises:
            msgspec.DecodeError: it is none of ours.
        """
        held = self._held
        held += received
        found: list[Frame] = []
        start = 0
        while len(held) - start >= 4:
            end = start + 4 + _LENGTH.unpack_from(held, start)[0]
            if len(held) < end:
                break
            found.append(_decoder.decode(bytes(held[start + 4 : end])))
            start = end
        if start:
            del held[:start]
        return found
