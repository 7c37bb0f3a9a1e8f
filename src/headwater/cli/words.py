"""How figures read: durations, sizes, times."""

import time


def duration(seconds: float) -> str:
    """`0.4 s`, `3 min 20 s`, `2 h 5 min`; clocks that went back read as 0."""
    seconds = max(0.0, seconds)
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def bytes_text(size: float) -> str:
    """`12 B`, `3.4 KiB`, `1.2 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("unreachable")


def slot_text(unix_seconds: float | None) -> str | None:
    """A slot in UTC and in the reader's zone, `2025-01-01 06:00 UTC, 2025-01-01 07:00 here`; None for none."""
    if unix_seconds is None:
        return None
    utc, here = time.gmtime(unix_seconds), time.localtime(unix_seconds)
    text = time.strftime("%Y-%m-%d %H:%M UTC", utc)
    return text if here.tm_gmtoff == 0 else f"{text}, {time.strftime('%Y-%m-%d %H:%M', here)} here"


def local_time(unix_seconds: float | None) -> str:
    """A time in the reader's zone; `-` when there is none."""
    return "-" if unix_seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix_seconds))
