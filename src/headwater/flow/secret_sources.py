"""Reads what `@secrets(sources=[...])` was given; refuses what can be known to be wrong without looking a value up."""

import os
import re
from collections.abc import Collection, Iterable, Mapping

import msgspec

from headwater.model.errors import InvalidDecorator
from headwater.model.nearest import did_you_mean
from headwater.model.secret import SecretSource

#: Types of sources, with their own options; the others of `env`, `file` and the managers' JSON rename variables.
TYPES: dict[str, tuple[str, ...]] = {
    "env": (),
    "file": (),
    "inline": ("env_vars",),
    "aws-secrets-manager": ("json", "env_var_name", "region"),
    "gcp-secret-manager": ("json", "env_var_name"),
    "az-key-vault": ("json", "env_var_name"),
}
#: Types that can take on a role before they ask.
WITH_ROLE = ("aws-secrets-manager", "gcp-secret-manager", "az-key-vault")
#: Beginnings of variables that are settings of Headwater, which a secret may not replace.
RESERVED = ("HEADWATER_", "METAFLOW_")

_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_KEYS = ("type", "id", "options", "role")
_EXAMPLE = '`@secrets(sources=["env.DB_PASSWORD", "file.~/.secrets/db"])`'


def read_sources(
    sources: object, *, role: object = None, allow_override: object = False, taken: Collection[str] = ()
) -> tuple[SecretSource, ...]:
    """Give the sources of one step.

    Args:
        sources: list of `"type.id"` or of mappings with `type`, `id`, `options` and `role`.
        role: of all sources that can take one on and name none themselves; None = none.
        allow_override: values may replace variables that are there already.
        taken: variables that the step's `@environment` or another `@secrets` gives it already.

    Raises:
        InvalidDecorator: names every source that is wrong, and why.
    """
    if isinstance(sources, (str, Mapping)) or not isinstance(sources, Iterable):
        raise InvalidDecorator("`@secrets` takes a list of sources", hint=f"for instance {_EXAMPLE}")
    if role is not None and not (isinstance(role, str) and role):
        raise InvalidDecorator("`@secrets` takes the name of a role as `role`, or none")
    if not isinstance(allow_override, bool):
        raise InvalidDecorator("`@secrets` takes True or False as `allow_override`")
    read: list[SecretSource] = []
    wrong: list[InvalidDecorator] = []
    for position, given in enumerate(sources, 1):
        try:
            read.append(_source(given, role, allow_override))
        except InvalidDecorator as mistake:
            wrong.append(InvalidDecorator(f"source {position} of `@secrets` {mistake.message}", hint=mistake.hint))
    wrong += _repeated(read, () if allow_override else taken)
    if wrong:
        hints = dict.fromkeys(mistake.hint for mistake in wrong if mistake.hint)
        raise InvalidDecorator("; ".join(mistake.message for mistake in wrong), hint="; ".join(hints))
    return tuple(read)


def known_variables(source: SecretSource) -> tuple[str, ...]:
    """Name the variables that a source will set, as far as that can be told before it is asked."""
    if source.type == "inline":
        return tuple(source.options)
    if source.type == "env":
        return tuple(source.options.get(name, name) for name in env_names(source))
    name = source.options.get("env_var_name")
    return (name,) if name else ()


def env_names(source: SecretSource) -> list[str]:
    """Name the variables that a source of type `env` reads."""
    return [name.strip() for name in source.id.split(",")]


def check_variable(name: str) -> str:
    """Say what is wrong with the name of a variable; empty when nothing is."""
    if not re.fullmatch(_VARIABLE, name):
        return f"names a variable `{name}`, which is no name: letters, digits and underscores"
    if name.upper().startswith(RESERVED):
        return f"would set `{name}`: names that begin with {' or '.join(RESERVED)} are settings, not secrets"
    return ""


def _source(given: object, role: str | None, may_override: bool) -> SecretSource:
    if isinstance(given, str):
        type_, dot, id_ = given.partition(".")
        if not dot or type_ not in TYPES:
            # Not the text itself: somebody may have written a value instead of a source.
            shown = f"`{type_}`" if dot else "a text without a dot"
            hint = f"{did_you_mean(type_, TYPES, what='the types')}; write TYPE.ID, for instance {_EXAMPLE}"
            raise InvalidDecorator(f"begins with {shown}, which is no type of source", hint=hint)
        fields: Mapping[object, object] = {"type": type_, "id": id_}
    elif isinstance(given, Mapping):
        fields = given
    else:
        kind = type(given).__name__
        raise InvalidDecorator(f"is of type {kind}, neither a text nor a dict", hint=f"for instance {_EXAMPLE}")
    return _checked(_from_fields(fields, role, may_override))


