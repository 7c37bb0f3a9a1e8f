"""The decorators of a flow's class: when it runs once it is deployed, how, and who is told. Each only adds data."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import msgspec

from headwater.flow.step import Decorated, caller_place
from headwater.model.errors import InvalidDecorator
from headwater.model.graph import Place
from headwater.model.packages import PackageSet
from headwater.model.production import ProductionOptions

_ATTRIBUTE = "_headwater_flow_decorators"


class FlowDecorator(msgspec.Struct, frozen=True):
    """One use of a decorator on a flow's class; its arguments are checked with the flow."""

    name: str
    place: Place
    given: dict[str, object] = {}
    #: What is wrong with the call itself; empty = nothing.
    wrong: str = ""


class ClassOptions(msgspec.Struct, frozen=True):
    """What all decorators of a class say, once they are read."""

    production: ProductionOptions = ProductionOptions()
    #: `@pypi_base`, `@conda_base`, `@uv` on the class; None = none of them.
    packages: PackageSet | None = None


def schedule(
    flow: type | None = None,
    /,
    *,
    cron: str | None = None,
    daily: bool | str | None = None,
    hourly: bool | None = None,
    weekly: bool | str | None = None,
    timezone: str | None = None,
    name: str | None = None,
    missed: str | None = None,
    window: float | str | None = None,
    jitter: float | str | None = None,
    starts: str | date | None = None,
    ends: str | date | None = None,
    parameters: Mapping[str, object] | None = None,
    **unknown: object,
) -> Decorated:
    """Run the deployed flow by itself: `cron="0 6 * * *"`, `daily="06:00"`, `hourly=True`, `weekly="mon 06:00"`.

    Args:
        flow: The class, when the decorator stands without parentheses; it then means `daily=True`.
        cron: Five fields: minute, hour, day of the month, month, weekday.
        daily: True for midnight, or a time of day.
        hourly: At each full hour.
        weekly: True for Sunday 00:00, or a day and a time.
        timezone: Zone on whose wall clock it is read  [default: UTC].
        name: Tells several schedules of a flow apart.
        missed: What is done about slots that passed while nothing could fire: `none`, `latest` (default) or `all`.
        window: With `missed="all"`: how far back.
        jitter: Each firing is delayed by a share of this.
        starts: Date or time before which it does not fire.
        ends: Last date, or time, at which it fires.
        parameters: Values of the flow's parameters for its runs.
        **unknown: Reported by the flow's checks.
    """
    given = {
        "cron": cron,
        "daily": daily,
        "hourly": hourly,
        "weekly": weekly,
        "timezone": timezone,
        "name": name,
        "missed": missed,
        "window": window,
        "jitter": jitter,
        "starts": starts,
        "ends": ends,
    }
    return _decorate("schedule", flow, {**given, "parameters": parameters, **unknown})


def project(flow: type | None = None, /, *, name: str | None = None, **unknown: object) -> Decorated:
    """Put a flow into a project, whose branches keep apart what people deploy: `user.ann`, `test.new`, `prod`."""
    return _decorate("project", flow, {"name": name, **unknown})


def trigger(
    flow: type | None = None,
    /,
    *,
    event: str | Mapping[str, object] | None = None,
    events: Sequence[object] | None = None,
    parameters: object = None,
    window: float | str | None = None,
    options: Mapping[str, object] | None = None,
    **unknown: object,
) -> Decorated:
    """Start the deployed flow when an event was published, or all of `events` within the window (7 days).

    Args:
        flow: Taken, so that a missing pair of parentheses can be told.
        event: Its name, or `{"name": ..., "parameters": {...}}`.
        events: Several of these.
        parameters: Parameter -> field of the event's payload; without it, fields go to parameters of the same name.
        window: How long the first event waits for the last.
        options: Accepted and ignored.
        **unknown: Reported by the flow's checks.
    """
    given = {"event": event, "events": events, "parameters": parameters, "window": window, "options": options}
    return _decorate("trigger", flow, {**given, **unknown})


def trigger_on_finish(
    target: type | None = None,
    /,
    *,
    flow: object = None,
    flows: Sequence[object] | None = None,
    window: float | str | None = None,
    options: Mapping[str, object] | None = None,
    **unknown: object,
) -> Decorated:
    """Start the deployed flow when another one's run has succeeded; `current.trigger` has that run.

    Args:
        target: Taken, so that a missing pair of parentheses can be told.
        flow: A flow's name, `project.branch.Flow`, or `{"name": ..., "project": ..., "project_branch": ...}`.
        flows: Several of these: all must have succeeded within the window.
        window: How long the first run waits for the last  [default: 7 days].
        options: Accepted and ignored.
        **unknown: Reported by the flow's checks.
    """
    given = {"flow": flow, "flows": flows, "window": window, "options": options}
    return _decorate("trigger_on_finish", target, {**given, **unknown})


