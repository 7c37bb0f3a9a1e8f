"""What is known of one step of a run: its tasks' rows, its place in the graph, its times."""

from collections.abc import Iterator
from datetime import datetime

from headwater.client.display import Sheet
from headwater.client.named import Named, local_time
from headwater.client.packages import packages_of_step
from headwater.client.records import PARAMETERS_STEP, RunRecord, is_task_over
from headwater.client.sheets import step_sheet
from headwater.model.graph import Step as GraphStep
from headwater.model.rows import RunRow, TaskQuery, TaskRow


class StepFacts(Named):
    """A step of a run, without the way to its tasks."""

    _record: RunRecord

    def _bind(self, record: RunRecord, step: str) -> None:
        self._record = record
        self._view = record.view
        self._step = step
        self.pathspec = f"{record.path}/{step}"

    @property
    def created_at(self) -> datetime:
        """When its first task started, in local time."""
        return local_time(self._first().started_at)

    @property
    def finished_at(self) -> datetime | None:
        """When its last task ended, in local time; None while one has not. Reads all of its tasks."""
        latest = 0.0
        for rows in self._pages():
            for row in rows:
                if not is_task_over(row) or row.finished_at is None:
                    return None
                latest = max(latest, row.finished_at)
        return local_time(latest)

    @property
    def origin_pathspec(self) -> str | None:
        """The step of the run that its run resumes, when its first task was taken from there; else None."""
        origin = self._first().origin
        return None if origin is None else origin.rpartition("/")[0]

    @property
    def environment_info(self) -> dict[str, str]:
        """Packages that it ran with, name -> version, and `python`: those of its environment, when it has one."""
        return packages_of_step(self._record, self._step)

    def _pages(self, limit: int = 1000) -> Iterator[tuple[TaskRow, ...]]:
        """Yield pages of its tasks, in the order in which they started."""
        if self._step == PARAMETERS_STEP:
            yield (self._record.find_task(self._step, 0),)
            return
        yield from self._record.tasks(TaskQuery(self._record.run, step=self._step, limit=limit))

    def _first(self) -> TaskRow:
        return next(self._pages(limit=1))[0]

    def _graph_step(self) -> GraphStep | None:
        """Its place in the graph; None for the pseudo step of the parameters."""
        return self._record.started.graph.steps.get(self._step)

    def _is_gang(self) -> bool:
        steps = self._record.started.graph.steps.values()
        return any(step.kind == "parallel" and self._step in step.targets for step in steps)

    def _sheet(self) -> Sheet:
        return step_sheet(self.pathspec, self._record, self._step)

    def _tagged(self) -> list[RunRow]:
        return [self._record.fresh()]
