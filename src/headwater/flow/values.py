"""The parameters and constants of one run: found in a flow's class, worked out once when the run starts."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from headwater.flow.parameter import ABSENT, Constant, Parameter, ParameterContext
from headwater.model.current import facts
from headwater.model.errors import Mistake, ParameterMistake
from headwater.model.nearest import did_you_mean
from headwater.model.production import Project

#: A parameter's value may come from these variables; the name follows in capitals, `-` written `_`.
PREFIXES = ("HEADWATER_RUN_", "METAFLOW_RUN_")


def parameters_of(flow: type) -> list[Parameter]:
    """Give a flow's parameters in the order written, those of its base classes first."""
    return [value for _, value in _attributes(flow) if isinstance(value, Parameter)]


def constants_of(flow: type) -> dict[str, object]:
    """Give a flow's public class variables by name, those of its base classes first."""
    return {name: value.value for name, value in _attributes(flow) if isinstance(value, Constant)}


def evaluate_parameters(
    flow: type,
    given: Mapping[str, object],
    environ: Mapping[str, str],
    *,
    user: str = "",
    logger: Callable[..., None] = print,
    may_lack_required: bool = False,
    project: Project | None = None,
) -> dict[str, Any]:
    """Work out all parameters of a run that starts; gives values by attribute.

    Args:
        flow: The flow's class.
        given: Text or value by parameter name; None counts as not given.
        environ: Where `HEADWATER_RUN_<NAME>` is looked up; loses to `given`, wins over defaults.
        user: For defaults that are functions.
        logger: For defaults that are functions.
        project: What `current.branch_name` and the like are in defaults that are functions; None = the flow is in none.
        may_lack_required: Leave out required parameters that have no value yet: a deployment's runs get them.

    Raises:
        ParameterMistake: names everything that is wrong: unknown names, missing and unfit values, failing defaults.
    """
    parameters = parameters_of(flow)
    wrong = _unknown(parameters, given)
    values: dict[str, Any] = {}
    for parameter in parameters:
        context = ParameterContext(flow.__name__, user, parameter.name, logger)
        try:
            with facts({} if project is None else project.facts(flow.__name__)):
                values[parameter.attribute] = _evaluate(parameter, given.get(parameter.name), environ, context)
        except _Missing as mistake:
            if not may_lack_required:
                wrong.append(mistake)
        except ParameterMistake as mistake:
            wrong.append(mistake)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        hints = "; ".join(dict.fromkeys(mistake.hint for mistake in wrong if mistake.hint))
        raise ParameterMistake("\n".join(mistake.message for mistake in wrong), hint=hints) from wrong[0]
    return values


#: Attributes that steps need.
TAKEN = frozenset(("next", "input", "index", "merge_artifacts", "foreach_stack"))
#: Names that the command line uses itself.
RESERVED = frozenset(
    (
        *("params", "with", "tag", "tags", "namespace", "user-namespace", "obj", "decospecs", "run-id", "run-id-file"),
        *("task-id", "max-num-splits", "max-workers", "max-log-size", "runner-attribute-file", "help"),
    )
)
_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_-]*$")


def definition_mistakes(flow: type, shown: Callable[[str], str]) -> list[Mistake]:
    """Say what is wrong with the definitions of a flow's parameters.

    Args:
        flow: The flow's class.
        shown: Gives a file's path as messages show it.
    """
    found: list[Mistake] = []
    seen: dict[str, Parameter] = {}
    for parameter in parameters_of(flow):
        name, place = parameter.name, parameter.place
        texts = []
        if not isinstance(name, str) or not _NAME.match(name):
            texts.append(f"{name!r} cannot be the name of a parameter: letters, digits, `-` and `_` can")
        elif name.lower().replace("_", "-") in RESERVED:
            texts.append(f"no parameter can be called `{name}`: the command line uses that name")
        twin = seen.setdefault(str(name).lower(), parameter)
        if twin is not parameter:
            texts.append(f"parameters `{twin.name}` and `{name}` differ in no more than capitals")
        if parameter.attribute in TAKEN:
            texts.append(f"no parameter can be the attribute `{parameter.attribute}`: every flow has that one")
        found += [Mistake(text, shown(place.file), place.line) for text in texts]
        found += [msgspec.structs.replace(each, file=shown(each.file)) for each in parameter.mistakes()]
    return found


class _Missing(ParameterMistake):
    """A required parameter has no value."""


def _attributes(flow: type) -> list[tuple[str, object]]:
    names: dict[str, None] = {}
    for cls in reversed(flow.__mro__):
        names.update((name, None) for name, value in vars(cls).items() if isinstance(value, Parameter | Constant))
    return [(name, _class_attribute(flow, name)) for name in names]


def _class_attribute(flow: type, name: str) -> object:
    for cls in flow.__mro__:
        if name in vars(cls):
            return vars(cls)[name]
    return None


def _unknown(parameters: list[Parameter], given: Mapping[str, object]) -> list[ParameterMistake]:
    known = [parameter.name for parameter in parameters]
    return [
        ParameterMistake(
            f"there is no parameter `{name}`",
            hint=did_you_mean(name, known, what="the parameters") or "the flow has no parameters",
        )
        for name in given
        if name not in known
    ]


def _evaluate(parameter: Parameter, given: object, environ: Mapping[str, str], context: ParameterContext) -> object:
    if given is not None:
        return parameter.convert(given)
    variable = parameter.name.upper().replace("-", "_")
    for prefix in PREFIXES:
        if environ.get(prefix + variable):
            return parameter.convert(environ[prefix + variable])
    if parameter.default is ABSENT:
        if parameter.required:
            hint = f"give it as `--{parameter.name} VALUE`"
            raise _Missing(f"parameter `{parameter.name}` is required", hint=hint)
        return False if parameter.is_flag else None
    if callable(parameter.default):
        return _compute(parameter, context)
    return parameter.convert(parameter.default)


def _compute(parameter: Parameter, context: ParameterContext) -> object:
    where = f"parameter `{parameter.name}`: its default function"
    try:
        value = parameter.default(context)  # type: ignore[operator]
    except Exception as error:
        raise ParameterMistake(f"{where} raised {type(error).__name__}: {error}") from error
    if value is None:
        return None
    kind = parameter.type
    accepted: Any = (int, float) if kind is float else kind
    if kind in (str, int, float, bool) and (
        not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool)
    ):
        wanted = getattr(kind, "__name__", kind)
        raise ParameterMistake(f"{where} gave {value!r:.100}, a {type(value).__name__}, where {wanted} is asked")
    return parameter.convert(value)
