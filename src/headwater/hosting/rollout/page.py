"""The page about a rollout: its verdicts with their numbers. Whole in itself, no script, so that it can be kept."""

import math
import time
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from headwater.hosting.rollout.judge import FALSE_ALARM, FALSE_PASS, Judged, Judgement, requests_needed
from headwater.hosting.rollout.shift import Shift
from headwater.hosting.rollout.states import RolloutState

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; --live: #68a; --candidate: #0a6; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .25rem; } p { margin: .25rem 0 .75rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; font-size: .9rem; }
th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid var(--line); }
td { font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; } .small { opacity: .75; font-size: .9rem; }
.verdict { padding: .6rem .9rem; background: var(--soft); border-left: 4px solid var(--line); border-radius: 4px; }
.promoted { border-color: #0a6; } .rolled_back { border-color: #c33; } .held { border-color: #c80; }
.live { fill: var(--live); } .candidate { fill: var(--candidate); } .rule { stroke: currentColor; opacity: .5; }
svg { max-width: 100%; height: auto; } text { fill: currentColor; font-size: 12px; }
"""
_NAMES = {"failures": "failed", "refusals": "refused", "slow": "slow"}


def rollout_page(history: Sequence[RolloutState]) -> bytes:
    """Give the page: where it stands, then each change with what led to it, the latest first."""
    latest = history[-1]
    name = f"{latest.service}, version {latest.number}"
    parts = [
        f"<h1>{escape(name)}</h1>",
        f'<p class="small">compared with version {latest.live} since {_time(latest.began_at)}</p>',
        f'<p class="verdict {latest.state}"><strong>{escape(latest.words)}</strong> {escape(latest.reason)}</p>',
        _plan(latest),
        *(_change(before, after) for before, after in reversed(list(pairwise(history)))),
        _begin(history[0]),
        _explained(latest),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(name)}: {escape(latest.words)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>"
    ).encode()


def _plan(latest: RolloutState) -> str:
    plan = latest.plan
    shadow = f"<p>Shadow: {plan.shadow_seconds:g} s.</p>" if plan.shadow_seconds else ""
    rows = [
        (f"{each.share:g} %", f"{each.candidate:,}", f"{each.total:,}", f"{each.failures:,}")
        for each in requests_needed(plan)
    ]
    heads = ("share", "requests to the candidate", "requests in all", "failures in a row that end it")
    table = _table(heads, rows) if rows else ""
    return f"<h2>Plan</h2>{shadow}{table}<p>When the numbers do not decide: {plan.on_inconclusive}.</p>"


def _begin(first: RolloutState) -> str:
    return f"<h2>{_time(first.since)}: {escape(first.words)}</h2><p>Deployed by {escape(first.user)}.</p>"


def _change(before: RolloutState, after: RolloutState) -> str:
    head = f"<h2>{_time(after.since)}: {escape(before.words)} → {escape(after.words)}</h2>"
    told = f"<p>{escape(after.reason)} <span class=small>({escape(after.user)})</span></p>"
    return head + told + ("" if after.judgement is None else _numbers(after.judgement))


def _numbers(judged: Judgement) -> str:
    heads = ("", "live", "candidate", "evidence: worse", "enough at", "evidence: not worse", "enough at", "margin")
    rows = [_signal(one) for one in judged.signals]
    compared = ""
    if judged.compared:
        same = f"{judged.equal:,} of {judged.compared:,} answers were the same, byte for byte"
        compared = f"<p>{same} ({judged.equal / judged.compared:.1%}).</p>"
    return _table(heads, rows) + _evidence(judged.signals) + compared + "".join(map(_shift, judged.shifts))


def _signal(one: Judged) -> tuple[str, ...]:
    counts = one.counts
    return (
        _NAMES[one.name],
        _share(counts.live_bad, counts.live),
        _share(counts.candidate_bad, counts.candidate),
        f"{one.worse:,.3g}",
        f"{one.worse_at:,.0f}",
        f"{one.fine:,.3g}",
        f"{one.fine_at:,.0f}",
        f"{one.margin:.1%}",
    )


def _share(part: int, whole: int) -> str:
    return "0 of 0" if not whole else f"{part:,} of {whole:,} ({part / whole:.2%})"


def _evidence(signals: Sequence[Judged]) -> str:
    """Draw how far each signal has come to either verdict, as shares of what is enough on a scale of logarithms."""
    rows = []
    for place, one in enumerate(signals):
        top = 14 + 34 * place
        rows.append(f'<text x="0" y="{top + 12}">{_NAMES[one.name]}</text>')
        rows.append(_bar(80, top, 300 * _way(one.fine, one.fine_at), "live"))
        rows.append(_bar(80, top + 12, 300 * _way(one.worse, one.worse_at), "candidate"))
    height = 14 + 34 * len(signals)
    label = "how far the evidence has come: above not worse, below worse; the line is where it is enough"
    return (
        f'<svg viewBox="0 0 400 {height}" width="400" role="img" aria-label="{label}">{"".join(rows)}'
        f'<line class="rule" x1="380" x2="380" y1="4" y2="{height - 8}"/></svg>'
        f'<p class="small">{label[0].upper()}{label[1:]}.</p>'
    )


def _way(value: float, enough: float) -> float:
    return min(1.0, math.log(max(value, 1.0)) / math.log(enough))


def _shift(shift: Shift) -> str:
    rows = []
    for place, (name, live, candidate) in enumerate(shift.bars):
        top = 4 + 30 * place
        rows.append(f'<text x="0" y="{top + 16}">{escape(name[:24])}</text>')
        rows.append(_bar(170, top, 300 * live, "live") + _bar(170, top + 12, 300 * candidate, "candidate"))
    height = 4 + 30 * len(shift.bars)
    label = escape(str(shift))
    svg = f'<svg viewBox="0 0 480 {height}" width="480" role="img" aria-label="{label}">{"".join(rows)}</svg>'
    counts = f"{shift.live:,} values of the live version (above), {shift.candidate:,} of the candidate (below)"
    return f'<p>{label[0].upper()}{label[1:]}: <span class="small">{counts}</span></p>{svg}'


def _bar(left: float, top: float, width: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{left:g}" y="{top:g}" width="{width:.1f}" height="10"/>'


def _explained(latest: RolloutState) -> str:
    plan = latest.plan
    return (
        '<p class="small">Evidence starts at 1 and may be looked at at any time. A candidate that is no worse is '
        f"rolled back by these numbers with probability {FALSE_ALARM:.0%} at most, over all shares together; one that "
        f"fails more often by {plan.max_more_errors:.1%} of the requests passes a share with probability "
        f"{FALSE_PASS:.0%} at most. Slow: slower than nine in ten of the live version's latest answers; for the "
        f"candidate {plan.max_slower:g} times that.</p>"
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))
