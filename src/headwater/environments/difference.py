"""How two sets of packages differ."""

from collections.abc import Mapping

import msgspec

from headwater.model.packages import EnvironmentLock

#: What the interpreter itself is called among packages.
PYTHON = "python"


class Difference(msgspec.Struct, frozen=True):
    """A package that is not the same on both sides."""

    package: str
    #: Version on each side; None = it is not there.
    first: str | None
    second: str | None


def versions_of(lock: EnvironmentLock) -> dict[str, str]:
    """Give name -> version of a lock's packages, Python among them; of direct references their address."""
    return {PYTHON: lock.python, **{name: one.version or one.url for name, one in sorted(lock.packages.items())}}


def differences(first: Mapping[str, str], second: Mapping[str, str]) -> list[Difference]:
    """List what differs between two mappings of name -> version, by name."""
    names = sorted({*first, *second})
    return [
        Difference(name, first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)
    ]
