"""Profiles: what normal input looks like, as counts of bins; small enough to keep with a version."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from headwater.hosting.monitor.columns import Row, Value
from headwater.hosting.monitor.texts import MARKS, marks_of, words_of

#: Bins of a number, by the reference's quantiles.
_BINS = 20
#: Numbers with no more different values than this have a bin for each.
_FEW = 20
#: Categories with a bin of their own; further ones share one.
_MOST_CATEGORIES = 30
#: Known values that are kept: one that is not among them is new.
_MOST_KNOWN = 5000
#: Words that are kept, and those whose share of texts is watched.
_MOST_WORDS = 20_000
_WATCHED_WORDS = 30
#: Shares of unknown words that part its bins.
_UNKNOWN_EDGES = [0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6]
#: Columns that are watched; rows of a reference that are looked at.
_MOST_COLUMNS = 200
#: Values of a column from which on strings with many different values are texts, whatever their length.
_TEXT_WORDS = 3.0

Kind = Literal["number", "category", "text"]


class Measure(msgspec.Struct, frozen=True):
    """One thing that is counted of a column, in bins."""

    #: `value`, `missing`, `new`, `length`, `unknown words`, `marks`, `words`; of answers with labels `wrong`, `errors`.
    name: str
    #: `steps`: ordered bins, compared by the shares below each edge. `values`: bins that exclude each other. `sets`: a
    #: value may be in several bins.
    kind: Literal["steps", "values", "sets"]
    #: Names of the bins; of steps their upper edges (the last bin has none).
    bins: tuple[str, ...]
    #: Upper edges of steps; a value at an edge is below it.
    edges: tuple[float, ...] = ()
    #: How often each bin was hit in the reference.
    counts: tuple[int, ...] = ()
    #: Values that were counted.
    total: int = 0
    #: Only less of the first bin (of steps: of the lower ones) is of concern: fewer missing values are not.
    is_one_sided: bool = False


class Column(msgspec.Struct, frozen=True):
    """One column of the reference."""

    name: str
    kind: Kind
    measures: tuple[Measure, ...]
    #: Of numbers: least, middle, greatest.
    low: float = 0.0
    median: float = 0.0
    high: float = 0.0
    #: Of categories: all values that are known.
    known: frozenset[str] = frozenset()
    #: Of texts: word -> texts of the reference that have it.
    words: dict[str, int] = {}
    #: Rows of the reference.
    rows: int = 0


class Profile(msgspec.Struct, frozen=True):
    """What normal input looks like."""

    columns: tuple[Column, ...]
    #: Where it is from, for people: `X_train of SentimentFlow/3`, `the first 1,000 requests`.
    origin: str
    rows: int
    #: It was learned from requests: the version had no reference.
    is_learned: bool = False
    #: Why the reference could not be used, when it was to be.
    problem: str = ""

    @property
    def measures(self) -> list[tuple[Column, Measure]]:
        """All measures, in the order in which tallies count them."""
        return [(column, measure) for column in self.columns for measure in column.measures]


class Tally(msgspec.Struct):
    """What was counted in a block of requests; grows as rows come in."""

    #: By measure in the profile's order: how often each bin was hit.
    counts: list[list[int]]
    #: By measure: values that were counted.
    totals: list[int]
    rows: int = 0

    @classmethod
    def empty(cls, profile: Profile) -> "Tally":
        """Give one that has counted nothing."""
        measures = profile.measures
        return cls([[0] * len(measure.bins) for _, measure in measures], [0] * len(measures))

    def add(self, other: "Tally") -> None:
        """Take in what another one counted."""
        self.rows += other.rows
        for place, counts in enumerate(other.counts):
            self.totals[place] += other.totals[place]
            self.counts[place] = [one + more for one, more in zip(self.counts[place], counts, strict=True)]


def learn_profile(rows: Sequence[Row], origin: str, *, is_learned: bool = False) -> Profile:
    """Learn what normal input looks like from rows, the order of which does not matter.

    Args:
        rows: some thousands are enough.
        origin: where they are from, for people.
        is_learned: they are requests, no reference.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))[:_MOST_COLUMNS]
    columns = [_column(name, [row.get(name) for row in rows]) for name in names]
    return Profile(tuple(column for column in columns if column is not None), origin, len(rows), is_learned)


def learn_errors(errors_by_name: Mapping[str, Sequence[float]], origin: str) -> Profile:
    """Learn how large errors usually are, by column; of wrong (1) and right (0) answers how many are wrong.

    Args:
        errors_by_name: errors, 0 or more, at least one of each column.
        origin: where they are from, for people.
    """
    columns = []
    for name, errors in errors_by_name.items():
        is_wrong = set(errors) <= {0.0, 1.0}
        shape = _number(name, list(errors))
        edges = [0.0] if is_wrong else shape.measures[1].edges
        steps = msgspec.structs.replace(_steps("wrong" if is_wrong else "errors", edges), is_one_sided=True)
        columns.append(_filled(msgspec.structs.replace(shape, measures=(_MISSING, steps, shape.measures[2])), errors))
    return Profile(tuple(columns), origin, sum(map(len, errors_by_name.values())))


def tally_of(profile: Profile, rows: Sequence[Row], name_by_column: Mapping[str, str]) -> Tally:
    """Count rows of requests in the bins of a profile.

    Args:
        profile: what normal input looks like.
        rows: some requests' rows.
        name_by_column: what the requests call each column, where a row without it misses it; others are not counted.
    """
    tally = Tally.empty(profile)
    tally.rows = len(rows)
    place = 0
    for column in profile.columns:
        name = name_by_column.get(column.name)
        for row in rows if name is not None else ():
            for offset, hits in enumerate(_hits(column, row.get(name or ""), is_reference=False)):
                if hits is not None:
                    tally.totals[place + offset] += 1
                    for hit in hits:
                        tally.counts[place + offset][hit] += 1
        place += len(column.measures)
    return tally


