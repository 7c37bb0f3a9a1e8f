"""Reads `@pypi`, `@conda`, `@uv` and their `_base` forms: which packages a step runs with."""

import re
from collections.abc import Mapping
from typing import Literal

from headwater.flow.argument_values import flag, only, text
from headwater.model.errors import InvalidDecorator
from headwater.model.packages import PackageSet

#: Decorators of packages, with the names of their arguments.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "pypi": ("packages", "python", "index", "disabled"),
    "conda": ("packages", "libraries", "python", "disabled"),
    "uv": ("python", "disabled"),
}
#: What `tool` of a package set each of them means, the forms of whole flows included.
TOOLS: dict[str, Literal["pypi", "uv", "conda"]] = {
    "pypi": "pypi",
    "pypi_base": "pypi",
    "conda": "conda",
    "conda_base": "conda",
    "uv": "uv",
}

#: Patterns are kept as text: compiling them would cost every start, and few flows need them.
_PACKAGE = r"^(?:[A-Za-z0-9_-]+::)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[A-Za-z0-9._, -]+\])?$"
_VERSION = r"^(?:[A-Za-z0-9.*+!_=<>~ ,-]*|@ ?\S+)$"
_PYTHON = r"^\d+\.\d+(?:\.\d+)?$"
_EXAMPLE = '@pypi(packages={"pandas": "2.2.3", "scikit-learn": ">=1.5,<2"}, python="3.12")'


def read_packages(name: str, given: Mapping[str, object]) -> PackageSet:
    """Give what one decorator asks for.

    Args:
        name: of the decorator, without `@`.
        given: its arguments.

    Raises:
        InvalidDecorator: no such argument, or a value that it cannot take.
    """
    tool = TOOLS[name]
    known = only(name, given, ARGUMENTS[tool])
    if flag(name, "disabled", known.get("disabled", False)):
        return PackageSet(tool=tool, is_disabled=True)
    packages = {**_packages(name, "libraries", known), **_packages(name, "packages", known)}
    index = text(name, "index", known["index"]) if "index" in known else None
    return PackageSet(tool=tool, packages=packages, python=_python(name, known), index=index)


def on_base(base: PackageSet | None, own: PackageSet | None) -> PackageSet | None:
    """Give what a step runs with: its own set on top of the flow's, of which each tool knows its own kind alone.

    `disabled=True` on the step opts out of the flow's; None when neither asks for anything.
    """
    if own is None or base is None or own.is_disabled or base.is_disabled or own.tool != base.tool:
        return own if own is not None else base
    return PackageSet(
        tool=own.tool,
        packages={**base.packages, **own.packages},
        python=own.python or base.python,
        index=own.index or base.index,
    )


def _packages(name: str, argument: str, given: Mapping[str, object]) -> dict[str, str]:
    packages = given.get(argument, {})
    if not isinstance(packages, Mapping):
        hint = f"write a dictionary of names and versions: {_EXAMPLE}"
        raise InvalidDecorator(f"`@{name}({argument}={packages!r:.200})`: {argument} must be a dictionary", hint=hint)
    read: dict[str, str] = {}
    for package, version in packages.items():
        if not isinstance(package, str) or not re.match(_PACKAGE, package):
            hint = f"the version goes behind the colon: {_EXAMPLE}"
            raise InvalidDecorator(f"`@{name}`: {package!r} cannot be the name of a package", hint=hint)
        wanted = "" if version is None else version
        if not isinstance(wanted, str) or not re.match(_VERSION, wanted.strip()):
            hint = 'write "1.2.3", ">=1.2,<2", "@ https://...", or "" for any version'
            hint += "" if isinstance(wanted, str) else f': put it into quotes, "{wanted}"'
            raise InvalidDecorator(f"`@{name}`: {version!r} is no version of `{package}`", hint=hint)
        read[package] = wanted.strip()
    return read


def _python(name: str, given: Mapping[str, object]) -> str | None:
    python = given.get("python")
    if python is not None and not (isinstance(python, str) and re.match(_PYTHON, python)):
        hint = 'write it as text, such as python="3.12" or python="3.12.4"'
        raise InvalidDecorator(f"`@{name}(python={python!r})`: that is no version of Python", hint=hint)
    return python