def exit_hook(
    flow: type | None = None,
    /,
    *,
    on_success: Sequence[Callable[..., object]] | None = None,
    on_error: Sequence[Callable[..., object]] | None = None,
    options: Mapping[str, object] | None = None,
    **unknown: object,
) -> Decorated:
    """Call functions of the flow's file after each run; they may take the run as `run`, and cannot change its end."""
    given = {"on_success": on_success, "on_error": on_error, "options": options}
    return _decorate("exit_hook", flow, {**given, **unknown})


def run_policy(
    flow: type | None = None,
    /,
    *,
    overlap: str | None = None,
    max_parallel: int | None = None,
    pool: str | None = None,
    priority: int | None = None,
    timeout: float | str | None = None,
    no_output: float | str | None = None,
    retries: int | None = None,
    minutes_between_retries: float | None = None,
    **unknown: object,
) -> Decorated:
    """Say how the runs of the deployed flow share the machine, and when one of them is given up.

    Args:
        flow: Taken, so that a missing pair of parentheses can be told.
        overlap: What happens to a new run while one is at work: `skip` (default), `queue`, `cancel_previous`, `allow`.
        max_parallel: Runs of this flow at once, for `queue` and `allow`.
        pool: Runs of all flows of a pool share its limit.
        priority: Higher goes first among the queued runs of a pool.
        timeout: Longest duration of a run.
        no_output: Give a run up when no task has written a line or ended for so long.
        retries: A failed run is resumed so often, each time keeping what it had finished.
        minutes_between_retries: Pause before each of these  [default: 5].
        **unknown: Reported by the flow's checks.
    """
    given = {
        "overlap": overlap,
        "max_parallel": max_parallel,
        "pool": pool,
        "priority": priority,
        "timeout": timeout,
        "no_output": no_output,
        "retries": retries,
        "minutes_between_retries": minutes_between_retries,
    }
    return _decorate("run_policy", flow, {**given, **unknown})


def alert(
    flow: type | None = None,
    /,
    *,
    on: str | None = None,
    by: str | None = None,
    timezone: str | None = None,
    metric: str | None = None,
    below: float | None = None,
    above: float | None = None,
    **unknown: object,
) -> Decorated:
    """Tell people: `metric="f1", below=0.7` of a bad figure, `by="08:00"` of a day without a successful run.

    Production deployments tell of failures, recoveries and missed slots without being asked; `on="failure"` asks for
    it elsewhere.
    """
    given = {"on": on, "by": by, "timezone": timezone, "metric": metric, "below": below, "above": above}
    return _decorate("alert", flow, {**given, **unknown})


def pypi_base(
    flow: type | None = None,
    /,
    *,
    packages: Mapping[str, str] | None = None,
    python: str | None = None,
    index: str | None = None,
    disabled: bool | None = None,
    **unknown: object,
) -> Decorated:
    """As `@pypi`, for every step; what a step's own `@pypi` says is added and wins."""
    given = {"packages": packages, "python": python, "index": index, "disabled": disabled}
    return _decorate("pypi_base", flow, {**given, **unknown})


def conda_base(
    flow: type | None = None,
    /,
    *,
    packages: Mapping[str, str] | None = None,
    libraries: Mapping[str, str] | None = None,
    python: str | None = None,
    disabled: bool | None = None,
    **unknown: object,
) -> Decorated:
    """As `@conda`, for every step; what a step's own `@conda` says is added and wins."""
    given = {"packages": packages, "libraries": libraries, "python": python, "disabled": disabled}
    return _decorate("conda_base", flow, {**given, **unknown})


def note(flow: type, name: str, place: Place, given: Mapping[str, object], wrong: str = "") -> None:
    """Keep one use of a decorator with a class."""
    before = flow.__dict__.get(_ATTRIBUTE, ())
    setattr(flow, _ATTRIBUTE, (*before, FlowDecorator(name, place, dict(given), wrong)))


def noted(flow: type) -> list[FlowDecorator]:
    """Give the decorators of a class as they were written, from top to bottom.

    A class inherits those of its bases; its own uses of a decorator stand in for theirs.
    """
    found: dict[str, list[FlowDecorator]] = {}
    for cls in reversed(flow.__mro__):
        own: dict[str, list[FlowDecorator]] = {}
        for decorator in reversed(cls.__dict__.get(_ATTRIBUTE, ())):
            own.setdefault(decorator.name, []).append(decorator)
        found.update(own)
    return [decorator for uses in found.values() for decorator in uses]


def _decorate(name: str, flow: object, given: Mapping[str, object]) -> Decorated:
    place = caller_place(2)
    wrong = "" if flow is None or callable(flow) else f"`@{name}` takes its arguments by name, not {flow!r:.100}"

    def mark(target: object) -> object:
        if not isinstance(target, type):
            function = getattr(target, "__name__", target)
            hint = f"`@{name.removesuffix('_base')}` goes on a step" if name.endswith("_base") else ""
            raise InvalidDecorator(f"`@{name}` belongs on the flow's class, not on `{function}`", hint=hint)
        note(target, name, place, given, wrong)
        return target

    return mark(flow) if callable(flow) else mark
