"""Says in words what differs, for people who know their data and not these numbers."""

from collections.abc import Mapping, Sequence

import msgspec

from headwater.hosting.monitor.judge import MEDIUM, SMALL, Finding
from headwater.hosting.monitor.profile import Column, Measure, Profile
from headwater.hosting.monitor.windows import Window
from headwater.hosting.monitor.words import Words, WordShift
from headwater.model.alert import Alert
from headwater.model.service import DeployedVersion

_BAR = 30
_MOST_COLUMNS = 10
_MOST_WORDS = 8
#: Longest title; mail programs cut at about here.
_LONGEST_TITLE = 180


class Told(msgspec.Struct, frozen=True):
    """What is said of one column."""

    #: What requests call it.
    name: str
    #: The worst first.
    sentences: tuple[str, ...]
    #: (what, share before, share now) of the worst.
    bar: tuple[str, float, float]
    words: Words = Words()


def drift_alert(
    deployed: DeployedVersion,
    target: str,
    profile: Profile,
    window: Window,
    new: Sequence[Finding],
    cause: str,
    page: str,
    *,
    is_candidate: bool = False,
) -> Alert:
    """Make the alert of a look.

    Args:
        deployed: the version that answered.
        target: `Sentiment@production`.
        profile: what normal input looks like.
        window: the look.
        new: what people are to be told.
        cause: names the look.
        page: where the report is.
        is_candidate: the version is to take over, and another one is live.
    """
    told = told_of(profile, window, new)
    more = f" (and {len(told) - 1} more columns)" if len(told) > 1 else ""
    came = [shift.word for shift in told[0].words.more[:3]]
    words = f"; more of {', '.join(came)}" if came else ""
    whom = f"version {deployed.number}, which is to take over," if is_candidate else "the model"
    title = f"{target}: `{told[0].name}` is not what {whom} learned from: {told[0].sentences[0]}{words}{more}"
    return Alert(
        cause,
        "drift",
        window.until,
        target,
        title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1] + "…",
        alert_text(deployed, profile, window, told, page),
        run=deployed.version.run,
    )


def alert_text(deployed: DeployedVersion, profile: Profile, window: Window, told: Sequence[Told], page: str) -> str:
    """Tell which columns differ, how, with a bar each, and what to type."""
    name = deployed.service
    compared = f"{window.rows:,} rows of the last {span(window.until - window.since)}, compared with {profile.origin}"
    blocks = [f"{name}, version {deployed.number}: {compared}"]
    for each in told[:_MOST_COLUMNS]:
        lines = [each.name, *(f"  {sentence}" for sentence in each.sentences)]
        what, before, now = each.bar
        lines += [
            "",
            f"  {what}",
            f"    before {_bar(before)} {percent(before)}",
            f"    now    {_bar(now)} {percent(now)}",
        ]
        lines += word_lines(each.words)
        blocks.append("\n".join(lines))
    if len(told) > _MOST_COLUMNS:
        blocks.append(f"and {len(told) - _MOST_COLUMNS} more columns")
    if profile.is_learned:
        blocks.append("There is no reference artifact: normal is what the first requests looked like.")
    typed = [f"headwater service monitor {name}", f"headwater service versions {name}"]
    blocks.append("\n".join(["what to type", *(f"  {line}" for line in typed), f"the report: {page}"]))
    return "\n\n".join(blocks)


def told_of(profile: Profile, window: Window, findings: Sequence[Finding]) -> list[Told]:
    """Put what differs into sentences, a column each, the worst first; what else differs in these columns too."""
    measures = {(column.name, measure.name): (column, measure) for column, measure in profile.measures}
    limit = MEDIUM if window.look == "quick" else SMALL
    found = []
    for name in dict.fromkeys(finding.column for finding in findings):
        own = [finding for finding in findings if finding.column == name]
        named = {finding.measure for finding in own}
        others = [one for one in window.findings if one.column == name and one.measure not in named]
        own += sorted((one for one in others if one.size > limit), key=lambda one: -one.size)
        sentences = tuple(sentence_of(*measures[name, one.measure], one, window.new_values) for one in own)
        first = own[0]
        bar = (_share_words(*measures[name, first.measure], first.bin), first.before, first.now)
        shown = window.names.get(name, name) or name
        found.append(Told(shown, sentences, bar, window.words.get(name, Words())))
    return found


