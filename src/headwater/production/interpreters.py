"""The interpreter of steps that declare no packages: the one that deployed them, as long as it is there."""

import glob
import os
import sys
from collections.abc import Mapping

import msgspec

from headwater.runtime.environment import installed_packages

#: So many differences are named.
_MOST_NAMED = 8


class Interpreter(msgspec.Struct, frozen=True):
    """What runs the steps."""

    python: str
    #: Why it is not the one that deployed them; empty when it is.
    instead: str = ""

    def command(self, role: str) -> tuple[str, ...]:
        """Give what starts a worker in it: a `zygote`, a `hook`."""
        return (self.python, "-P", "-m", "headwater.worker", role)

    def packages(self) -> dict[str, str]:
        """Give what is installed for it, by name."""
        return installed_packages(sys.path if self.python == sys.executable else _path_of(self.python))


def choose_interpreter(recorded: str | None) -> Interpreter:
    """Give the recorded interpreter when it is there, else the daemon's own."""
    if recorded is None or recorded == sys.executable:
        return Interpreter(sys.executable)
    if os.access(recorded, os.X_OK) and _has_headwater(recorded):
        return Interpreter(recorded)
    return Interpreter(sys.executable, f"{recorded}, which deployed it, is no interpreter with Headwater any more")


def describe_changes(recorded: Mapping[str, str], interpreter: Interpreter) -> str:
    """Say how the interpreter's packages differ from the recorded ones; empty when they do not."""
    sentences = [interpreter.instead] if interpreter.instead else []
    present = interpreter.packages() if recorded else {}
    names = sorted(name for name in {*recorded, *present} if recorded and recorded.get(name) != present.get(name))
    if names:
        named = ", ".join(
            f"{name} {recorded.get(name, '(none)')} -> {present.get(name, '(none)')}" for name in names[:_MOST_NAMED]
        )
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        sentences.append(f"packages differ from those with which it was deployed: {named}{more}")
    return "; ".join(sentences)


def _path_of(python: str) -> list[str]:
    """Give the folders in which an interpreter of a virtual environment looks for packages."""
    prefix = os.path.dirname(os.path.dirname(python))
    return sorted(glob.glob(f"{glob.escape(prefix)}/lib*/python3*/site-packages"))


def _has_headwater(python: str) -> bool:
    return any(name.startswith("headwater") for folder in _path_of(python) for name in os.listdir(folder))
