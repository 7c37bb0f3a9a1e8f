"""Drawings of an exported run: when its tasks waited and ran, curves of metrics, histograms."""

from collections.abc import Sequence

from headwater.model.overviews import TaskSpan
from headwater.web.export.graph import TONES
from headwater.web.export.markup import Markup, element, took
from headwater.web.reading.metric_files import Curve

_WIDTH = 1040
_LEFT = 170
_ROW = 16
_TICKS = 6


def draw_timeline(rows: Sequence[Sequence[TaskSpan]], zero: float, end: float) -> Markup:
    """Draw tasks below each other, each with its attempts.

    Args:
        rows: the attempts of each task.
        zero: when the run started.
        end: when it ended, or now.
    """
    length = max(end - zero, 1e-6)
    scale = (_WIDTH - _LEFT - 10) / length
    height = len(rows) * _ROW + 26
    drawn = []
    for tick in range(_TICKS + 1):
        x = _LEFT + (_WIDTH - _LEFT - 10) * tick / _TICKS
        anchor = "end" if tick == _TICKS else "middle" if tick else "start"
        drawn.append(element("line", x1=x, x2=x, y1=18, y2=height, class_="grid"))
        drawn.append(element("text", took(length * tick / _TICKS), x=x, y=12, text_anchor=anchor, class_="soft"))
    for number, attempts in enumerate(rows):
        drawn.append(_task(attempts, zero, end, scale, 22 + number * _ROW))
    return element(
        "svg", *drawn, width=_WIDTH, height=height, viewBox=f"0 0 {_WIDTH} {height}", role="img", aria_label="timeline"
    )


def draw_curve(curve: Curve) -> Markup:
    """Draw the points of a metric against their steps, or their number where none were given."""
    points = [
        (float(number if step is None else step), value)
        for number, (step, value) in enumerate(zip(curve.steps, curve.values, strict=True))
        if value is not None
    ]
    if not points:
        return element("p", "no numbers", class_="soft")
    low, high = min(value for _, value in points), max(value for _, value in points)
    first, last = min(step for step, _ in points), max(step for step, _ in points)
    across, up = (last - first) or 1.0, (high - low) or 1.0
    drawn = " ".join(f"{40 + 350 * (x - first) / across:.1f},{100 - 85 * (y - low) / up:.1f}" for x, y in points)
    return element(
        "svg",
        element("polyline", points=drawn, class_="curve"),
        element("text", f"{high:.4g}", x=36, y=18, text_anchor="end", class_="soft"),
        element("text", f"{low:.4g}", x=36, y=104, text_anchor="end", class_="soft"),
        element("text", f"{first:g}", x=40, y=118, class_="soft"),
        element("text", f"{last:g}", x=390, y=118, text_anchor="end", class_="soft"),
        viewBox="0 0 400 122",
        role="img",
        aria_label="curve",
    )


def draw_histogram(counts: Sequence[float], low: object, high: object) -> Markup:
    """Draw the counts of equal bins."""
    most = max(counts, default=0) or 1
    width = 300 / max(1, len(counts))
    bars = [
        element(
            "rect", x=number * width, y=60 - 55 * count / most, width=width - 1, height=55 * count / most, class_="bar"
        )
        for number, count in enumerate(counts)
    ]
    return element(
        "svg",
        *bars,
        element("text", str(low)[:16], x=0, y=74, class_="soft"),
        element("text", str(high)[:16], x=300, y=74, text_anchor="end", class_="soft"),
        width=300,
        height=78,
        viewBox="0 0 300 78",
        role="img",
        aria_label="histogram",
    )


def _task(attempts: Sequence[TaskSpan], zero: float, end: float, scale: float, y: int) -> Markup:
    bars = []
    before = zero
    for span in attempts:
        stop = span.finished_at if span.finished_at is not None else end
        start = _LEFT + (span.started_at - zero) * scale
        waited_from = max(span.ready_at, before)
        before = stop
        if span.ready_at and waited_from < span.started_at:
            ready = _LEFT + (waited_from - zero) * scale
            bars.append(element("rect", x=ready, y=y + 4, width=start - ready, height=5, class_="wait"))
        width = max(1.5, (stop - span.started_at) * scale)
        tone = TONES.get(span.status, "busy")
        bars.append(element("rect", x=start, y=y, width=width, height=12, rx=2, class_=f"{tone} fill"))
    last = attempts[-1]
    name = f"{last.step}/{last.label}"
    tries = f", {len(attempts)} attempts" if len(attempts) > 1 else ""
    duration = took((last.finished_at or end) - attempts[0].started_at)
    told = element("title", f"{name}: {last.status}, {duration}{tries}")
    short = name if len(name) < 25 else f"{name[:23]}…"
    return element("g", told, element("text", short, x=_LEFT - 8, y=y + 10, text_anchor="end", class_="soft"), *bars)
