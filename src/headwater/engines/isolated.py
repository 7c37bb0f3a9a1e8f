"""Starts engines inside environments: a worker of this Headwater, with the packages of a step and no others."""

from collections.abc import Sequence

from headwater.engines.local import LocalEngine
from headwater.environments.prepare import Environments
from headwater.model.ids import Digest
from headwater.model.order import CodeSource

#: Words after an environment's own interpreter; as `WORKER_COMMAND`.
_WORKER: Sequence[str] = ("-P", "-m", "headwater.worker", "zygote")


def engine_inside(
    environments: Environments,
    digest: Digest,
    code: CodeSource,
    *,
    max_running: int | None = None,
    max_log_bytes: int = 1 << 30,
) -> LocalEngine:
    """Start the engine of an environment, which is built if it is not there.

    Args:
        environments: of the store.
        digest: the environment's lock.
        code: the module that the engine's process imports.
        max_running: attempts at work at once.
        max_log_bytes: size of one log file at which the rest is left out.

    Raises:
        EnvironmentMistake: it cannot be built.
    """
    command = environments.command(digest, code.root)
    return LocalEngine(
        code,
        max_running=max_running,
        command=(command.python, *_WORKER),
        environ=command.environ,
        max_log_bytes=max_log_bytes,
        environment=digest,
    )
