"""Replaces the values of secrets in whatever is kept or shown: in whole texts, and in streams that come in pieces.

Where two values overlap, no part of either is left. A stream holds back no more than the end of what came that might
be the beginning of a value, so it is never longer than one, and the order of its bytes stays.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from headwater.model.masked_forms import SHORTEST, forms_of

MASK = "***"
#: Tells the supervisor of an attempt the values that it has to mask in what the attempt prints.
TellSecrets = Callable[[Sequence[str]], None]

_MASK = MASK.encode()


class Masker:
    """Knows the values that must not be seen; gives texts without them."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values for form in forms_of(value)}
        #: Every way to write a value, longest first, so that the longest one at a place is found.
        self.forms = sorted(forms, key=lambda form: (-len(form), form))
        self._longest = len(self.forms[0]) if forms else 0
        #: By their first bytes: an expression of whole values takes long to compile.
        self._by_start: dict[bytes, list[bytes]] = {}
        for form in self.forms:
            self._by_start.setdefault(form[:SHORTEST], []).append(form)
        self._starts = re.compile(b"|".join(map(re.escape, self._by_start)) or rb"(?!)").search
        #: Beginnings that are shorter than that.
        self._short_starts = {form[:length] for form in forms for length in range(1, SHORTEST)}

    def mask(self, text: str) -> str:
        """Give the text with `***` for each value in it."""
        encoded = text.encode("utf-8", "surrogatepass")
        if self._starts(encoded) is None:
            return text
        return _decoded(self.mask_bytes(encoded))

    def mask_start(self, text: str, most: int) -> str:
        """Give at least the first `most` characters masked, if the text has so many; for texts that are cut afterwards.

        Costs no more for a longer text; a value that begins before the cut is never seen in part.
        """
        if len(text) <= most + self._longest:
            return self.mask(text)
        return _decoded(MaskedStream(self).feed(text[: most + self._longest].encode("utf-8", "surrogatepass")))

    def mask_bytes_start(self, content: bytes | bytearray, most: int) -> bytes:
        """As `mask_start`, for bytes."""
        if len(content) <= most + self._longest:
            return self.mask_bytes(bytes(content))
        return MaskedStream(self).feed(bytes(content[: most + self._longest]))

    def mask_bytes(self, text: bytes) -> bytes:
        """As `mask`."""
        parts, end = self.parts(text)
        return b"".join([*parts, text[end:]])

    def parts(self, text: bytes, covered: int = 0, until: int | None = None) -> tuple[list[bytes], int]:
        """Give what is to be shown up to the end of the last value, and where that is.

        Args:
            text: what may hold values.
            covered: bytes at its beginning for which a mask was shown already.
            until: place from which on values are not looked for yet; None = all are.
        """
        parts: list[bytes] = []
        end, place = covered, 0
        while (found := self._find(text, place)) is not None:
            start, found_end = found
            if until is not None and start >= until:
                break
            if found_end > end:
                if start >= end:
                    parts += (text[end:start], _MASK)
                end = found_end
            place = start + 1
        return parts, end

    def begun_at(self, text: bytes) -> int:
        """Give the first place from which the rest of the text is the beginning of a value; its length if none is."""
        length = len(text)
        place = max(0, length - self._longest + 1)
        while (found := self._starts(text, place)) is not None:
            start = found.start()
            rest = text[start:]
            if any(len(form) > len(rest) and form.startswith(rest) for form in self._by_start[found[0]]):
                return start
            place = start + 1
        for start in range(max(0, length - SHORTEST + 1), length):
            if text[start:] in self._short_starts:
                return start
        return length

    def _find(self, text: bytes, place: int) -> tuple[int, int] | None:
        """Give begin and end of the first value from a place on, the longest there; None when there is none."""
        while (found := self._starts(text, place)) is not None:
            start = found.start()
            for form in self._by_start[found[0]]:
                if text.startswith(form, start):
                    return start, start + len(form)
            place = start + 1
        return None


class MaskedStream:
    """Masks bytes that come in pieces, as if they had come in one."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._held = b""
        #: Bytes of what is held that belong to a value whose mask was given already.
        self._covered = 0

    def feed(self, piece: bytes) -> bytes:
        """Take bytes in; gives those of which it is sure."""
        text = self._held + piece
        held_from = self._masker.begun_at(text)
        parts, end = self._masker.parts(text, self._covered, held_from)
        if held_from > end:
            parts.append(text[end:held_from])
        self._held = text[held_from:]
        self._covered = max(0, end - held_from)
        return b"".join(parts)

    @property
    def has_rest(self) -> bool:
        """Something is held."""
        return bool(self._held)

    def rest(self) -> bytes:
        """Give what is left at the end of the stream; a value that was cut off there is masked as well."""
        held, covered = self._held, self._covered
        self._held, self._covered = b"", 0
        if len(held) < SHORTEST:
            return held[covered:]
        return b"" if covered else _MASK


#: As `current`, but also for what surrounds a step: its failure is described, and its artifacts are saved, after it.
_active: ContextVar[Masker | None] = ContextVar("headwater_masker", default=None)
#: The same, innermost last, for threads that a step starts: a new thread begins with an empty context.
_of_process: list[Masker] = []


@contextmanager
def masking(masker: Masker) -> Iterator[None]:
    """Let `masked` and `masked_start` know these values inside the block, also in threads that it starts."""
    token = _active.set(masker)
    _of_process.append(masker)
    try:
        yield
    finally:
        _of_process.remove(masker)
        _active.reset(token)


def _masker() -> Masker | None:
    masker = _active.get()
    return masker if masker is not None or not _of_process else _of_process[-1]


def masked(text: str) -> str:
    """Give a text without the values of the secrets that are in use here; costs nothing when there are none."""
    masker = _masker()
    return text if masker is None else masker.mask(text)


def masked_start(text: str, most: int) -> str:
    """As `masked`, for a text that is to be cut after so many characters: call it before that."""
    masker = _masker()
    return text if masker is None else masker.mask_start(text, most)


def masked_bytes_start(content: bytes | bytearray, most: int) -> bytes | bytearray:
    """As `masked_start`, for bytes."""
    masker = _masker()
    return content if masker is None else masker.mask_bytes_start(content, most)


def _decoded(text: bytes) -> str:
    try:
        return text.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        # A value that is no text was found in the middle of a character.
        return MASK
