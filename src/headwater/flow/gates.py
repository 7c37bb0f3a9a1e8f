"""Reads `@approval` and `@promote_if`: what must hold before a step starts, or before an alias moves to a flow."""

from collections.abc import Iterable, Mapping

from headwater.flow.argument_values import duration, only, text
from headwater.model.conditions import parse_condition
from headwater.model.errors import InvalidDecorator, UserMistake
from headwater.model.production import Approval


def read_approval(given: Mapping[str, object]) -> Approval:
    """Give what `@approval(role=, expires=)` asks for.

    Raises:
        InvalidDecorator: no such argument, or a value that it cannot take.
    """
    known = only("approval", given, ("role", "expires"))
    role = text("approval", "role", known.get("role", "deployer"))
    expires = duration("approval", "expires", known["expires"]) if "expires" in known else None
    return Approval(role=role, expires_seconds=expires)


def read_conditions(conditions: object) -> tuple[str, ...]:
    """Give the conditions of `@promote_if`, one text or several.

    Raises:
        InvalidDecorator: there is none, or one that cannot be read.
    """
    listed = [conditions] if isinstance(conditions, str) else conditions
    hint = 'for instance @promote_if("f1 >= 0.7")'
    if not isinstance(listed, Iterable) or isinstance(listed, Mapping):
        raise InvalidDecorator(f"`@promote_if({conditions!r})`: a condition is a text", hint=hint)
    read: list[str] = []
    for condition in listed:
        if not isinstance(condition, str):
            raise InvalidDecorator(f"`@promote_if({condition!r})`: a condition is a text", hint=hint)
        try:
            parse_condition(condition)
        except UserMistake as mistake:
            raise InvalidDecorator(f"`@promote_if`: {mistake.message}", hint=mistake.hint) from mistake
        read.append(condition.strip())
    if not read:
        raise InvalidDecorator("`@promote_if` without a condition", hint=hint)
    return tuple(read)
