"""Names of causes: what has the same name is told once.

    Churn@production/failure/16/train:KeyError:churn.py:41     failing since the good run Churn/16
    Churn@production/recovery/17                               Churn/17 went well again
    Churn@production/late/16/08:00/2025-03-01                  nothing good by then; Churn/16 was the last
    Churn@production/missed/schedule:daily/2025-03-01T06:00:00Z   the first of the slots that were missed in a row
    Churn@production/metric/f1/17                              the first of the runs in a row that were out of bounds

A good run ends all that went before it: what fails afterwards is a new cause. Where no run was good yet stands 0.
"""

import re
from datetime import UTC, datetime

from headwater.model.outcome import TaskError
from headwater.model.rows import RunRow

#: What a name may hold; anything else would have to be quoted in a shell.
_ODD = re.compile(r"[^A-Za-z0-9_.:@-]+")
_LONGEST_PART = 80


def failure_cause(target: str, good: RunRow | None, step: str, what: str, place: str) -> str:
    """Name a failure: the step, the error's class or the kind of end, and the line."""
    return f"{failures_since(target, good)}{':'.join(filter(None, map(_part, (step, what, place))))}"


def failures_since(target: str, good: RunRow | None) -> str:
    """Give what the names of all failures since a good run begin with."""
    return f"{target}/failure/{_label(good)}/"


def recovery_cause(target: str, run: RunRow) -> str:
    """Name the end of a row of failures."""
    return f"{target}/recovery/{run.label}"


def late_cause(target: str, good: RunRow | None, by: str, day: str) -> str:
    """Name a deadline that passed."""
    return f"{late_since(target, good)}{_part(by)}/{day}"


def late_since(target: str, good: RunRow | None) -> str:
    """Give what the names of all deadlines that passed since a good run begin with."""
    return f"{target}/late/{_label(good)}/"


def missed_cause(target: str, source: str, first_slot: float) -> str:
    """Name an outage by the first slot that it cost."""
    return f"{target}/missed/{_part(source)}/{utc(first_slot)}"


def refused_cause(target: str, source: str, reason: str) -> str:
    """Name what keeps runs from being started."""
    return f"{target}/refused/{_part(source)}/{_part(reason)}"


def metric_causes(target: str, metric: str) -> str:
    """Give what the names of all causes of a metric begin with."""
    return f"{target}/metric/{_part(metric)}/"


def metric_cause(target: str, metric: str, run: RunRow) -> str:
    """Name a metric out of bounds by the first run in which it was."""
    return f"{metric_causes(target, metric)}{run.label}"


def approval_cause(target: str, what: str) -> str:
    """Name what waits for somebody's answer: a step of a run, or a deployment."""
    return f"{target}/approval/{what}"


def short_type(error: TaskError | None) -> str:
    """Give the name of an error's class without its module; empty when there was none."""
    return "" if error is None else error.type.rpartition(".")[2]


def utc(unix_seconds: float) -> str:
    """`2025-03-01T06:00:00Z`."""
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _label(good: RunRow | None) -> int:
    return 0 if good is None else good.label


def _part(text: str) -> str:
    return _ODD.sub("-", text.replace("*", "_"))[:_LONGEST_PART].strip("-")