def _from_fields(fields: Mapping[object, object], role: str | None, may_override: bool) -> SecretSource:
    unknown = [str(key) for key in fields if key not in _KEYS]
    if unknown:
        near = did_you_mean(unknown[0], _KEYS, what="the keys")
        raise InvalidDecorator(f"has a key `{unknown[0]}` that a source does not take", hint=near)
    type_, id_, own_role = fields.get("type"), fields.get("id", ""), fields.get("role")
    if not isinstance(type_, str) or type_ not in TYPES:
        hint = did_you_mean(str(type_), TYPES, what="the types")
        raise InvalidDecorator("has no `type` of those that there are", hint=hint)
    if not isinstance(id_, str):
        raise InvalidDecorator("has an `id` that is no text")
    if own_role is not None and not (isinstance(own_role, str) and own_role and type_ in WITH_ROLE):
        raise InvalidDecorator(f"has a `role`, which {type_} does not take", hint=f"{', '.join(WITH_ROLE)} take one")
    used_role = (own_role or role) if type_ in WITH_ROLE else None
    return SecretSource(type_, id_, _options(type_, fields.get("options")), used_role, may_override)


def _options(type_: str, given: object) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InvalidDecorator("has `options` that are no dict")
    if type_ == "inline" and list(given) == ["env_vars"] and isinstance(given["env_vars"], Mapping):
        given = given["env_vars"]
    options = {}
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, (str, bool, int, float)):
            raise InvalidDecorator("has `options` that are not names with texts")
        options[name] = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return options


def _checked(source: SecretSource) -> SecretSource:
    if source.type == "inline":
        if not source.options:
            hint = '{"type": "inline", "options": {"TOKEN": "for a test"}}'
            raise InvalidDecorator("is inline and has no values", hint=f"write {hint}")
    elif not source.id:
        raise InvalidDecorator(f"names nothing in {source.type}", hint=f"for instance {_EXAMPLE}")
    if source.type == "file":
        _check_path(source.id)
    for name in _named(source):
        wrong = check_variable(name)
        if wrong:
            raise InvalidDecorator(wrong)
    if source.type == "env":
        _check_renames(source)
    if source.options.get("json") not in (None, "true", "false") and "json" in TYPES[source.type]:
        raise InvalidDecorator("takes True or False as `json`")
    return source


def _named(source: SecretSource) -> list[str]:
    """Name all variables that the source's own words hold, those read included."""
    if source.type == "inline":
        return list(source.options)
    own = TYPES[source.type]
    names = [value for option, value in source.options.items() if option not in own or option == "env_var_name"]
    if source.type == "env":
        names += [name for name in env_names(source) if name not in source.options]
    return names


def _check_path(path: str) -> None:
    if not os.path.isabs(path) and not path.startswith("~/"):
        message = f"is a file at `{path}`, which would depend on the folder that a run is started from"
        raise InvalidDecorator(message, hint="begin the path with / or ~/")


def _check_renames(source: SecretSource) -> None:
    names = env_names(source)
    strange = [name for name in source.options if name not in names]
    if strange:
        hint = did_you_mean(strange[0], names, what="its variables")
        raise InvalidDecorator(f"renames `{strange[0]}`, which it does not read", hint=hint)
    unusable = [name for name in names if not re.fullmatch(_VARIABLE, name)]
    if unusable:
        raise InvalidDecorator(f"reads a variable `{unusable[0]}`, which is no name")


def _repeated(sources: list[SecretSource], taken: Collection[str]) -> list[InvalidDecorator]:
    wrong = []
    seen: set[tuple[str, str]] = set()
    variables = dict.fromkeys(taken, "the step's environment")
    for source in sources:
        if source.type != "inline" and (source.type, source.id) in seen:
            wrong.append(InvalidDecorator(f"`@secrets` names {source.type} `{source.id}` twice"))
            continue
        seen.add((source.type, source.id))
        for name in known_variables(source):
            if name in variables:
                by = variables[name]
                hint = "`allow_override=True` lets the secret win" if name in taken else "rename one with `options`"
                wrong.append(InvalidDecorator(f"`@secrets` sets `{name}` twice: {by} and {source.type}", hint=hint))
            variables[name] = source.type
    return wrong


def without_values(source: SecretSource) -> SecretSource:
    """Give a source as it may be stored and shown: inline values stay in the code, `***` stands for each."""
    if source.type != "inline":
        return source
    return msgspec.structs.replace(source, options=dict.fromkeys(source.options, "***"))
