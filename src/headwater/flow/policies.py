"""Reads `@project`, `@run_policy`, `@alert`, `@exit_hook`: how a deployed flow's runs live, who hears of them."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Literal

from headwater.flow.argument_values import Wrongs, duration, number, one_of, only, text
from headwater.flow.cron import checked_zone, clock_time
from headwater.model.errors import InvalidDecorator
from headwater.model.ids import NAME
from headwater.model.production import AlertRule, ExitHooks, Overlap, RunPolicy

#: What they take. `options` is accepted for flows that were written for other schedulers, and ignored.
ARGUMENTS = {
    "project": ("name",),
    "run_policy": (
        *("overlap", "max_parallel", "pool", "priority", "timeout", "no_output"),
        *("retries", "minutes_between_retries"),
    ),
    "alert": ("on", "by", "timezone", "metric", "below", "above"),
    "exit_hook": ("on_success", "on_error", "options"),
}
_POLICY = "run_policy"
_PROJECT = re.compile(r"^[a-z0-9_]{1,128}$")
_OVERLAPS: tuple[Overlap, ...] = ("skip", "queue", "cancel_previous", "allow")
_ON: tuple[Literal["failure", "recovery", "missed", "late", "metric"], ...] = (
    *("failure", "recovery", "missed"),
    *("late", "metric"),
)


def read_project(given: Mapping[str, object]) -> str:
    """Give the name that `@project(name=...)` says.

    Raises:
        InvalidDecorator: no such argument, or no name that a project can have.
    """
    name = only("project", given, ARGUMENTS["project"]).get("name")
    if not isinstance(name, str) or not _PROJECT.match(name) or name[0].isdigit():
        hint = 'lower-case letters, digits and `_`, beginning with a letter: @project(name="fraud_detection")'
        raise InvalidDecorator(f"`@project(name={name!r})` cannot be the name of a project", hint=hint)
    return name


def read_run_policy(given: Mapping[str, object]) -> RunPolicy:
    """Give what `@run_policy` says.

    Raises:
        InvalidDecorator: no such argument, or values that it cannot take, each of them.
    """
    wrongs = Wrongs()
    known = wrongs.only(_POLICY, given, ARGUMENTS[_POLICY])

    def counted(argument: str, default: int, least: float = 0) -> int:
        value = known.get(argument, default)
        return wrongs.read(lambda: int(number(_POLICY, argument, value, least=least, is_whole=True)), default)

    def seconds(argument: str) -> float | None:
        value = known.get(argument)
        return None if value is None else wrongs.read(lambda: duration(_POLICY, argument, value), None)

    most = counted("max_parallel", 1, least=1) if "max_parallel" in known else None
    pause = known.get("minutes_between_retries", 5)
    policy = RunPolicy(
        overlap=_overlap(known, most, wrongs),
        max_parallel=most,
        pool=wrongs.read(lambda: _pool(known), ""),
        priority=counted("priority", 0, least=-1000),
        timeout_seconds=seconds("timeout"),
        no_output_seconds=seconds("no_output"),
        retries=counted("retries", 0),
        minutes_between_retries=wrongs.read(lambda: number(_POLICY, "minutes_between_retries", pause), 5.0),
    )
    wrongs.refuse()
    return policy


def _overlap(known: Mapping[str, object], most: int | None, wrongs: Wrongs) -> Overlap:
    asked = known.get("overlap", "skip" if most is None else "queue")
    overlap: Overlap = wrongs.read(lambda: one_of(_POLICY, "overlap", asked, _OVERLAPS), "queue")
    if most is not None and overlap in ("skip", "cancel_previous"):
        hint = 'overlap="queue" lets others wait, overlap="allow" does not limit them unless max_parallel does'
        wrongs.add(f'`@run_policy(overlap="{overlap}")` has one run at a time, never {most}', hint)
    return overlap


def _pool(known: Mapping[str, object]) -> str:
    pool = text(_POLICY, "pool", known.get("pool", "default"))
    if not NAME.match(pool):
        hint = "letters, digits, `_`, `-`"
        raise InvalidDecorator(f"`@run_policy(pool={pool!r})` cannot be the name of a pool", hint=hint)
    return pool


def read_alert(given: Mapping[str, object]) -> AlertRule:
    """Give one rule: `@alert(metric="f1", below=0.7)`, `@alert(by="08:00", timezone="Europe/Berlin")`.

    Raises:
        InvalidDecorator: no such argument, a value that it cannot take, or nothing to be told of.
    """
    known = only("alert", given, ARGUMENTS["alert"])
    meant = "metric" if "metric" in known else "late" if "by" in known else None
    if meant is None and "on" not in known:
        hint = '@alert(metric="f1", below=0.7), @alert(by="08:00") or @alert(on="failure")'
        raise InvalidDecorator("`@alert` says nothing of what people are to be told", hint=hint)
    on = one_of("alert", "on", known.get("on", meant), _ON)
    for kind, argument in (("metric", "metric"), ("late", "by")):
        if (on == kind) != (argument in known):
            hint = '@alert(metric="f1", below=0.7) or @alert(by="08:00")'
            raise InvalidDecorator(f'`@alert(on="{on}")` {_amiss(argument, known)}', hint=hint)
    if "timezone" in known and on != "late":
        raise InvalidDecorator(f'`@alert(on="{on}")` takes no `timezone`', hint='it goes with by="08:00"')
    if on == "late":
        wrongs = Wrongs()
        hour, minute = wrongs.read(lambda: clock_time("alert", "by", known["by"]), (0, 0))
        zone = wrongs.read(lambda: checked_zone("alert", known.get("timezone", "UTC")), "UTC")
        wrongs.refuse()
        return AlertRule(on=on, by=f"{hour:02}:{minute:02}", timezone=zone)
    return _metric_rule(known) if on == "metric" else AlertRule(on=on)


def read_exit_hook(given: Mapping[str, object]) -> ExitHooks:
    """Give the names of the functions of one `@exit_hook`; that the module has them is checked with the flow.

    Raises:
        InvalidDecorator: no such argument, or something that is no function of a module.
    """
    known = only("exit_hook", given, ARGUMENTS["exit_hook"])
    hooks = ExitHooks(_functions("on_success", known), _functions("on_error", known))
    if not hooks.on_success and not hooks.on_error:
        hint = "@exit_hook(on_success=[tell], on_error=[tell])"
        raise InvalidDecorator("`@exit_hook` names no function", hint=f"for instance {hint}")
    return hooks


def _amiss(argument: str, known: Mapping[str, object]) -> str:
    return f"takes no `{argument}`" if argument in known else f"needs `{argument}`"


def _metric_rule(known: Mapping[str, object]) -> AlertRule:
    given = [bound for bound in ("below", "above") if bound in known]
    bounds = {bound: number("alert", bound, known[bound], least=-math.inf) for bound in given}
    metric = text("alert", "metric", known["metric"])
    if not bounds:
        raise InvalidDecorator(f"`@alert(metric={metric!r})` has no bound", hint="add below=0.7 or above=100")
    return AlertRule(on="metric", metric=metric, below=bounds.get("below"), above=bounds.get("above"))


def _functions(argument: str, known: Mapping[str, object]) -> tuple[str, ...]:
    listed = known.get(argument, ())
    if callable(listed) or isinstance(listed, str):
        listed = [listed]
    if not isinstance(listed, Iterable):
        raise InvalidDecorator(f"`@exit_hook({argument}={listed!r:.100})`: a list of functions is expected")
    return tuple(_function(argument, each) for each in listed)


def _function(argument: str, function: object) -> str:
    name = function if isinstance(function, str) else getattr(function, "__qualname__", "")
    if not (isinstance(function, str) or callable(function)) or not name.isidentifier():
        hint = "name functions that stand at the top of the flow's file: another process calls them"
        raise InvalidDecorator(f"`@exit_hook({argument}=...)`: {function!r:.100} is no such function", hint=hint)
    return name
