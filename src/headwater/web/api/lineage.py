"""Where things came from and where they went: values of tasks, and runs."""

from typing import Annotated

import msgspec

from headwater.client.lineage import lineage_of
from headwater.client.records import PARAMETERS_STEP
from headwater.web.api.artifacts import service_uses
from headwater.web.api.tasks import find_artifact
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import RunPath, TaskPart, find_run, find_task, project_of_run
from headwater.web.views.ancestry import Ancestry, Origin, Tracing

_Depth = Annotated[int, msgspec.Meta(ge=0, le=10)]
#: Things of one graph.
_MOST_NODES = 300
#: Runs on each side that are listed.
_MOST_RUNS = 100


class LineageQuery(msgspec.Struct, frozen=True):
    """How far to look, in tasks."""

    up: _Depth = 3
    down: _Depth = 3


class RunLineage(msgspec.Struct, frozen=True):
    """How a run hangs together with others, by their paths."""

    #: The run that it resumes.
    resumes: str | None
    #: Runs that resume it, newest first.
    resumed_by: tuple[str, ...]
    #: Runs whose finished tasks stand in for its own.
    took_tasks_from: tuple[str, ...]


def show_lineage(asked: Asked, at: TaskPart, query: LineageQuery) -> Ancestry:
    """Show what an artifact was made of, what was made of it, and which services answer from it."""
    record, row = find_task(asked, at)
    found = find_artifact(record, row, at.name)
    setter = None if found.key == PARAMETERS_STEP else record.tasks_by_key([found.key]).get(found.key)
    services = [(f"{use.service}/{use.number}", use.name) for use in service_uses(asked, found.ref.digest)]
    origin = Origin(record, setter, found.name, found.ref)
    return Tracing(_MOST_NODES).around(origin, query.up, query.down, services)


def show_run_lineage(asked: Asked, at: RunPath) -> RunLineage:
    """Show the runs that a run came from and that came from it."""
    found = lineage_of(find_run(asked, at))
    return RunLineage(found.resumes, found.resumed_by[:_MOST_RUNS], found.took_tasks_from[:_MOST_RUNS])


ROUTES = (
    Route("GET", "/runs/{flow}/{label}/lineage", show_run_lineage, needs="viewer", of=project_of_run),
    Route(
        "GET",
        "/runs/{flow}/{label}/tasks/{step}/{task}/artifacts/{name}/lineage",
        show_lineage,
        needs="viewer",
        of=project_of_run,
    ),
)
