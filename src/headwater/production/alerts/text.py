"""The words of alerts: a title of one line, and a text that can be read at night on a telephone.

Everything that users' code wrote is shown as text: no line end, no escape sequence and no markup of it comes through.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from blake3 import blake3

from headwater.client.display import duration, printable
from headwater.model.alert import Alert

#: Longest title; mail programs and pagers cut at about here.
_LONGEST_TITLE = 200
#: Alerts of which a bundle tells the titles.
_MOST_BUNDLED = 50
#: Lines of changes of one kind that are shown.
_MOST_CHANGES = 6


class Change(msgspec.Struct, frozen=True):
    """One thing that is not as it was in the last good run."""

    #: `deployment`, `inputs`, `data files`, `parameters`, `code`, `packages`, `packages of train`.
    kind: str
    text: str


class FailureFacts(msgspec.Struct, frozen=True):
    """What is told of a failed run."""

    target: str
    #: `Churn/17`.
    run: str
    #: Number of the deployment.
    number: int
    at: float
    seconds: float
    logical_date: float | None
    #: First line of the error, or of why it ended: `KeyError: 'amount'`.
    error: str
    #: Empty when no task failed it.
    step: str = ""
    #: `Churn/17/train/4`.
    task: str = ""
    #: From 0.
    attempt: int = 0
    #: `churn.py:41`.
    place: str = ""
    function: str = ""
    #: The user's line.
    line: str = ""
    hint: str = ""
    #: Other tasks that failed.
    others: int = 0
    #: Last lines of the task, its traceback left out.
    log: tuple[str, ...] = ()
    #: Path of the last good run; None = there was none.
    good: str | None = None
    #: Its deployment's number.
    good_number: int = 0
    changes: tuple[Change, ...] = ()
    #: Why changes could not be worked out.
    unknown: str = ""
    #: Runs in its place that failed, too.
    retries: int = 0


def failure_title(facts: FailureFacts) -> str:
    """`Churn@production failed at train (churn.py:41): KeyError: 'amount'`."""
    step = f" at {facts.step}" if facts.step else ""
    place = f" ({facts.place})" if facts.place else ""
    return one_line(f"{facts.target} failed{step}{place}: {facts.error}")


def failure_text(facts: FailureFacts) -> str:
    """Tell where it failed, what is different, what was logged, and what to type."""
    return _joined([_head(facts), _where(facts), _changes(facts), _log(facts), _commands(facts)])


def recovery_title(target: str, run: str) -> str:
    """`Churn@production recovered: Churn/18 succeeded`."""
    return one_line(f"{target} recovered: {run} succeeded")


def recovery_text(run: str, ended: Sequence[Alert], good: str | None, failed: int) -> str:
    """Tell what is over."""
    lines = [f"{printable(alert.title)} (since {moment(alert.at)})" for alert in ended]
    since = [f"{failed} runs failed" + (f" since {good}, the good run before" if good else "")] if failed else []
    return _joined([["what is over", *_indented(lines), *_indented(since)], [f"look: headwater status {run}"]])


def metric_title(target: str, metric: str, told: str, run: str) -> str:
    """`Churn@production: f1 is 0.62, below 0.7 (Churn/17)`."""
    return one_line(f"{target}: {metric} {told} ({run})")


def metric_text(metric: str, values: Sequence[tuple[str, object]], run: str, good: str | None) -> str:
    """Tell the values of the last runs, newest first, and what to type."""
    width = max((len(path) for path, _ in values), default=0)
    lines = [f"{path:<{width}}  {printable(number(value))}" for path, value in values]
    compare = [f"compare: headwater compare {good} {run}"] if good else []
    return _joined([[f"{metric} of the last runs", *_indented(lines)], [f"look:    headwater status {run}", *compare]])


def late_title(target: str, by: str, zone: str) -> str:
    """`Churn@production is late: no successful run by 08:00 (Europe/Berlin)`."""
    return one_line(f"{target} is late: no successful run by {by} ({zone})")


def late_text(target: str, good: str | None, at_work: Sequence[str], failed: Sequence[str], is_daemon: bool) -> str:
    """Tell what is known of why nothing came."""
    lines = [f"last good run: {good or 'none yet'}"]
    lines += [f"at work: {one}" for one in at_work]
    lines += [f"failed since: {one}" for one in failed]
    if not at_work and not failed:
        lines.append("nothing was started" if is_daemon else "nothing was started, and no daemon runs: headwater up")
    flow = target.partition("@")[0].rpartition(".")[2]
    return _joined([lines, ["what to type", *_indented(["headwater schedule list", f"headwater list {flow}"])]])


def missed_title(target: str, source: str, count: int) -> str:
    """`Churn@production missed 3 slots of daily`."""
    slots = "1 slot" if count == 1 else f"{count} slots"
    return one_line(f"{target} missed {slots} of {source.removeprefix('schedule:')}")


def missed_text(target: str, first: float, last: float, reasons: Iterable[str], day: str) -> str:
    """Tell which slots, why, and how to make up for them."""
    slots = f"slots from {moment(first)} to {moment(last)}" if first != last else f"slot {moment(first)}"
    told = [printable(reason) for reason in dict.fromkeys(reasons) if reason]
    make_up = f"headwater backfill {target} --from {day} --to ..."
    return _joined([[slots, *_indented(told)], ["what to type", *_indented([make_up])]])


def refused_title(target: str, source: str, reason: str) -> str:
    """`Churn@production was not started (schedule daily): no value for alpha`."""
    return one_line(f"{target} was not started ({source.replace(':', ' ', 1)}): {reason.splitlines()[0]}")


def approval_title(target: str, what: str) -> str:
    """`Churn@production waits for approval of deploy (Churn/17)`."""
    return one_line(f"{target} waits for approval of {what}")


def approval_text(path: str, role: str, expires_at: float | None) -> str:
    """Tell who may answer, until when, and how."""
    until = [f"unanswered at {moment(expires_at)} it counts as rejected"] if expires_at is not None else []
    asked = [f"{role or 'somebody'} may answer", *until]
    return _joined([asked, ["what to type", *_indented([f"headwater approve {path}", f"headwater reject {path}"])]])


def bundle(alerts: Sequence[Alert]) -> Alert:
    """Make one alert that speaks for many: when much fails at once, one message is read and fifty are not."""
    first = alerts[0]
    shown = [f"{alert.title} [{alert.cause}]" for alert in alerts[:_MOST_BUNDLED]]
    more = [f"and {len(alerts) - len(shown)} more"] if len(alerts) > len(shown) else []
    text = _joined(
        [[*shown, *more], ["what to type", *_indented(["headwater alert list", "headwater alert show CAUSE"])]]
    )
    causes = "\0".join(alert.cause for alert in alerts)
    title = one_line(f"{len(alerts)} alerts: {first.title}")
    return Alert(causes, first.kind, first.at, first.target, title, text)


def one_line(text: str) -> str:
    """Make text a title."""
    shown = printable(" ".join(text.split()))
    return shown if len(shown) <= _LONGEST_TITLE else shown[: _LONGEST_TITLE - 1] + "…"


def moment(unix_seconds: float) -> str:
    """`2025-03-01 06:00:00 UTC`: whoever reads it may be anywhere."""
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def number(value: object) -> str:
    """Give a metric's value as people read it."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def message_id(alert: Alert) -> str:
    """Name the alert for those who can tell a second delivery from a second alert."""
    return blake3(f"{alert.cause}\0{alert.at}".encode()).hexdigest(length=16)


