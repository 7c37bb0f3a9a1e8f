"""What is asked of a version, and what comes back."""

import asyncio

import msgspec

#: What a caller is told to wait before trying again, in seconds.
RETRY_AFTER = 1


class Refused(Exception):
    """A call is not taken, or given up; holds the HTTP status and what to tell the caller."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Answer(msgspec.Struct, frozen=True):
    """The answer to one call."""

    status: int
    body: bytes
    #: Bytes of JSON at its start when binary tensors follow; 0 = none do.
    json_length: int
    #: Seconds that it waited for a worker, and that the user's method took.
    queued: float
    computed: float
    #: How many calls were answered together.
    batch: int


class Asked(msgspec.Struct, frozen=True):
    """What a call asks for."""

    endpoint: str
    body: bytes
    form: int
    json_length: int


class Waiting(msgspec.Struct):
    """A call on its way."""

    number: int
    endpoint: str
    form: int
    body: bytes
    json_length: int
    #: When it came, and when it went to a worker.
    arrived: float
    sent: float
    future: asyncio.Future[Answer]
    #: A worker died under it: it goes to one more, and never to a third.
    is_repeated: bool = False
