"""Cuts live traffic into windows and spends the month's false alarms on looks at them; pure.

Looks at requests: a *quick* one at each window (a minute and 200 rows at least) sees at once what is far off, and a
*daily* one, whose blocks are two hours long, sees what is moderately off, whatever the time of day does to the traffic.
A third one looks at answers when labels came. Each look may be wrong with a probability in proportion to the time since
the one before it, so that all looks of a month together are expected to be wrong no more often than the service allows,
however many there are.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from headwater.hosting.monitor.columns import Row, aligned
from headwater.hosting.monitor.judge import FEWEST_BLOCKS, MEDIUM, SMALL, Finding, alarming, examine
from headwater.hosting.monitor.profile import Profile, Tally, tally_of, word_of
from headwater.hosting.monitor.words import Words, shifted_words
from headwater.model.service import MonitorOptions

MONTH_SECONDS = 30 * 86400.0
DAY_SECONDS = 86400.0
#: A window is at least so long, and has at least so many rows; the more rows are a sample.
WINDOW_SECONDS = 60.0
FEWEST_ROWS = 200
MOST_ROWS = 4000
#: Blocks of a quick look's window; seconds of a daily look's blocks.
_BLOCKS = 20
_DAY_BLOCK_SECONDS = 7200.0
#: No look may be wrong with a higher probability, however long ago the last one was.
_MOST_ALPHA = 0.02
#: Windows whose numbers are kept for the page.
_KEPT_WINDOWS = 240
#: New values are shown so far.
_LONGEST = 80

Look = Literal["quick", "daily", "labels"]
#: How the month's false alarms are divided among them.
_PARTS: Mapping[Look, float] = {"quick": 0.4, "daily": 0.4, "labels": 0.2}


class TimedRow(msgspec.Struct, frozen=True, array_like=True):
    """A row of a request, when it came and where it went."""

    at: float
    endpoint: str
    row: Row


class Standing(msgspec.Struct, frozen=True):
    """A column that differs from the reference, as far as is known."""

    since: float
    look: Look
    #: Where the alert stands: its cause; empty = people were told of this column before, less than a month ago.
    cause: str = ""


class Window(msgspec.Struct, frozen=True):
    """What a look at a window came to."""

    since: float
    until: float
    rows: int
    look: Look
    #: Probability with which this look was allowed to be wrong.
    alpha: float
    findings: tuple[Finding, ...] = ()
    #: Those that are no chance, the worst first.
    alarming: tuple[Finding, ...] = ()
    #: By text column.
    words: dict[str, Words] = {}
    #: By category column: the most frequent values that the reference does not have, with their shares.
    new_values: dict[str, tuple[tuple[str, float], ...]] = {}
    #: What requests call each column of the reference.
    names: dict[str, str] = {}


class Point(msgspec.Struct, frozen=True, array_like=True):
    """Of a past window, what the page draws."""

    until: float
    rows: int
    #: Cohen's h by column, of the measure that differs most.
    effects: dict[str, float]


class Watching(msgspec.Struct, frozen=True):
    """How the watch over one version stands; a file of the host."""

    service: str
    version: int
    #: End of the last window.
    looked_at: float
    day_since: float
    #: Two-hour blocks since then: (number of the block, what was counted).
    day_blocks: tuple[tuple[int, Tally], ...] = ()
    #: Column -> when people were told last.
    told: dict[str, float] = {}
    standing: dict[str, Standing] = {}
    last: Window | None = None
    last_day: Window | None = None
    points: tuple[Point, ...] = ()
    #: How answers compare with labels; None = there are too few labels yet.
    truth: "Truth | None" = None


class Truth(msgspec.Struct, frozen=True):
    """How the answers of a version compare with what turned out to be true."""

    #: How wrong its first answers were.
    usual: Profile
    #: Time of the last answer that was looked at.
    looked_at: float
    #: When the last look was.
    look_at: float
    last: Window | None = None
    #: (time, answers with labels, mean error by endpoint) of past looks.
    points: tuple[tuple[float, int, dict[str, float]], ...] = ()


def begin_watching(service: str, version: int, at: float) -> Watching:
    """Give the watch over a version as it begins."""
    return Watching(service, version, looked_at=at, day_since=at)


def is_full(rows: int, seconds: float) -> bool:
    """Whether a window may be looked at."""
    return rows >= FEWEST_ROWS and seconds >= WINDOW_SECONDS


def alpha_of(options: MonitorOptions, seconds: float, look: Look = "quick") -> float:
    """Give the probability with which a look may be wrong that comes so long after the one before of its kind."""
    return min(_MOST_ALPHA, options.false_alarms * _PARTS[look] * seconds / MONTH_SECONDS)


def look_at(profile: Profile, rows: Sequence[TimedRow], since: float, until: float, alpha: float) -> Window | None:
    """Compare a window with the reference; None when its requests have no column of it.

    Args:
        profile: what normal input looks like.
        rows: the rows of the window, in order of time.
        since: when it began.
        until: when it ended.
        alpha: probability with which the look may be wrong.
    """
    found = _blocks(profile, rows)
    return None if found is None else _window(profile, rows, found, since, until, alpha)


def after_window(
    watching: Watching, profile: Profile, rows: Sequence[TimedRow], until: float, options: MonitorOptions
) -> tuple[Watching, list[Window]]:
    """Take the next window in: gives the watch as it is then, and the looks that were due (the daily one comes last).

    Args:
        watching: how the watch stands.
        profile: what normal input looks like.
        rows: the rows since the last window, in order of time.
        until: end of the window.
        options: how many false alarms there may be.
    """
    found = _blocks(profile, rows)
    if found is None:
        return msgspec.structs.replace(watching, looked_at=until), []
    alpha = alpha_of(options, until - watching.looked_at)
    window = _window(profile, rows, found, watching.looked_at, until, alpha)
    blocks = _with_block(watching.day_blocks, found[0], until)
    effects: dict[str, float] = {}
    for finding in window.findings:
        effects[finding.column] = max(effects.get(finding.column, 0.0), finding.size)
    points = (*watching.points, Point(until, len(rows), effects))[-_KEPT_WINDOWS:]
    after = msgspec.structs.replace(watching, looked_at=until, day_blocks=blocks, last=window, points=points)
    looks = [window]
    if until - after.day_since >= DAY_SECONDS and len(blocks) >= FEWEST_BLOCKS:
        after, day = _look_at_day(after, profile, window, options)
        looks.append(day)
    return after, looks


def with_alarms(watching: Watching, window: Window) -> tuple[Watching, list[Finding]]:
    """Note what a look found; gives what people are to be told now: columns of which they were not told for a month."""
    columns = {finding.column for finding in window.alarming}
    limit = MEDIUM if window.look == "quick" else SMALL
    off = {finding.column for finding in window.findings if finding.size > limit}
    standing = {
        name: one for name, one in watching.standing.items() if one.look != window.look or name in off | columns
    }
    new = [column for column in columns if window.until - watching.told.get(column, -MONTH_SECONDS) >= MONTH_SECONDS]
    cause = cause_of(watching, window)
    for name in sorted(columns - set(standing)):
        standing[name] = Standing(window.until, window.look, cause if name in new else "")
    told = {**watching.told, **dict.fromkeys(new, window.until)}
    after = msgspec.structs.replace(watching, standing=standing, told=told)
    return after, [finding for finding in window.alarming if finding.column in new]


def cause_of(watching: Watching, window: Window) -> str:
    """Name what a look found: the same window is told once."""
    return f"drift:{watching.service}/{watching.version}:{window.look}@{int(window.until)}"


def _window(
    profile: Profile,
    rows: Sequence[TimedRow],
    found: tuple[list[Tally], dict[str, str]],
    since: float,
    until: float,
    alpha: float,
) -> Window:
    blocks, names = found
    findings = examine(profile, blocks, MEDIUM)
    return Window(
        since,
        until,
        len(rows),
        "quick",
        alpha,
        tuple(findings),
        tuple(alarming(findings, alpha)),
        _words(profile, rows, names),
        _new_values(profile, rows, names),
        names,
    )


def _look_at_day(
    watching: Watching, profile: Profile, window: Window, options: MonitorOptions
) -> tuple[Watching, Window]:
    seconds = window.until - watching.day_since
    findings = examine(profile, [tally for _, tally in watching.day_blocks], SMALL)
    alpha = alpha_of(options, seconds, "daily")
    day = msgspec.structs.replace(
        window,
        since=watching.day_since,
        rows=sum(tally.rows for _, tally in watching.day_blocks),
        look="daily",
        alpha=alpha,
        findings=tuple(findings),
        alarming=tuple(alarming(findings, alpha)),
    )
    return msgspec.structs.replace(watching, day_since=window.until, day_blocks=(), last_day=day), day


def names_of(profile: Profile, rows: Sequence[TimedRow]) -> dict[str, dict[str, str]]:
    """Say for each endpoint what its requests call the columns; endpoints without any of them are left out.

    While there is one endpoint alone, a column that its requests do not have is missing from them; with several, it may
    be none of theirs.
    """
    seen: dict[str, dict[str, None]] = {}
    for timed in rows:
        seen.setdefault(timed.endpoint, {}).update(dict.fromkeys(timed.row))
    columns = [column.name for column in profile.columns]
    found: dict[str, dict[str, str]] = {}
    for endpoint, names in seen.items():
        mapping = aligned(columns, list(names))
        if mapping is not None:
            missing = {column: column for column in columns if column not in mapping} if len(seen) == 1 else {}
            found[endpoint] = {**mapping, **missing}
    return found


def _blocks(profile: Profile, rows: Sequence[TimedRow]) -> tuple[list[Tally], dict[str, str]] | None:
    by_endpoint = names_of(profile, rows)
    kept = [timed for timed in rows if timed.endpoint in by_endpoint]
    if not kept:
        return None
    blocks = []
    for number in range(_BLOCKS):
        part = kept[number * len(kept) // _BLOCKS : (number + 1) * len(kept) // _BLOCKS]
        tally = Tally.empty(profile)
        for endpoint, names in by_endpoint.items():
            tally.add(tally_of(profile, [timed.row for timed in part if timed.endpoint == endpoint], names))
        blocks.append(tally)
    names = {column: name for mapping in by_endpoint.values() for column, name in mapping.items()}
    return blocks, names


def _with_block(
    known: Sequence[tuple[int, Tally]], blocks: Sequence[Tally], until: float
) -> tuple[tuple[int, Tally], ...]:
    """Add a window to the two-hour block in which it ended."""
    number = int(until // _DAY_BLOCK_SECONDS)
    whole = blocks[0]
    for block in blocks[1:]:
        whole.add(block)
    if known and known[-1][0] == number:
        whole.add(known[-1][1])
        return (*known[:-1], (number, whole))
    return (*known, (number, whole))


def _words(profile: Profile, rows: Sequence[TimedRow], names: Mapping[str, str]) -> dict[str, Words]:
    found = {}
    for column in profile.columns:
        if column.kind == "text":
            values = (timed.row.get(names.get(column.name, "")) for timed in rows)
            found[column.name] = shifted_words(column, [value for value in values if isinstance(value, str)])
    return found


def _new_values(
    profile: Profile, rows: Sequence[TimedRow], names: Mapping[str, str]
) -> dict[str, tuple[tuple[str, float], ...]]:
    found = {}
    for column in profile.columns:
        if column.kind == "category":
            values = [
                word_of(value) for timed in rows if (value := timed.row.get(names.get(column.name, ""))) is not None
            ]
            new = Counter(value for value in values if value not in column.known)
            found[column.name] = tuple((value[:_LONGEST], count / len(values)) for value, count in new.most_common(5))
    return found
