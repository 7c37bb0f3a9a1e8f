"""Which packages a step runs with, as its decorators say; and what they were resolved to."""

from typing import Literal

import msgspec

#: Lies in the folder of every environment that was built for steps.
ENVIRONMENT_STAMP = "headwater-environment.json"


class PackageSet(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `@pypi`, `@conda` or `@uv` asks for. Equal sets share one environment."""

    #: `pypi`: the packages below; `uv`: the project's own `pyproject.toml` and `uv.lock`; `conda`: a conda tool.
    tool: Literal["pypi", "uv", "conda"] = "pypi"
    #: Name -> version (`1.2.3`), constraint (`>=1,<2`), direct reference (`@ https://...`), or empty for any.
    packages: dict[str, str] = {}
    #: Wanted Python, `3.12` or `3.12.4`; None = as the interpreter that runs the flow.
    python: str | None = None
    #: Address of the only package index; None = uv's own settings.
    index: str | None = None
    #: Opt out: run with the interpreter that runs the flow.
    is_disabled: bool = False


class LockedPackage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One package of a lock."""

    #: Empty for a direct reference.
    version: str
    #: `sha256:...` of every file that may be installed for it.
    hashes: tuple[str, ...] = ()
    #: File or address of a direct reference; empty = it comes from the index.
    url: str = ""


class EnvironmentLock(msgspec.Struct, frozen=True, omit_defaults=True):
    """A package set, resolved: what is built from it is the same everywhere. Stored as an object, named by digest."""

    asked: PackageSet
    #: Full version of Python that it was resolved for.
    python: str
    #: As uv names it: `x86_64-unknown-linux-gnu`.
    platform: str
    packages: dict[str, LockedPackage] = {}
    kind: str = "environment_lock"
    v: int = 1
