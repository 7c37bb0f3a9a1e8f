"""Compares answers with what turned out to be true: the first ones say how wrong a version usually is; pure."""

from collections.abc import Sequence

import msgspec

from headwater.hosting.monitor.columns import Row
from headwater.hosting.monitor.judge import SMALL, alarming, examine
from headwater.hosting.monitor.profile import Profile, Tally, learn_errors, tally_of
from headwater.hosting.monitor.windows import FEWEST_ROWS, Truth, Watching, Window, alpha_of
from headwater.model.service import MonitorOptions

_BLOCKS = 20
#: Answers that say how wrong a version usually is, at most.
_MOST_FIRST = 1000
_KEPT_POINTS = 240
#: Answers with labels of which the latest count.
MOST_ANSWERS = 5000


class Labelled(msgspec.Struct, frozen=True, array_like=True):
    """An answer whose label came."""

    at: float
    endpoint: str
    #: How far it was off; of what is no number 0 when it was right, 1 when it was wrong.
    error: float


def error_of(answer: str, label: str) -> float | None:
    """Say how far an answer is off (both are JSON); None when that cannot be said.

    Numbers: their distance. Anything else: 0 when they are equal, else 1. A label that is no object is compared with
    the only field of an answer that has one.
    """
    try:
        given, true = msgspec.json.decode(answer), msgspec.json.decode(label)
    except (msgspec.DecodeError, RecursionError):
        return None
    if isinstance(given, dict) and len(given) == 1 and not isinstance(true, dict):
        given = next(iter(given.values()))
    if true is None or given is None:
        return None
    is_number = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (given, true))
    return abs(float(given) - float(true)) if is_number else float(given != true)


def after_labels(
    watching: Watching, answers: Sequence[Labelled], now: float, options: MonitorOptions
) -> tuple[Watching, Window | None]:
    """Take answers with labels in: gives the watch as it is then, and the look that was due.

    Args:
        watching: how the watch stands.
        answers: those that were not looked at, in order of time.
        now: Unix time.
        options: how many false alarms there may be.
    """
    if len(answers) < FEWEST_ROWS:
        return watching, None
    truth = watching.truth
    if truth is None:
        first = answers[:_MOST_FIRST]
        by_name: dict[str, list[float]] = {}
        for each in first:
            by_name.setdefault(column_of(each.endpoint), []).append(each.error)
        usual = learn_errors(by_name, f"the first {len(first):,} answers with labels")
        return msgspec.structs.replace(watching, truth=Truth(usual, first[-1].at, now)), None
    kept = answers[-MOST_ANSWERS:]
    findings = examine(truth.usual, _blocks(truth.usual, kept), SMALL)
    findings = [finding for finding in findings if finding.measure in ("wrong", "errors")]
    alpha = alpha_of(options, now - truth.look_at, "labels")
    window = Window(
        truth.looked_at, kept[-1].at, len(kept), "labels", alpha, tuple(findings), tuple(alarming(findings, alpha))
    )
    points = (*truth.points, (kept[-1].at, len(kept), _means(kept)))[-_KEPT_POINTS:]
    after = msgspec.structs.replace(truth, looked_at=kept[-1].at, look_at=now, last=window, points=points)
    return msgspec.structs.replace(watching, truth=after), window


def column_of(endpoint: str) -> str:
    """Name the column of an endpoint's errors, for people."""
    return f"answers of {endpoint}"


def _blocks(usual: Profile, answers: Sequence[Labelled]) -> list[Tally]:
    names = {column.name: column.name for column in usual.columns}
    blocks = []
    for number in range(_BLOCKS):
        part = answers[number * len(answers) // _BLOCKS : (number + 1) * len(answers) // _BLOCKS]
        tally = Tally.empty(usual)
        for column in names:
            rows: list[Row] = [{column: each.error} for each in part if column_of(each.endpoint) == column]
            tally.add(tally_of(usual, rows, {column: column}))
        blocks.append(tally)
    return blocks


def _means(answers: Sequence[Labelled]) -> dict[str, float]:
    by_name: dict[str, list[float]] = {}
    for each in answers:
        by_name.setdefault(column_of(each.endpoint), []).append(each.error)
    return {name: sum(errors) / len(errors) for name, errors in by_name.items()}
