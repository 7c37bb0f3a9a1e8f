"""What the decorators of a flow's class come to: its production options, and the packages of all its steps."""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from headwater.flow import package_sets
from headwater.flow.argument_values import usage
from headwater.flow.flow_decorators import ClassOptions, FlowDecorator, noted
from headwater.flow.gates import read_approval, read_conditions
from headwater.flow.parameter import Parameter
from headwater.flow.policies import ARGUMENTS as POLICY_ARGUMENTS
from headwater.flow.policies import read_alert, read_exit_hook, read_project, read_run_policy
from headwater.flow.schedules import ARGUMENTS as SCHEDULE_ARGUMENTS
from headwater.flow.schedules import read_schedule
from headwater.flow.steps import shown
from headwater.flow.triggers import ARGUMENTS as TRIGGER_ARGUMENTS
from headwater.flow.triggers import read_trigger, read_trigger_on_finish
from headwater.flow.values import parameters_of
from headwater.model.errors import InvalidDecorator, Mistake, ParameterMistake
from headwater.model.nearest import did_you_mean
from headwater.model.production import ExitHooks, ProductionOptions, RunPolicy, Schedule

#: Decorators that may stand on a class more than once.
STACKABLE = ("schedule", "trigger", "trigger_on_finish", "alert", "exit_hook", "promote_if")
_TAKES: Mapping[str, tuple[str, ...]] = {
    "schedule": SCHEDULE_ARGUMENTS,
    **TRIGGER_ARGUMENTS,
    **POLICY_ARGUMENTS,
    "approval": ("role", "expires"),
    "promote_if": ("conditions",),
}


class Noun(msgspec.Struct, frozen=True):
    """What one use of a decorator says, with where it stands."""

    decorator: FlowDecorator
    value: Any


def read_class_options(flow: type, mistakes: list[Mistake]) -> ClassOptions:
    """Give what the decorators of a flow's class say.

    Args:
        flow: The class.
        mistakes: Takes what is wrong; what can be read is given all the same.
    """
    nouns = list(_read_all(flow, noted(flow), mistakes))
    _check_schedules(flow, nouns, mistakes)
    _check_hooks(flow, nouns, mistakes)
    return _fold(nouns)


def nouns_of(flow: type) -> list[Noun]:
    """Give what each decorator of a class says, those that cannot be read left out."""
    return list(_read_all(flow, noted(flow), []))


def mistake_at(decorator: FlowDecorator, text: str, hint: str = "", *, is_error: bool = True) -> Mistake:
    """Make a mistake of one decorator of a class."""
    return Mistake(text, shown(decorator.place.file), decorator.place.line, hint=hint, is_error=is_error)


def _read_all(flow: type, decorators: list[FlowDecorator], mistakes: list[Mistake]) -> Iterator[Noun]:
    seen: dict[str, FlowDecorator] = {}
    for decorator in decorators:
        name = decorator.name
        first = seen.setdefault(name, decorator)
        if first is not decorator and name not in STACKABLE:
            hint = f"line {decorator.place.line} has the other one; keep one of them"
            mistakes.append(mistake_at(first, f"`@{name}` stands twice on `{flow.__name__}`", hint))
            continue
        try:
            if decorator.wrong:
                raise InvalidDecorator(decorator.wrong, hint=usage(name, _TAKES.get(name, ("packages", "python"))))
            yield Noun(decorator, _READ[name](decorator.given))
        except InvalidDecorator as wrong:
            mistakes += [mistake_at(decorator, each.message, each.hint) for each in (wrong, *wrong.others)]


def _read_promote_if(given: Mapping[str, object]) -> tuple[str, ...]:
    unknown = [name for name in given if name != "conditions"]
    if unknown:
        raise InvalidDecorator(f"`@promote_if` takes no `{unknown[0]}`", hint='for instance @promote_if("f1 >= 0.7")')
    return read_conditions(given.get("conditions"))


_READ: dict[str, Callable[[Mapping[str, object]], object]] = {
    "schedule": read_schedule,
    "project": read_project,
    "trigger": read_trigger,
    "trigger_on_finish": read_trigger_on_finish,
    "exit_hook": read_exit_hook,
    "run_policy": read_run_policy,
    "alert": read_alert,
    "approval": read_approval,
    "promote_if": _read_promote_if,
    "pypi_base": lambda given: package_sets.read_packages("pypi_base", given),
    "conda_base": lambda given: package_sets.read_packages("conda_base", given),
    "uv": lambda given: package_sets.read_packages("uv", given),
}


def _fold(nouns: list[Noun]) -> ClassOptions:
    by_name: dict[str, list[Any]] = {}
    for noun in nouns:
        by_name.setdefault(noun.decorator.name, []).append(noun.value)
    first: dict[str, Any] = {name: values[0] for name, values in by_name.items()}
    hooks: list[ExitHooks] = by_name.get("exit_hook", [])
    production = ProductionOptions(
        project=first.get("project"),
        schedules=tuple(by_name.get("schedule", ())),
        triggers=(*by_name.get("trigger", ()), *by_name.get("trigger_on_finish", ())),
        policy=first.get("run_policy", RunPolicy()),
        alerts=tuple(by_name.get("alert", ())),
        promote_if=tuple(condition for conditions in by_name.get("promote_if", ()) for condition in conditions),
        approval=first.get("approval"),
        exit_hooks=ExitHooks(
            tuple(dict.fromkeys(name for hook in hooks for name in hook.on_success)),
            tuple(dict.fromkeys(name for hook in hooks for name in hook.on_error)),
        ),
    )
    bases = [first[name] for name in ("pypi_base", "conda_base", "uv") if name in first]
    return ClassOptions(production, bases[0] if bases else None)


def _check_schedules(flow: type, nouns: list[Noun], mistakes: list[Mistake]) -> None:
    """Names that stand twice, and parameters that the flow does not have or that do not take the value."""
    seen: dict[str, int] = {}
    parameters = {parameter.name: parameter for parameter in parameters_of(flow)}
    for noun in nouns:
        if not isinstance(noun.value, Schedule):
            continue
        line = seen.setdefault(noun.value.name, noun.decorator.place.line)
        if line != noun.decorator.place.line:
            text = f"two schedules are called `{noun.value.name}`, here and in line {line}"
            mistakes.append(mistake_at(noun.decorator, text, "give each a name of its own: name=..."))
        for name, value in noun.value.parameters.items():
            if name not in parameters:
                hint = did_you_mean(name, parameters, what="the parameters") or "the flow has no parameters"
                mistakes.append(mistake_at(noun.decorator, f"`@schedule`: there is no parameter `{name}`", hint))
            elif (wrong := _refusal(parameters[name], msgspec.json.decode(value))) is not None:
                mistakes.append(mistake_at(noun.decorator, f"`@schedule`: {wrong.message}", wrong.hint))


def _refusal(parameter: Parameter, value: object) -> ParameterMistake | None:
    try:
        parameter.convert(value)
    except ParameterMistake as wrong:
        return wrong
    return None


def _check_hooks(flow: type, nouns: list[Noun], mistakes: list[Mistake]) -> None:
    module = sys.modules.get(flow.__module__)
    for noun in nouns:
        hooks = noun.value
        for name in (*hooks.on_success, *hooks.on_error) if isinstance(hooks, ExitHooks) else ():
            if not callable(getattr(module, name, None)):
                hint = f"define `def {name}(run):` at the top of the file, above the class"
                text = f"`@exit_hook`: the flow's file has no function `{name}`"
                mistakes.append(mistake_at(noun.decorator, text, hint))
