"""Goes on with `debug` inside the environment of the task, whose packages the step needs."""

import importlib.util
import os
import sys
from collections.abc import Sequence

from headwater.environments.prepare import Environments
from headwater.home import Home
from headwater.model.ids import Digest

#: What the command line needs besides a worker's own packages; nothing else of this interpreter is let in.
_NEEDED = ("click",)


def enter_environment(home: Home, environment: Digest, code_root: str, words: Sequence[str]) -> None:
    """Become `headwater WORDS` on this store in an environment; returns only where this process runs in it already.

    Raises:
        EnvironmentMistake: it is not built and cannot be.
    """
    environments = Environments(home.path, home.objects, os.environ)
    command = environments.command(environment, code_root)
    words = [*words, "--home", home.path]
    if os.path.realpath(sys.prefix) == os.path.realpath(os.path.dirname(os.path.dirname(command.python))):
        return
    extra = environments.link(_packages())
    environ = {**command.environ, "PYTHONPATH": os.pathsep.join((command.environ["PYTHONPATH"], extra))}
    home.close()
    sys.stdout.flush()
    os.execve(command.python, [command.python, "-P", "-m", "headwater", *words], environ)


def _packages() -> list[str]:
    """Give the folders of what the command line needs, as this interpreter has them."""
    found = (importlib.util.find_spec(name) for name in _NEEDED)
    return [os.path.dirname(spec.origin) for spec in found if spec is not None and spec.origin is not None]