def sentence_of(
    column: Column,
    measure: Measure,
    finding: Finding,
    new_values: Mapping[str, Sequence[tuple[str, float]]] | None = None,
) -> str:
    """Say what differs: `0 % of texts have an @mention, 53 % before`."""
    now, before = percent(finding.now), f"{percent(finding.before)} before"
    if measure.kind == "steps" and measure.edges:
        edge = measure.bins[finding.bin]
        direction = "lower" if finding.now > finding.before else "higher"
        high, was = percent(1 - finding.now), f"{percent(1 - finding.before)} before"
        if measure.name == "wrong":
            return f"answers are wrong {'less' if direction == 'lower' else 'more'} often: {high} of them, {was}"
        if measure.name == "errors":
            words = "smaller" if direction == "lower" else "larger"
            return f"errors are {words}: {high} are above {edge}, {was}"
        if measure.name == "length":
            words = "shorter" if direction == "lower" else "longer"
            return f"texts are {words}: {high} have more than {edge} characters, {was}"
        if measure.name == "unknown words":
            words = "fewer" if direction == "lower" else "more"
            share = percent(measure.edges[finding.bin])
            return (
                f"texts have {words} unknown words: {high} have more than {share} that the reference never has, {was}"
            )
        return f"values are {direction}: {high} are above {edge}, {was}"
    named = ""
    if finding.measure == "value" and measure.bins[finding.bin] == "new":
        listed = (new_values or {}).get(column.name, ())
        named = ": " + ", ".join(f"{value!r} ({percent(share)})" for value, share in listed) if listed else ""
    if measure.name == "missing":
        return f"{now} are missing, {before}"
    return f"{now} {_share_words(column, measure, finding.bin)}, {before}{named}"


def word_lines(words: Words) -> list[str]:
    """Name the words that came and went; empty when there are none."""
    lines = []
    if words.more:
        lines.append("  more frequent words: " + ", ".join(map(_word, words.more[:_MOST_WORDS])))
    if words.less:
        lines.append("  rarer words: " + ", ".join(map(_word, words.less[:_MOST_WORDS])))
    return lines and ["", *lines]


def percent(share: float) -> str:
    """`53 %`, `0.4 %`."""
    value = share * 100
    return f"{value:.0f} %" if value >= 9.95 or value == 0 else f"{value:.1f} %"


def span(seconds: float) -> str:
    """`5 minutes`, `26 hours`."""
    for size, unit in ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _word(shift: WordShift) -> str:
    before = "never before" if shift.is_new else f"{percent(shift.before)} before"
    return f"{shift.word} ({percent(shift.now)}, {before})"


def _bar(share: float) -> str:
    filled = round(share * _BAR)
    return "█" * filled + "·" * (_BAR - filled)


def _share_words(column: Column, measure: Measure, bin: int) -> str:
    """Say of what a share is: `of texts have an @mention`, `are above 52`."""
    name = measure.bins[bin]
    if measure.kind == "steps" and measure.edges:
        if measure.name == "wrong":
            return "of labelled answers are right"
        if measure.name == "length":
            return f"have at most {name} characters"
        if measure.name == "unknown words":
            return f"have at most {percent(measure.edges[bin])} unknown words"
        return f"are at most {name}"
    match measure.name:
        case "missing":
            return "are missing" if bin else "are there"
        case "empty":
            return "are texts without a word" if bin else "are texts with words"
        case "marks":
            return f"of texts have {name}"
        case "words":
            return f"of texts have the word {name!r}"
        case "new":
            around = f"{column.low:.6g} to {column.high:.6g}"
            return f"are outside of {around}" if bin else f"are within {around}"
    if bin >= len(measure.bins) - 2:
        return "are values never seen before" if name == "new" else "are one of the rarer values"
    return f"are {name!r}"
