"""Tables and JSON on stdout; nothing in them can disturb a terminal, whatever people put into names and notes."""

import os
import re
import sys
from collections.abc import Sequence

import msgspec

from headwater.client.display import printable

#: Most characters of a cell.
_WIDEST = 60
_COLOURS = {
    "succeeded": "32",
    "running": "36",
    "queued": "36",
    "waiting": "33",
    "failed": "31",
    "caught": "33",
    "retrying": "33",
    "interrupted": "33",
    "cancelled": "33",
    "lost": "33",
}
#: Control characters that JSON does not escape.
_RAW_CONTROLS = re.compile("[\x7f-\x9f]")


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print aligned columns; numbers to the right, the column `status` in colours on a terminal."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(head), *(len(row[place]) for row in cells), 0) for place, head in enumerate(heads)]
    is_number = [all(isinstance(row[place], int | float | None) for row in rows) for place in range(len(heads))]
    for row in [list(heads), *cells]:
        padded = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_number, strict=True)
        ]
        print("  ".join(map(paint, padded)).rstrip())


def print_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Print `name  value` lines, without those that say nothing."""
    said = [(name, str(value)) for name, value in facts if value not in (None, "", ())]
    width = max((len(name) for name, _ in said), default=0)
    for name, value in said:
        print(f"{name:<{width}}  {paint(printable(value))}")


def paint(padded: str) -> str:
    """Colour a word that is a status, on a terminal that wants colours; other text stays as it is."""
    colour = _COLOURS.get(padded.strip())
    if colour is None or not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return padded
    return f"\x1b[{colour}m{padded}\x1b[0m"


def print_json(value: object) -> None:
    """Print one JSON document, indented."""
    print(_safe(msgspec.json.format(msgspec.json.encode(value), indent=2)))


def print_json_line(value: object) -> None:
    """Print one JSON document on one line."""
    print(_safe(msgspec.json.encode(value)))


def printable_lines(text: str) -> list[str]:
    """Split a text into lines that a terminal only shows; long ones are cut."""
    return [printable(line.replace("\t", "    ")) for line in text.split("\n")]


def _safe(encoded: bytes) -> str:
    return _RAW_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", encoded.decode())


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = printable(str(value))
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
