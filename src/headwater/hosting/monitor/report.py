"""The page about a service's requests: one file with all that it needs, drawn without a script."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

import msgspec

from headwater.hosting.monitor.judge import MEDIUM, SMALL, Finding, statistics_of
from headwater.hosting.monitor.profile import Column, Measure, Profile
from headwater.hosting.monitor.windows import FEWEST_ROWS, WINDOW_SECONDS, Watching, Window
from headwater.hosting.monitor.wording import percent, sentence_of, span
from headwater.hosting.monitor.words import Words
from headwater.model.service import DeployedVersion

_WIDTH, _HEIGHT = 640, 120
#: Bins that are drawn side by side.
_MOST_BARS = 40
_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; --before: #8898; --now: #0a6; --off: #c33; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .25rem; }
h3 { font-size: 1rem; margin: 1rem 0 0; } p { margin: .25rem 0 .75rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
.before { fill: var(--before); } .now { fill: var(--now); } .line { stroke: var(--now); fill: none; stroke-width: 2; }
.limit { stroke: var(--off); stroke-dasharray: 4 4; } .axis { stroke: var(--line); }
.off { color: var(--off); font-weight: 600; } .small { opacity: .75; font-size: .9rem; }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin: 0 .3em 0 1em; }
.key.before { background: var(--before); } .key.now { background: var(--now); }
"""


class Seen(msgspec.Struct, frozen=True):
    """How the watch over a version stands, for the command and the page."""

    deployed: DeployedVersion
    #: None: it is being learned.
    profile: Profile | None
    watching: Watching | None
    #: Requests that were seen while it is learned.
    learned: int = 0
    #: Why the reference is of no use.
    problem: str = ""
    #: A look at what came since the last window, when somebody asked for it.
    current: Window | None = None
    #: Rows that came since the last window.
    waiting: int = 0


def report_page(seen: Seen) -> bytes:
    """Make the page."""
    name = f"{seen.deployed.service}, version {seen.deployed.number}"
    body = [f"<h1>Requests of {escape(name)}</h1>", *_standing(seen)]
    profile, watching = seen.profile, seen.watching
    window = None if watching is None else watching.last
    if profile is not None and watching is not None and window is not None:
        body += _window(profile, window, watching)
        if watching.last_day is not None:
            body.append("<h2>The last day</h2>")
            body += _window(profile, watching.last_day, watching, is_day=True)
    body += _truth(watching)
    if profile is not None and window is not None:
        body.append(_how(seen))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Requests of {escape(name)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>"
    ).encode()


def standing_words(seen: Seen) -> str:
    """Say in a sentence how the watch stands."""
    profile, watching = seen.profile, seen.watching
    if profile is None:
        needed = seen.deployed.version.definition.monitor.learn_from
        why = f" ({seen.problem})" if seen.problem else ""
        return f"normal input is being learned: {seen.learned:,} of {needed:,} requests{why}"
    if watching is None or watching.last is None:
        few = f"a window takes {FEWEST_ROWS} rows and {span(WINDOW_SECONDS)}"
        return f"no window yet: {seen.waiting:,} rows since {moment(_begin(seen))}; {few}"
    if not watching.standing:
        return f"nothing differs from {profile.origin}"
    names = [watching.last.names.get(name, name) for name in watching.standing]
    return f"{', '.join(names)}: not as in {profile.origin}"


