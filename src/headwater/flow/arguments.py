"""From a decorator's arguments to a step's options, the same for `@retry(times=2)` and `--with retry:times=2`."""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from headwater.flow import argument_values, package_sets
from headwater.flow.argument_values import flag, number
from headwater.flow.gates import read_approval, read_conditions
from headwater.flow.secret_sources import known_variables, read_sources
from headwater.model.errors import InvalidDecorator
from headwater.model.graph import Graph
from headwater.model.nearest import did_you_mean
from headwater.model.options import Catch, Executable, Resources, Retry, StepOptions, Timeout, Unsupported

#: Decorators that do something, with the names of their arguments.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "retry": ("times", "minutes_between_retries"),
    "catch": ("var", "print_exception"),
    "timeout": ("seconds", "minutes", "hours"),
    "resources": ("cpu", "gpu", "disk", "memory", "shared_memory", "enforce"),
    "environment": ("vars",),
    "parallel": (),
    "executable": ("command",),
    **package_sets.ARGUMENTS,
    "secrets": ("sources", "role", "allow_override"),
    "approval": ("role", "expires"),
    "promote_if": ("conditions",),
}
#: Decorators of back ends that are not here: accepted, with any arguments.
UNSUPPORTED = ("batch", "kubernetes", "card", "pytorch_parallel")
#: Decorators that mean one step, or the flow as a whole, never every step.
_OF_ONE_STEP = ("parallel", "executable", "approval", "promote_if")
#: Fields of the options that several decorators share the name of.
_FIELDS = {"parallel": "is_parallel", "pypi": "packages", "conda": "packages", "uv": "packages"}


def add(options: StepOptions, name: str, given: Mapping[str, object]) -> StepOptions:
    """Give the options with one more decorator.

    Raises:
        InvalidDecorator: no such decorator, no such argument, or a value that it cannot take.
    """
    if name in UNSUPPORTED:
        return _add_unsupported(options, name, given)
    if name not in ARGUMENTS:
        raise InvalidDecorator(
            f"there is no decorator `{name}`", hint=did_you_mean(name, ARGUMENTS, what="the decorators")
        )
    argument_values.only(name, given, ARGUMENTS[name])
    if name in package_sets.ARGUMENTS:
        return replace(options, packages=package_sets.read_packages(name, given))
    return _ADD[name](options, given)


def attach(options: StepOptions, text: str) -> StepOptions:
    """Add what `--with NAME:KEY=VALUE,...` says, unless the step's own code already has that decorator.

    Raises:
        InvalidDecorator: the text names no decorator, or an argument or value that it cannot take.
    """
    name, given = parse_with(text)
    if name in _OF_ONE_STEP:
        hint = f"write @{name} above the step that it is meant for"
        raise InvalidDecorator(f"`--with {name}` cannot be meant for every step", hint=hint)
    added = add(StepOptions(), name, given)
    if any(source.type == "inline" for source in added.secrets):
        hint = "name where the values are: --with 'secrets:sources=[\"env.DB_PASSWORD\"]'"
        raise InvalidDecorator("`--with secrets` takes no values: a command line is seen by others and kept", hint=hint)
    return options if _has(options, name) else _merge(options, added)


def attach_to_all(graph: Graph, texts: Iterable[str]) -> Graph:
    """Give the graph with the decorators of `--with` on every step; `catch` only where it can stand.

    Raises:
        InvalidDecorator: as `attach`.
    """
    steps = dict(graph.steps)
    for text in texts:
        is_catch = parse_with(text)[0] == "catch"
        for name, step in steps.items():
            if not (is_catch and step.kind in ("foreach", "parallel", "switch")):
                steps[name] = replace(step, options=attach(step.options, text))
    return replace(graph, steps=steps)


