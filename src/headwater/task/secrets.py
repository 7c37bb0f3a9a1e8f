"""Gives a task its secrets: asks the sources that `@secrets` names, in the task's own process, before the user's code.

The values exist in this process's environment only, and in the memory of its supervisor, which masks them in what the
task prints. No order, event or file holds them.
"""

import os
from collections.abc import Mapping, Sequence

from headwater.flow.secret_sources import check_variable, without_values
from headwater.model.errors import HeadwaterError, SecretMissing
from headwater.model.masked_forms import SHORTEST
from headwater.model.order import TaskOrder
from headwater.model.secret import SecretSource
from headwater.task.secret_files import read_file, read_variables
from headwater.task.secret_managers import ask_aws, ask_azure, ask_google


def secrets_of(order: TaskOrder, environ: Mapping[str, str], in_code: Sequence[SecretSource] = ()) -> dict[str, str]:
    """Give the variables that the secrets of an order's step set; empty when it asks for none.

    Args:
        order: names the sources.
        environ: the process's environment, that of the step included.
        in_code: the sources as the step's own decorators say them, with the values of inline ones.

    Raises:
        SecretMissing: names every source that cannot be had, and why; never a value.
    """
    sources = order.options.secrets
    if not sources:
        return {}
    if order.launch is not None and order.launch.is_without_secrets:
        raise _withheld(order)
    found: dict[str, str] = {}
    wrong: list[SecretMissing] = []
    for source in sources:
        try:
            for name, value in _ask(source, environ, in_code).items():
                _check(name, value, source, found, environ)
                found[name] = value
        except HeadwaterError as error:
            wrong.append(SecretMissing(f"{_shown(source)}: {error.message}", hint=error.hint))
    if wrong:
        raise _missing(order, wrong)
    return found


def unmasked_names(variables: Mapping[str, str]) -> list[str]:
    """Name the variables whose values are too short to be masked."""
    return [name for name, value in variables.items() if len(value.strip()) < SHORTEST]


def _ask(source: SecretSource, environ: Mapping[str, str], in_code: Sequence[SecretSource]) -> dict[str, str]:
    match source.type:
        case "env":
            return read_variables(source, environ)
        case "file":
            return read_file(source)
        case "inline":
            return _inline(source, in_code)
        case "aws-secrets-manager":
            return ask_aws(source)
        case "gcp-secret-manager":
            return ask_google(source)
        case "az-key-vault":
            return ask_azure(source)
    raise SecretMissing(f"there are no sources of type `{source.type}`")


def _inline(source: SecretSource, in_code: Sequence[SecretSource]) -> dict[str, str]:
    for each in in_code:
        if without_values(each) == source:
            return dict(each.options)
    raise SecretMissing("the code of the step does not have its values", hint="the decorator has changed; run it again")


def _check(name: str, value: str, source: SecretSource, found: Mapping[str, str], environ: Mapping[str, str]) -> None:
    wrong = check_variable(name)
    if wrong:
        raise SecretMissing(f"it {wrong}", hint="rename it with `options`")
    if not _is_storable(value):
        raise SecretMissing(f"`{name}` holds a character that no variable can")
    if name in found:
        raise SecretMissing(f"it sets `{name}`, as another source does", hint="rename one with `options`")
    if not source.may_override and environ.get(name, value) != value:
        message = f"it sets `{name}`, which the task's environment has already with another value"
        raise SecretMissing(message, hint="`@secrets(..., allow_override=True)` lets the secret win")


def _is_storable(value: str) -> bool:
    try:
        return b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False


def _withheld(order: TaskOrder) -> SecretMissing:
    target = order.launch.target if order.launch is not None else ""
    return SecretMissing(
        f"step `{order.step}` asks for secrets, which {target} is not given: it runs as a shadow",
        hint="`headwater deploy FILE --shadow-of NAME --with-secrets` grants a shadow the secrets of its steps",
    )


def _missing(order: TaskOrder, wrong: Sequence[SecretMissing]) -> SecretMissing:
    message = f"step `{order.step}` was not started, a secret is missing: "
    hints = dict.fromkeys(each.hint for each in wrong if each.hint)
    return SecretMissing(message + "; ".join(each.message for each in wrong), hint="; ".join(hints))


def _shown(source: SecretSource) -> str:
    return "inline" if source.type == "inline" else f"{source.type} `{source.id}`"
