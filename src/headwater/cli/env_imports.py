"""What `check` says of imports: those that the environments of steps do not hold."""

import os

from headwater.environments.prepare import Environments, asked_by_steps
from headwater.home import open_home
from headwater.model.errors import EnvironmentMistake, Mistake, NotFound
from headwater.model.graph import Graph


def import_mistakes(graph: Graph, code_root: str) -> list[Mistake]:
    """List imports that environments do not hold, as far as these are built in the store that the settings name."""
    if not asked_by_steps(graph):
        return []
    try:
        home = open_home()
    except NotFound:
        return []
    try:
        return Environments(home.path, home.objects, os.environ).check_imports(graph, code_root)
    except EnvironmentMistake as mistake:
        return [Mistake(mistake.message, graph.file, 1, mistake.hint)]
    finally:
        home.close()
