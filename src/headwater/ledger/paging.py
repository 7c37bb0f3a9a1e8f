"""Cursors: where a page of a list ended, as text that only the same question takes back.

They name runs by ULID: the numbers of rows would tell how many runs there are that the reader may not see.
"""

import msgspec

from headwater.ledger.database import Database
from headwater.model.errors import CursorRefused, UserMistake

#: What a row is sorted by, and the numbers and names that tell it from rows that are sorted alike.
Position = tuple[float | int | str, ...]

#: Sorts behind every number, and its negative before every one.
LAST = 1.7e308

#: Fields of queries that do not change what is listed, and in which order.
_OF_THE_PAGE = ("cursor", "limit", "projects", "targets")

#: Telling questions apart is all that it has to do; a module with a real checksum costs more to import.
_PRIME = 4294967291

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[int | float | str, ...]).decode


def cursor_at(query: msgspec.Struct, position: Position) -> str:
    """Give the cursor of the page that begins behind this position."""
    return _encode((_fingerprint(query), *position)).hex()


def position_of(query: msgspec.Struct, cursor: str, size: int) -> Position:
    """Give the position in a cursor, of as many parts as `size` says.

    Raises:
        CursorRefused: it is none, or that of another question.
    """
    try:
        fingerprint, *position = _decode(bytes.fromhex(cursor))
    except (ValueError, msgspec.DecodeError, UnicodeError) as error:
        raise CursorRefused("is none") from error
    if fingerprint != _fingerprint(query) or len(position) != size:
        raise CursorRefused("belongs to another list")
    return tuple(position)


def number_of(database: Database, name: float | int | str) -> int:
    """Give the number of the run that a cursor names.

    Raises:
        CursorRefused: there is no such run.
    """
    row = database.row(database.sql["run_position"], (name,))
    if row is None:
        raise CursorRefused("is none")
    return int(row[0])


def one_more(limit: int) -> int:
    """Give how many rows to read for a page of this size: one more than it has says that there is another page.

    Raises:
        UserMistake: there is no page of that size.
    """
    if limit < 1:
        raise UserMistake(f"a page cannot have {limit} rows", hint="ask for at least one")
    return limit + 1


def _fingerprint(query: msgspec.Struct) -> int:
    """Number the question; the size of its pages and who asks do not count."""
    fields = {name: value for name, value in msgspec.structs.asdict(query).items() if name not in _OF_THE_PAGE}
    told = type(query).__name__.encode() + msgspec.json.encode(fields, order="sorted")
    return int.from_bytes(told, "big") % _PRIME
