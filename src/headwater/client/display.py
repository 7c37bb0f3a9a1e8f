"""How client objects show themselves in a terminal and in a notebook.

Names, tags, messages and previews come from users' code and may hold markup or escape sequences: nothing of them is
ever interpreted.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

_LONGEST_TEXT = 200


class Sheet(msgspec.Struct, frozen=True):
    """What is shown of an object; plain text everywhere."""

    title: str
    #: (label, text) pairs.
    facts: tuple[tuple[str, str], ...] = ()
    #: Column heads of the table below; empty = no table.
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


class Printer(Protocol):
    """What IPython hands to `_repr_pretty_`."""

    def text(self, text: str) -> None: ...


class Shown:
    """An object that shows itself as a sheet; `_sheet` says what is on it."""

    def _sheet(self) -> Sheet:
        return Sheet(repr(self))

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        printer.text(repr(self) if cycle else as_text(self._sheet()))

    def _repr_html_(self) -> str:
        return as_html(self._sheet())

    def __rich__(self) -> object:
        return as_rich(self._sheet())


def as_text(sheet: Sheet) -> str:
    """Give a sheet as aligned lines."""
    lines = [printable(sheet.title)]
    width = max((len(label) for label, _ in sheet.facts), default=0)
    lines += [f"  {label:<{width}}  {printable(text)}" for label, text in sheet.facts]
    cells = [sheet.heads, *sheet.rows] if sheet.rows else []
    shown = [[printable(cell) for cell in row] for row in cells]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines += ["  " + "  ".join(f"{cell:<{wide}}" for cell, wide in zip(row, widths, strict=True)) for row in shown]
    return "\n".join(line.rstrip() for line in lines)


def as_html(sheet: Sheet) -> str:
    """Give a sheet as HTML in which no text is markup."""
    facts = "".join(f"<tr><th>{escape(label)}</th><td>{escape(text)}</td></tr>" for label, text in sheet.facts)
    heads = "".join(f"<th>{escape(head)}</th>" for head in sheet.heads)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in sheet.rows)
    parts = [f"<b>{escape(sheet.title)}</b>"]
    if facts:
        parts.append(f"<table>{facts}</table>")
    if rows:
        parts.append(f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")
    return f"<div>{''.join(parts)}</div>"


def as_rich(sheet: Sheet) -> object:
    """Give a sheet as rich renders it; no text is markup."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[Table | Text] = [Text(printable(sheet.title), style="bold")]
    if sheet.facts:
        grid = Table.grid(padding=(0, 2))
        for label, text in sheet.facts:
            grid.add_row(Text(label, style="dim"), Text(printable(text)))
        parts.append(grid)
    if sheet.rows:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for head in sheet.heads:
            table.add_column(Text(head))
        for row in sheet.rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        parts.append(table)
    return Group(*parts)


def escape(text: str) -> str:
    """Make text safe inside of HTML elements and quoted attributes."""
    text = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#x27;")


def printable(text: str) -> str:
    """Show control characters, escape sequences and line ends as Python writes them, and cut what is long."""
    cut = text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in cut)


def duration(seconds: float | None) -> str:
    """Give a duration as people say it; empty for None."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def size(size_bytes: int) -> str:
    """Give a size as people say it."""
    amount, units = float(size_bytes), ("B", "kB", "MB", "GB")
    for unit in units:
        if amount < 1000:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def pairs(facts: Iterable[tuple[str, object]]) -> tuple[tuple[str, str], ...]:
    """Make facts of values, without those that are None or empty."""
    return tuple((label, value if isinstance(value, str) else repr(value)) for label, value in facts if _says(value))


def listed(names: Sequence[str], limit: int = 10) -> str:
    """Join names, and say how many are left out."""
    rest = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + rest


def _says(value: object) -> bool:
    return value is not None and value != ""