def parse_with(text: str) -> tuple[str, dict[str, object]]:
    """Take `NAME:KEY=VALUE,...` apart; values are JSON, else text. Commas inside brackets and quotes do not part.

    Raises:
        InvalidDecorator: a part is not of the form KEY=VALUE.
    """
    name, _, rest = text.partition(":")
    given: dict[str, object] = {}
    for part in _split_outside_brackets(rest):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            hint = "write --with NAME:KEY=VALUE,KEY=VALUE, for instance --with retry:times=2"
            raise InvalidDecorator(f"`--with {text}`: `{part}` is not of the form KEY=VALUE", hint=hint)
        given[key.strip()] = _value(value.strip())
    return name.strip(), given


def usage(name: str) -> str:
    """Say in one line what a decorator takes."""
    return argument_values.usage(name, ARGUMENTS.get(name, ()))


def _split_outside_brackets(text: str) -> list[str]:
    parts, depth, quote, current = [], 0, "", ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "[{(":
            depth += 1
        elif character in "]})":
            depth -= 1
        if character == "," and depth == 0 and not quote:
            parts.append(current)
            current = ""
        else:
            current += character
    return [part for part in [*parts, current] if part.strip()]


def _value(text: str) -> object:
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeError):
        return {"True": True, "False": False, "None": None}.get(text, text)


def _has(options: StepOptions, name: str) -> bool:
    if name in UNSUPPORTED:
        return any(each.name == name for each in options.unsupported)
    return bool(getattr(options, _FIELDS.get(name, name)))


def _merge(options: StepOptions, added: StepOptions) -> StepOptions:
    changes: dict[str, object] = {}
    for field in options.__struct_fields__:
        new = getattr(added, field)
        if new:
            changes[field] = new
    if options.resources and added.resources:
        changes["resources"] = _larger(options.resources, added.resources)
    if options.unsupported and added.unsupported:
        changes["unsupported"] = (*options.unsupported, *added.unsupported)
    return replace(options, **changes)


def _add_retry(options: StepOptions, given: Mapping[str, object]) -> StepOptions:
    times = number("retry", "times", given.get("times", 3), is_whole=True)
    minutes = number("retry", "minutes_between_retries", given.get("minutes_between_retries", 0))
    return replace(options, retry=Retry(int(times), minutes))


def _add_catch(options: StepOptions, given: Mapping[str, object]) -> StepOptions:
    var = given.get("var")
    if var is not None and not (isinstance(var, str) and var.isidentifier() and not var.startswith("__")):
        raise InvalidDecorator(f"`@catch(var={var!r})`: var must be the name of an artifact")
    return replace(options, catch=Catch(var, flag("catch", "print_exception", given.get("print_exception", True))))


def _add_timeout(options: StepOptions, given: Mapping[str, object]) -> StepOptions:
    units = {"seconds": 1, "minutes": 60, "hours": 3600}
    total = sum(number("timeout", unit, given.get(unit, 0)) * factor for unit, factor in units.items())
    if total <= 0:
        raise InvalidDecorator("`@timeout` without a time", hint="for instance @timeout(minutes=5)")
    return replace(options, timeout=Timeout(total))


def _add_resources(options: StepOptions, given: Mapping[str, object]) -> StepOptions:
    numbers: dict[str, float] = {}
    for argument in ("cpu", "gpu", "disk", "memory", "shared_memory"):
        value = given.get(argument)
        if value is not None:
            numbers[argument] = number("resources", argument, value, is_whole=argument == "gpu")
    enforce = flag("resources", "enforce", given.get("enforce", False))
    if enforce and not numbers.get("memory"):
        raise InvalidDecorator("`@resources(enforce=True)` has no memory to enforce", hint="add memory=<MB>")
    gpu = int(numbers.pop("gpu")) if "gpu" in numbers else None
    asked = Resources(gpu=gpu, enforce=enforce, **numbers)
    return replace(options, resources=_larger(options.resources, asked) if options.resources else asked)


