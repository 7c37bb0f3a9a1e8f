"""Starts the engine of an environment for a run of a deployment; imported only by the drivers of runs that have one."""

from collections.abc import Mapping

from headwater.engines.isolated import engine_inside
from headwater.engines.local import LocalEngine
from headwater.environments.prepare import Environments
from headwater.home import Home
from headwater.model.ids import Digest
from headwater.model.order import CodeSource


def start_isolated(
    home: Home,
    environ: Mapping[str, str],
    code: CodeSource,
    environment: Digest,
    *,
    max_running: int,
    max_log_bytes: int,
) -> LocalEngine:
    """Start it; the environment is built if it is not there."""
    environments = Environments(home.path, home.objects, environ)
    return engine_inside(environments, environment, code, max_running=max_running, max_log_bytes=max_log_bytes)