def _column(name: str, values: Sequence[Value]) -> Column | None:
    present = [value for value in values if value is not None]
    if not present:
        return None
    kind = _kind(present)
    if kind == "number":
        shape = _number(name, [float(value) for value in present])
    elif kind == "text":
        shape = _text(name, [str(value) for value in present])
    else:
        shape = _category(name, [word_of(value) for value in present])
    return _filled(shape, values)


def _filled(shape: Column, values: Sequence[Value]) -> Column:
    """Count the reference's values in the bins of a column."""
    hits = [_hits(shape, value, is_reference=True) for value in values]
    measures = []
    for place, measure in enumerate(shape.measures):
        own = [hit for each in hits if (hit := each[place]) is not None]
        counted = Counter(number for hit in own for number in hit)
        counts = tuple(counted[number] for number in range(len(measure.bins)))
        measures.append(msgspec.structs.replace(measure, counts=counts, total=len(own)))
    return msgspec.structs.replace(shape, measures=tuple(measures), rows=len(values))


def _kind(present: Sequence[Value]) -> Kind:
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in present):
        return "number"
    if not all(isinstance(value, str) for value in present):
        return "category"
    texts = [str(value) for value in present]
    words = sum(text.count(" ") + 1 for text in texts) / len(texts)
    return "text" if words >= _TEXT_WORDS and len(set(texts)) > len(texts) * 0.2 else "category"


_MISSING = Measure("missing", "values", ("there", "missing"), is_one_sided=True)


def _number(name: str, present: list[float]) -> Column:
    ordered = sorted(present)
    different = sorted(set(ordered))
    if len(different) <= _FEW:
        edges = different[:-1]
    else:
        edges = sorted({ordered[len(ordered) * part // _BINS] for part in range(1, _BINS)})
    outside = Measure("new", "values", ("within what was seen", "outside of what was seen"), is_one_sided=True)
    measures = (_MISSING, _steps("value", edges), outside)
    return Column(name, "number", measures, low=ordered[0], median=ordered[len(ordered) // 2], high=ordered[-1])


def _category(name: str, present: list[str]) -> Column:
    counted = Counter(present)
    common = [value for value, _ in counted.most_common(_MOST_CATEGORIES)]
    known = frozenset(value for value, _ in counted.most_common(_MOST_KNOWN))
    value = Measure("value", "values", (*common, "others", "new"))
    return Column(name, "category", (_MISSING, value), known=known)


def _text(name: str, present: list[str]) -> Column:
    by_text = [set(words_of(text)) for text in present]
    counted = Counter(word for words in by_text for word in words)
    words = dict(counted.most_common(_MOST_WORDS))
    lengths = sorted(len(text) for text in present)
    edges = sorted({float(lengths[len(lengths) * part // 10]) for part in range(1, 10)})
    measures = (
        _MISSING,
        Measure("empty", "values", ("with words", "without a word"), is_one_sided=True),
        _steps("length", edges),
        msgspec.structs.replace(_steps("unknown words", _UNKNOWN_EDGES), is_one_sided=True),
        Measure("marks", "sets", tuple(mark for mark, _ in MARKS)),
        Measure("words", "sets", tuple(list(words)[:_WATCHED_WORDS])),
    )
    return Column(name, "text", measures, words=words, low=lengths[0], median=_middle(lengths), high=lengths[-1])


def _middle(ordered: Sequence[float]) -> float:
    return ordered[len(ordered) // 2]


def _steps(name: str, edges: Sequence[float]) -> Measure:
    return Measure(name, "steps", (*(f"{edge:.4g}" for edge in edges), "more"), tuple(edges))


def _hits(column: Column, value: Value, *, is_reference: bool) -> list[Sequence[int] | None]:
    """Give for each measure of a column the bins that a value hits; None = it is not counted there."""
    if value is None:
        return [(1,), *([None] * (len(column.measures) - 1))]
    if column.kind == "number":
        return _number_hits(column, value)
    if column.kind == "text":
        return _text_hits(column, str(value), is_reference=is_reference)
    word, bins = word_of(value), column.measures[1].bins
    if word in column.known:
        return [(0,), (bins.index(word) if word in bins[:-2] else len(bins) - 2,)]
    return [(0,), (len(bins) - 1,)]


def _number_hits(column: Column, value: Value) -> list[Sequence[int] | None]:
    if isinstance(value, str):
        return [(0,), None, (1,)]
    number = float(value or 0)
    return [(0,), (bisect_left(column.measures[1].edges, number),), (int(not column.low <= number <= column.high),)]


def _text_hits(column: Column, text: str, *, is_reference: bool) -> list[Sequence[int] | None]:
    words = words_of(text)
    if not words:
        return [(0,), (1,), None, None, marks_of(text), ()]
    # A word that stands in one text of the reference alone was unknown to all others: so it counts as unknown in that
    # text. Without this every text of the reference would know all of its words, and no new one would.
    needed = 2 if is_reference else 1
    unknown = sum(column.words.get(word, 0) < needed for word in words) / len(words)
    length, shares, watched = column.measures[2].edges, column.measures[3].edges, column.measures[5].bins
    present = set(words)
    hit = [number for number, word in enumerate(watched) if word in present]
    return [(0,), (0,), (bisect_left(length, len(text)),), (bisect_left(shares, unknown),), marks_of(text), hit]


def word_of(value: Value) -> str:
    """Give a category as it is kept and shown."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