def _head(facts: FailureFacts) -> list[str]:
    slot = f", slot {moment(facts.logical_date)}" if facts.logical_date is not None else ""
    retries = f"{facts.retries} retries" if facts.retries > 1 else "a retry"
    again = f", after {retries} of the whole run" if facts.retries else ""
    took = duration(facts.seconds)
    return [f"{facts.run}, deployment {facts.number}{slot}", f"failed {moment(facts.at)} after {took}{again}"]


def _where(facts: FailureFacts) -> list[str]:
    if not facts.step:
        return []
    attempt = f", attempt {facts.attempt + 1}" if facts.attempt else ""
    lines = [f"step {facts.step} (task {facts.task}{attempt})", *_indented([printable(facts.error)])]
    if facts.place:
        function = f" in {printable(facts.function)}" if facts.function else ""
        lines += _indented([f"{printable(facts.place)}{function}"])
    if facts.line:
        lines.append(f"      {printable(facts.line)}")
    if facts.hint:
        lines += _indented([f"hint: {printable(line)}" for line in facts.hint.splitlines()[:3]])
    if facts.others:
        lines.append(f"and {facts.others} other tasks failed")
    return lines


def _log(facts: FailureFacts) -> list[str]:
    return ["last lines of its log", *_indented(map(printable, facts.log))] if facts.log else []


def _changes(facts: FailureFacts) -> list[str]:
    if facts.good is None:
        return ["no run of it has succeeded before"]
    if not facts.changes:
        return [f"nothing that is recorded changed since {facts.good}, the last good run", *_unknown(facts)]
    lines = [f"changed since {facts.good}, the last good run"]
    for kind in dict.fromkeys(change.kind for change in facts.changes):
        texts = [change.text for change in facts.changes if change.kind == kind]
        lines += _indented([f"{kind}: {texts[0]}", *(f"{' ' * len(kind)}  {text}" for text in texts[1:_MOST_CHANGES])])
        if len(texts) > _MOST_CHANGES:
            lines += _indented([f"{' ' * len(kind)}  and {len(texts) - _MOST_CHANGES} more"])
    return [*lines, *_unknown(facts)]


def _unknown(facts: FailureFacts) -> list[str]:
    return [f"  (not all could be compared: {printable(facts.unknown)})"] if facts.unknown else []


def _commands(facts: FailureFacts) -> list[str]:
    compare = [f"headwater compare {facts.good} {facts.run}"] if facts.good else []
    is_other = facts.good is not None and facts.good_number not in (0, facts.number)
    to = f" --to {facts.good_number}" if is_other else ""
    back = [f"headwater deployment rollback {facts.target}{to}"] if facts.number > 1 else []
    debug = [f"headwater debug {facts.task}", f"headwater logs {facts.task}"] if facts.task else []
    return ["what to type", *_indented([*debug, f"headwater resume {facts.run}", *compare, *back])]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _joined(blocks: Sequence[Sequence[str]]) -> str:
    return "\n\n".join("\n".join(block) for block in blocks if block)
