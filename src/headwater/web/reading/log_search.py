"""Looks for a text in a log file of any size: a slice at a time, for a bounded time, to go on where it stopped."""

import mmap
import os
import re
import time
from collections.abc import Callable, Iterator

import msgspec

from headwater.web.reading.log_pages import Stream

#: Bytes that are looked through between two looks at the clock.
_SLICE_BYTES = 1 << 20
#: What stands in front of a record's text.
_PREFIX = re.compile(rb"\d{1,12}\.\d{6} ([oeOE]) ")
_LETTERS = {"stdout": b"oO", "stderr": b"eE"}
#: Characters of a line that are given around its first hit.
_AROUND = 500


class Hit(msgspec.Struct, frozen=True):
    """A line in which the text occurs."""

    #: Where the line begins in the file.
    offset: int
    at: float
    stream: Stream
    #: The line, or what is around the first place.
    text: str


class Found(msgspec.Struct, frozen=True):
    """What one look came to."""

    hits: tuple[Hit, ...]
    #: Lines that have the text in the part that was looked through.
    count: int
    #: Where to go on; the file's size when all was looked through.
    end: int
    is_done: bool


class Looking(msgspec.Struct, frozen=True):
    """What is looked for."""

    text: str
    #: Capital letters count.
    is_exact: bool = False
    stream: Stream | None = None


def search(
    path: str, looking: Looking, offset: int, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
) -> Found:
    """Look through a log from an offset on, until it ends, there are so many hits, or the time is up.

    Only what tasks wrote is looked at, not the time stamps in front of it. Memory is bounded: the file is mapped.
    """
    pattern = pattern_of(looking)
    deadline = clock() + seconds
    try:
        file = open(path, "rb")  # noqa: SIM115
    except FileNotFoundError:
        return Found((), 0, 0, is_done=True)
    with file:
        size = os.fstat(file.fileno()).st_size
        if offset >= size:
            return Found((), 0, size, is_done=True)
        with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as mapped:
            return _search(mapped, pattern, looking.stream, offset, most, deadline, clock)


def pattern_of(looking: Looking) -> re.Pattern[bytes]:
    """Give what finds a text in bytes; letters of all scripts match their other case, unless case counts."""
    if looking.is_exact:
        return re.compile(re.escape(looking.text.encode("utf-8", "replace")))
    return re.compile(b"".join(_either_case(character) for character in looking.text), re.IGNORECASE)


def _either_case(character: str) -> bytes:
    forms = dict.fromkeys((character, character.lower(), character.upper()))
    encoded = [re.escape(form.encode("utf-8", "replace")) for form in forms]
    if character.isascii():  # what the flag is for
        return encoded[0]
    return encoded[0] if len(encoded) == 1 else b"(?:" + b"|".join(encoded) + b")"


def _search(
    mapped: mmap.mmap,
    pattern: re.Pattern[bytes],
    stream: Stream | None,
    offset: int,
    most: int,
    deadline: float,
    clock: Callable[[], float],
) -> Found:
    hits: list[Hit] = []
    count, size, at = 0, len(mapped), offset
    while at < size:
        # Up to the end of a line, so that nothing is cut in two.
        end = mapped.rfind(b"\n", at, min(size, at + _SLICE_BYTES)) + 1 or mapped.find(b"\n", at) + 1 or size
        for begin, stop, place in _lines(mapped, pattern, stream, at, end):
            count += 1
            hits.append(_hit(mapped, begin, stop, place))
            if len(hits) == most:
                return Found(tuple(hits), count, stop, is_done=stop >= size)
        at = end
        if clock() >= deadline:
            break
    return Found(tuple(hits), count, at, is_done=at >= size)


def _lines(
    mapped: mmap.mmap, pattern: re.Pattern[bytes], stream: Stream | None, at: int, end: int
) -> Iterator[tuple[int, int, int]]:
    """Yield begin, end and place of the hit of each line that has one in its text."""
    while (found := pattern.search(mapped, at, end)) is not None:
        begin = mapped.rfind(b"\n", 0, found.start()) + 1
        stop = mapped.find(b"\n", found.start(), end) + 1 or end
        prefix = _PREFIX.match(mapped, begin, stop)
        text_begin = begin if prefix is None else prefix.end()
        if found.start() < text_begin:
            found = pattern.search(mapped, text_begin, stop)
        letter = b"o" if prefix is None else prefix[1]
        if found is not None and (stream is None or letter in _LETTERS[stream]):
            yield begin, stop, found.start()
        at = stop


def _hit(mapped: mmap.mmap, begin: int, stop: int, place: int) -> Hit:
    prefix = _PREFIX.match(mapped, begin, stop)
    text_begin = begin if prefix is None else prefix.end()
    first = max(text_begin, place - _AROUND)
    text = mapped[first : min(stop, place + _AROUND)].rstrip(b"\n").decode("utf-8", "replace")
    at = 0.0 if prefix is None else float(mapped[begin : prefix.start(1) - 1])
    letter = b"o" if prefix is None else prefix[1]
    return Hit(begin, at, "stderr" if letter in b"eE" else "stdout", text)
