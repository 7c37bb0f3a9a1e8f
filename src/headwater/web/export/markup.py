"""HTML and SVG made from values: whatever is not markup already is escaped."""

from datetime import datetime
from html import escape

_VOID = frozenset({"meta", "img", "br", "line", "rect", "path", "circle"})


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, /, *children: str | None, **attributes: str | float | None) -> Markup:
    """Make an element.

    Args:
        name: its tag.
        children: markup as it is, texts escaped; None is left out.
        attributes: `class_` for `class`, `stroke_width` for `stroke-width`; None is left out.
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID and not children:
        return Markup(f"<{name}{told}/>")
    return Markup(f"<{name}{told}>{joined(*children)}</{name}>")


def joined(*children: str | None) -> Markup:
    """Put markup and texts one behind the other."""
    return Markup("".join(child if isinstance(child, Markup) else escape(_clean(child)) for child in children if child))


def when(at: float | None) -> str:
    """Write a Unix time in the zone of whoever writes, and say which one that is; empty for none."""
    return "" if at is None else datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def took(seconds: float | None) -> str:
    """Write a length of time; empty for none."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def size(count: int) -> str:
    """Write a number of bytes."""
    if count < 1000:
        return f"{count} bytes"
    power = min(4, (len(str(count)) - 1) // 3)
    return f"{count / 1000**power:.1f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"


def _text(value: str | float) -> str:
    return _clean(value) if isinstance(value, str) else f"{value:.6g}"


def _clean(text: str) -> str:
    """Replace what no document may hold: halves of characters, and control characters but tabs and newlines."""
    known = text.encode("utf-8", "replace").decode()
    return "".join(each if each in "\t\n" or each >= " " else "\N{REPLACEMENT CHARACTER}" for each in known)
