"""Starts the engine of an environment, for runs that are driven from the command line."""

import os

from headwater.engines.isolated import engine_inside
from headwater.engines.local import LocalEngine
from headwater.environments.prepare import Environments
from headwater.home import Home
from headwater.model.ids import Digest
from headwater.model.order import CodeSource


def start_engine(
    home: Home, code: CodeSource, environment: Digest, *, max_running: int, max_log_bytes: int
) -> LocalEngine:
    """Start it; the environment is built if it is not there."""
    environments = Environments(home.path, home.objects, os.environ)
    return engine_inside(environments, environment, code, max_running=max_running, max_log_bytes=max_log_bytes)