def moment(at: float) -> str:
    """`2025-03-01 06:00:00 UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _begin(seen: Seen) -> float:
    return seen.deployed.at if seen.watching is None else seen.watching.looked_at


def _standing(seen: Seen) -> list[str]:
    words = standing_words(seen)
    is_off = seen.watching is not None and bool(seen.watching.standing)
    parts = [f"<p{' class=off' if is_off else ''}>{escape(words[0].upper() + words[1:])}.</p>"]
    profile = seen.profile
    if profile is None:
        return parts
    learned = (
        "" if not profile.is_learned else " There is no usable reference artifact: what came first counts as normal."
    )
    problem = f" {escape(profile.problem)}." if profile.problem else ""
    parts.append(
        f'<p class="small">Compared with {escape(profile.origin)} ({profile.rows:,} rows).{learned}{problem}</p>'
    )
    for name, one in (seen.watching.standing if seen.watching is not None else {}).items():
        parts.append(f'<p class="small">{escape(name)}: since {moment(one.since)} ({one.look} look).</p>')
    return parts


def _window(profile: Profile, window: Window, watching: Watching, *, is_day: bool = False) -> list[str]:
    took = f"{window.rows:,} rows from {moment(window.since)} to {moment(window.until)}"
    parts = [f'<p class="small">{took}<span class="key before"></span>before<span class="key now"></span>now</p>']
    off = {finding.key for finding in window.alarming}
    measures = {(column.name, measure.name): (column, measure) for column, measure in profile.measures}
    for column in profile.columns:
        own = [finding for finding in window.findings if finding.column == column.name]
        if not own:
            continue
        shown = window.names.get(column.name, column.name) or "value"
        heading = "h3" if is_day else "h2"
        parts.append(f"<{heading}>{escape(shown)}</{heading}>")
        rows = [(finding, *measures[column.name, finding.measure]) for finding in own]
        said = [
            sentence_of(about, measure, finding, window.new_values)
            for finding, about, measure in rows
            if finding.key in off
        ]
        parts += [f'<p class="off">{escape(sentence)}</p>' for sentence in said]
        parts.append(_table(rows, off))
        parts += [_bars(measure, finding) for finding, _, measure in rows if _is_drawn(measure)]
        if not is_day:
            parts += _words(window.words.get(column.name, Words()))
            parts.append(_history(column, watching))
    return parts


def _table(rows: Sequence[tuple[Finding, Column, Measure]], off: set[str]) -> str:
    heads = ("measure", "rows", "worth", "PSI", "KS", "chi-square, p", "Cohen's h", "p")
    head = "".join(
        f'<th scope="col"{"" if place == 0 else " class=number"}>{name}</th>' for place, name in enumerate(heads)
    )
    lines = []
    for finding, _, measure in rows:
        numbers = statistics_of(finding, measure)
        cells = (
            f"{finding.total_now:,}",
            f"{finding.worth:,.0f}",
            f"{numbers.psi:.3f}",
            "-" if numbers.ks is None else f"{numbers.ks:.3f}",
            f"{numbers.chi_square:.1f}, {numbers.chi_square_p:.2g}",
            f"{finding.effect:+.2f}",
            f"{finding.p_value:.2g}",
        )
        first = f"<td{' class=off' if finding.key in off else ''}>{escape(measure.name)}</td>"
        lines.append(f"<tr>{first}{''.join(f'<td class=number>{cell}</td>' for cell in cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _is_drawn(measure: Measure) -> bool:
    return measure.name not in ("missing", "new", "empty") and len(measure.bins) > 1


def _bars(measure: Measure, finding: Finding) -> str:
    """Draw the shares of the bins, before and now, side by side."""
    before = [count / max(1, finding.total_before) for count in finding.counts_before][:_MOST_BARS]
    now = [count / max(1, finding.total_now) for count in finding.counts_now][:_MOST_BARS]
    top = max([*before, *now, 0.01])
    width = _WIDTH / len(before)
    parts = []
    for place, (one, other) in enumerate(zip(before, now, strict=True)):
        title = f"<title>{escape(measure.bins[place])}: {percent(one)} before, {percent(other)} now</title>"
        for share, kind, offset in ((one, "before", 0.08), (other, "now", 0.5)):
            high = share / top * _HEIGHT
            left, up = place * width + offset * width, _HEIGHT - high
            place_of = f'x="{left:.1f}" y="{up:.1f}" width="{width * 0.42:.1f}" height="{high:.1f}"'
            parts.append(f'<rect class="{kind}" {place_of}>{title}</rect>')
        if len(before) <= 12:
            name = measure.bins[place] if len(measure.bins[place]) <= 12 else measure.bins[place][:11] + "…"
            parts.append(f'<text x="{place * width + 2:.1f}" y="{_HEIGHT + 14}">{escape(name)}</text>')
    label = escape(f"{measure.name}: share of each bin, before and now")
    return (
        f'<h3>{escape(measure.name)}</h3><svg viewBox="0 0 {_WIDTH} {_HEIGHT + 20}" role="img" aria-label="{label}">'
        f'<line class="axis" x1="0" y1="{_HEIGHT}" x2="{_WIDTH}" y2="{_HEIGHT}"/>{"".join(parts)}</svg>'
    )


def _truth(watching: Watching | None) -> list[str]:
    """Tell how answers compare with labels, look by look."""
    truth = None if watching is None else watching.truth
    if truth is None:
        return []
    parts = [f"<h2>Answers and labels</h2><p class=small>Compared with {escape(truth.usual.origin)}.</p>"]
    if truth.last is not None:
        off = {finding.key for finding in truth.last.alarming}
        measures = {(column.name, measure.name): (column, measure) for column, measure in truth.usual.measures}
        rows = [(finding, *measures[finding.column, finding.measure]) for finding in truth.last.findings]
        said = [sentence_of(about, measure, finding) for finding, about, measure in rows]
        kinds = ["off" if finding.key in off else "small" for finding, _, _ in rows]
        parts += [f"<p class={kind}>{escape(text)}</p>" for kind, text in zip(kinds, said, strict=True)]
        parts.append(_table(rows, off))
    for name in dict.fromkeys(name for _, _, means in truth.points for name in means):
        points = [(at, means[name]) for at, _, means in truth.points if name in means]
        parts.append(_line(f"{name}: share of wrong ones, or mean error", points))
    return parts


def _words(words: Words) -> list[str]:
    parts = []
    for title, shifts in (("more frequent words", words.more), ("rarer words", words.less)):
        if shifts:
            rows = "".join(
                f"<tr><td>{escape(one.word)}</td><td class=number>{percent(one.before)}</td>"
                f"<td class=number>{percent(one.now)}</td></tr>"
                for one in shifts
            )
            numbers = "".join(f'<th class=number scope="col">{name}</th>' for name in ("before", "now"))
            head = f'<th scope="col">{title}</th>{numbers}'
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
    return parts


def _history(column: Column, watching: Watching) -> str:
    """Draw how far the column was from the reference, window by window."""
    points = [(point.until, point.effects[column.name]) for point in watching.points if column.name in point.effects]
    return _line("Cohen's h of the measure that differs most", points, MEDIUM)


def _line(title: str, points: Sequence[tuple[float, float]], bound: float = 0.0) -> str:
    """Draw values over time, and a bound that they should keep below; nothing of one value alone."""
    if len(points) < 2:
        return ""
    top = max(1e-9, bound * 1.5, *(value for _, value in points))
    first, last = points[0][0], points[-1][0]
    scale = _WIDTH / max(1e-9, last - first)
    line = " ".join(f"{(at - first) * scale:.1f},{_HEIGHT * (1 - max(0.0, value) / top):.1f}" for at, value in points)
    high = _HEIGHT * (1 - bound / top)
    limit = f'<line class="limit" x1="0" y1="{high:.1f}" x2="{_WIDTH}" y2="{high:.1f}"/>' if bound else ""
    label = escape(f"{title}, from {moment(first)} to {moment(last)}, up to {top:.3g}")
    return (
        f"<h3>{escape(title)}, up to {top:.3g}</h3>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + 20}" role="img" aria-label="{label}">{limit}'
        f'<polyline class="line" points="{line}"/>'
        f'<text x="0" y="{_HEIGHT + 14}">{moment(first)}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT + 14}" text-anchor="end">{moment(last)}</text></svg>'
    )


def _how(seen: Seen) -> str:
    allowed = seen.deployed.version.definition.monitor.false_alarms
    return (
        '<h2>How to read this</h2><p class="small">People are told when a measure differs by more than a medium '
        f"amount (Cohen's h above {MEDIUM:g}) in a window, or by more than a small one (h above {SMALL:g}) in a day, "
        f"and chance does not explain it; at most {allowed:g} false alarms a month are expected over all columns and "
        "looks. <em>Worth</em> is how many independent rows these say as much as: requests come in bursts. PSI, KS and "
        "chi-square take all rows as independent: they are for comparing, not for deciding.</p>"
    )