def _larger(left: Resources, right: Resources) -> Resources:
    larger: dict[str, float | None] = {}
    for field in ("cpu", "gpu", "memory", "disk", "shared_memory"):
        known = [value for value in (getattr(left, field), getattr(right, field)) if value is not None]
        larger[field] = max(known) if known else None
    return msgspec.convert({**larger, "enforce": left.enforce or right.enforce}, Resources)


def _add_environment(options: StepOptions, given: Mapping[str, object]) -> StepOptions:
    variables = given.get("vars")
    if not isinstance(variables, Mapping):
        hint = 'for instance @environment(vars={"TZ": "UTC"})'
        raise InvalidDecorator(f"`@environment(vars={variables!r})`: vars must be a dictionary", hint=hint)
    for name, value in variables.items():
        is_name = isinstance(name, str) and name and "=" not in name and "\0" not in name
        if not is_name or not isinstance(value, str | int | float) or "\0" in str(value):
            raise InvalidDecorator(f"`@environment`: {name!r}: {value!r} is not an environment variable and its text")
    secret = [name for each in options.secrets if not each.may_override for name in known_variables(each)]
    twice = [name for name in variables if name in secret]
    if twice:
        hint = "leave it out of one of them, or write allow_override=True into `@secrets`"
        raise InvalidDecorator(f"`@environment` gives `{twice[0]}`, which `@secrets` gives too", hint=hint)
    return replace(options, environment={name: str(value) for name, value in variables.items()})


def _add_parallel(options: StepOptions, given: Mapping[str, object]) -> StepOptions:
    return replace(options, is_parallel=True)


def _add_executable(options: StepOptions, given: Mapping[str, object]) -> StepOptions:
    command = given.get("command")
    try:
        words = shlex.split(command) if isinstance(command, str) else command
    except ValueError as error:
        raise InvalidDecorator(f"`@executable({command!r})`: {error}") from error
    if not isinstance(words, Sequence) or not words or not all(isinstance(word, str) for word in words):
        hint = 'for instance @executable("./score.sh") or @executable(["Rscript", "score.R"])'
        raise InvalidDecorator(f"`@executable({command!r})`: the command must be text or a list of texts", hint=hint)
    return replace(options, executable=Executable(tuple(words)))


def _add_secrets(options: StepOptions, given: Mapping[str, object]) -> StepOptions:
    sources = read_sources(
        given.get("sources", ()),
        role=given.get("role"),
        allow_override=given.get("allow_override", False),
        taken=[*options.environment, *(name for each in options.secrets for name in known_variables(each))],
    )
    return replace(options, secrets=(*options.secrets, *sources))


def _add_approval(options: StepOptions, given: Mapping[str, object]) -> StepOptions:
    return replace(options, approval=read_approval(given))


def _add_promote_if(options: StepOptions, given: Mapping[str, object]) -> StepOptions:
    return replace(options, promote_if=read_conditions(given.get("conditions")))


def _add_unsupported(options: StepOptions, name: str, given: Mapping[str, object]) -> StepOptions:
    texts = {argument: str(value) for argument, value in given.items() if value is not None}
    options = replace(options, unsupported=(*options.unsupported, Unsupported(name, texts)))
    if name == "pytorch_parallel":
        return replace(options, is_parallel=True)
    asked = {key: given[key] for key in ("cpu", "gpu", "disk", "memory", "shared_memory") if given.get(key) is not None}
    return _add_resources(options, asked) if asked and name in ("batch", "kubernetes") else options


_ADD: dict[str, Callable[[StepOptions, Mapping[str, object]], StepOptions]] = {
    "retry": _add_retry,
    "catch": _add_catch,
    "timeout": _add_timeout,
    "resources": _add_resources,
    "environment": _add_environment,
    "parallel": _add_parallel,
    "executable": _add_executable,
    "secrets": _add_secrets,
    "approval": _add_approval,
    "promote_if": _add_promote_if,
}
