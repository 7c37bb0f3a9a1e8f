"""Drift: how what a service is asked compares with what its model learned from, as numbers."""

import msgspec

from headwater.hosting.monitor.judge import Finding, Statistics, statistics_of
from headwater.hosting.monitor.profile import Column, Measure, Profile
from headwater.hosting.monitor.report import Seen, standing_words
from headwater.hosting.monitor.watch import look_now
from headwater.hosting.monitor.windows import Look, Window
from headwater.hosting.monitor.wording import sentence_of
from headwater.hosting.monitor.words import Words
from headwater.hosting.versions import find_version
from headwater.model.errors import NotInstalled
from headwater.web.asked import Asked
from headwater.web.callers import home_of
from headwater.web.problems import Refused
from headwater.web.routes import Route
from headwater.web.targets import Number, ServicePath, find_service, project_of_service

#: Bins of a measure, columns, and windows of the past that are told.
_MOST_BINS = 60
_MOST_COLUMNS = 100
_MOST_POINTS = 240


class DriftQuery(msgspec.Struct, frozen=True):
    """Of which version."""

    #: None = the live one.
    version: Number | None = None


class DriftMeasure(msgspec.Struct, frozen=True):
    """One thing that is counted of a column."""

    #: `value`, `missing`, `new`, `length`, `unknown words`, `marks`, `words`.
    name: str
    #: It differs, and chance does not explain it.
    differs: bool
    #: What is the case, in a sentence.
    sentence: str
    #: Cohen's h of the share that differs most, and the probability of such a difference by chance.
    effect: float
    p_value: float
    #: PSI, Kolmogorov and Smirnov's distance, chi-square: for showing.
    statistics: Statistics
    #: Values that were counted before and now, and how many independent ones the latter are worth.
    before_total: int
    now_total: int
    worth: float
    #: Names of the bins, and their shares before and now, 0 to 1.
    bins: tuple[str, ...]
    before: tuple[float, ...]
    now: tuple[float, ...]


class DriftColumn(msgspec.Struct, frozen=True):
    """One column."""

    #: What requests call it.
    name: str
    #: number, category, text.
    kind: str
    measures: tuple[DriftMeasure, ...]
    #: People were told that it differs, since then; None = it does not, as far as is known.
    differs_since: float | None
    #: The alert; empty = people were told of this column before, less than a month ago.
    cause: str
    #: Words that came and went.
    words: Words
    #: New values of a category with their shares, the most frequent first.
    new_values: tuple[tuple[str, float], ...]


class DriftWindow(msgspec.Struct, frozen=True):
    """A look at requests."""

    since: float
    until: float
    rows: int
    #: `quick`: of the last minutes; `daily`; `labels`: at answers whose labels came.
    look: Look
    columns: tuple[DriftColumn, ...]


class DriftPoint(msgspec.Struct, frozen=True):
    """A window of the past."""

    at: float
    rows: int
    #: Cohen's h by column, of the measure that differs most.
    effects: dict[str, float]


class DriftView(msgspec.Struct, frozen=True):
    """How the requests of a version compare with what its model learned from."""

    service: str
    version: int
    #: How it stands, in a sentence.
    stands: str
    #: Where normal input is known from; None = it is being learned.
    reference: str | None
    #: Rows of it.
    reference_rows: int
    #: There is no reference artifact: what came first counts as normal.
    is_learned: bool
    problem: str
    #: Requests seen so far while it is learned.
    learned: int
    #: Since the last window, when there is enough; nobody was told of it.
    current: DriftWindow | None
    #: The last window, and the last day.
    last: DriftWindow | None
    last_day: DriftWindow | None
    #: How answers compare with what turned out to be true.
    labels: DriftWindow | None
    #: Windows of the past, in order of time.
    history: tuple[DriftPoint, ...]
    #: Of labelled answers: (time, answers, mean error by endpoint).
    errors: tuple[tuple[float, int, dict[str, float]], ...]


def show_drift(asked: Asked, at: ServicePath, query: DriftQuery) -> DriftView:
    """Show how what a version is asked compares with what its model learned from."""
    state = find_service(asked, at.service)
    deployed = find_version(asked.ledger, state.name, query.version or state.number)
    try:
        seen = look_now(home_of(asked), deployed, asked.now)
    except NotInstalled as error:
        raise Refused(503, error.message, hint=error.hint) from error
    return _view(seen)


def _view(seen: Seen) -> DriftView:
    profile, watching = seen.profile, seen.watching
    truth = None if watching is None else watching.truth
    last = None if watching is None else watching.last
    last_day = None if watching is None else watching.last_day
    points = () if watching is None else watching.points[-_MOST_POINTS:]
    return DriftView(
        service=seen.deployed.service,
        version=seen.deployed.number,
        stands=standing_words(seen),
        reference=None if profile is None else profile.origin,
        reference_rows=0 if profile is None else profile.rows,
        is_learned=profile is not None and profile.is_learned,
        problem=seen.problem or ("" if profile is None else profile.problem),
        learned=seen.learned,
        current=_window(seen, profile, seen.current),
        last=_window(seen, profile, last),
        last_day=_window(seen, profile, last_day),
        labels=None if truth is None else _window(seen, truth.usual, truth.last),
        history=tuple(DriftPoint(point.until, point.rows, point.effects) for point in points),
        errors=() if truth is None else truth.points[-_MOST_POINTS:],
    )


def _window(seen: Seen, profile: Profile | None, window: Window | None) -> DriftWindow | None:
    if profile is None or window is None:
        return None
    off = {finding.key for finding in window.alarming}
    columns = [
        _column(seen, column, window, off)
        for column in profile.columns
        if any(finding.column == column.name for finding in window.findings)
    ]
    return DriftWindow(window.since, window.until, window.rows, window.look, tuple(columns[:_MOST_COLUMNS]))


def _column(seen: Seen, column: Column, window: Window, off: set[str]) -> DriftColumn:
    measures = {measure.name: measure for measure in column.measures}
    own = [finding for finding in window.findings if finding.column == column.name and finding.measure in measures]
    standing = None if seen.watching is None else seen.watching.standing.get(column.name)
    return DriftColumn(
        name=window.names.get(column.name, column.name) or column.name,
        kind=column.kind,
        measures=tuple(_measure(column, measures[each.measure], each, window, off) for each in own),
        differs_since=None if standing is None else standing.since,
        cause="" if standing is None else standing.cause,
        words=window.words.get(column.name, Words()),
        new_values=window.new_values.get(column.name, ()),
    )


def _measure(column: Column, measure: Measure, finding: Finding, window: Window, off: set[str]) -> DriftMeasure:
    return DriftMeasure(
        name=measure.name,
        differs=finding.key in off,
        sentence=sentence_of(column, measure, finding, window.new_values),
        effect=finding.effect,
        p_value=finding.p_value,
        statistics=statistics_of(finding, measure),
        before_total=finding.total_before,
        now_total=finding.total_now,
        worth=finding.worth,
        bins=measure.bins[:_MOST_BINS],
        before=_shares(finding.counts_before, finding.total_before),
        now=_shares(finding.counts_now, finding.total_now),
    )


def _shares(counts: tuple[int, ...], total: int) -> tuple[float, ...]:
    return tuple(count / max(1, total) for count in counts[:_MOST_BINS])


ROUTES = (Route("GET", "/services/{service}/drift", show_drift, needs="viewer", of=project_of_service),)
