"""What is known of one run: state, times, tags, parameters, metrics, code."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from headwater.client.code import MetaflowCode
from headwater.client.display import Sheet
from headwater.client.named import Named, local_time
from headwater.client.records import PARAMETERS_STEP, RunRecord, is_run_over
from headwater.client.sheets import run_sheet
from headwater.client.siblings import Siblings
from headwater.model.errors import TagRefused
from headwater.model.graph import Graph
from headwater.model.launch import Launch
from headwater.model.masking import masked
from headwater.model.rows import RunRow, RunStatus

#: A metric's value.
Metric = float | int | str | bool | None


class RunFacts(Named):
    """A run, without the way to its steps."""

    _record: RunRecord

    def _bind(self, record: RunRecord) -> None:
        self._record = record
        self._view = record.view
        self.pathspec = record.path

    @property
    def status(self) -> RunStatus:
        """queued, running, waiting, interrupted, succeeded, failed or cancelled, as it is now."""
        return self._record.row.status

    @property
    def successful(self) -> bool:
        """Its last step succeeded."""
        return self.status == "succeeded"

    @property
    def finished(self) -> bool:
        """It is over: succeeded, failed or cancelled."""
        return is_run_over(self._record.row)

    @property
    def finished_at(self) -> datetime | None:
        """When it ended, in local time; None while it has not."""
        at = self._record.row.finished_at
        return None if at is None else local_time(at)

    @property
    def created_at(self) -> datetime:
        """When it started, in local time."""
        return local_time(self._record.row.started_at)

    @property
    def duration_seconds(self) -> float | None:
        """From start to end; None while it has not ended."""
        row = self._record.row
        return None if row.finished_at is None else row.finished_at - row.started_at

    @property
    def user(self) -> str:
        """Who started it."""
        return self._record.row.user

    @property
    def note(self) -> str:
        """What `run --note` said of it; empty when nothing."""
        return self._record.fresh().note

    @property
    def message(self) -> str:
        """Why it failed, in a line; empty when it did not."""
        return self._record.row.message

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics' summary by name: `run.metrics["f1"]`."""
        return self._record.row.metrics

    @property
    def parameters(self) -> dict[str, object]:
        """Parameters and constants by name; loads their values."""
        siblings = Siblings(self._record, ())
        return {name: siblings.value(row) for name, row in siblings.visible(PARAMETERS_STEP).items()}

    @property
    def seed(self) -> int:
        """`headwater run --seed` with it draws the same random numbers."""
        return self._record.started.seed

    @property
    def command(self) -> tuple[str, ...]:
        """The command line that started it."""
        return self._record.started.command

    @property
    def environment(self) -> Mapping[str, str]:
        """Packages of the interpreter that ran it, name -> version, and `python`."""
        return self._record.started.environment

    @property
    def graph(self) -> Graph:
        """The flow as it was compiled for this run."""
        return self._record.started.graph

    @property
    def code(self) -> MetaflowCode | None:
        """The code that was saved at its start; None when none was."""
        source = self._record.started.code
        return None if source.tree is None else MetaflowCode(self._view, source, source.tree)

    @property
    def launch(self) -> Launch | None:
        """How it was started as a run of a deployment; None when a person started it from a file."""
        return self._record.row.launch

    @property
    def target(self) -> str | None:
        """The alias whose deployment it is a run of, `Churn@production`; None when it is of none."""
        launch = self.launch
        return None if launch is None else launch.target

    @property
    def logical_date(self) -> datetime | None:
        """The slot that it stands for, in UTC; None when it stands for none."""
        launch = self.launch
        if launch is None or launch.logical_date is None:
            return None
        return datetime.fromtimestamp(launch.logical_date, UTC)

    @property
    def idempotency_key(self) -> str | None:
        """What no other run of the store has; None when it is no run of a deployment."""
        launch = self.launch
        return None if launch is None else launch.idempotency_key

    @property
    def gates(self) -> tuple[str, ...]:
        """Steps that wait until somebody agrees (`@approval`)."""
        return self._record.row.gates

    @property
    def origin_pathspec(self) -> str | None:
        """The run that it resumes; None when it resumes none."""
        return self._record.row.origin

    def add_tag(self, tag: str | Iterable[str]) -> None:
        """Add a tag; nothing happens when the run has it."""
        self._retag(add=tag)

    def add_tags(self, tags: str | Iterable[str]) -> None:
        """Add tags.

        Raises:
            TagRefused: one is empty, too long, has a control character or the value of a secret, or there would be
                too many; none is added.
        """
        self._retag(add=tags)

    def remove_tag(self, tag: str | Iterable[str]) -> None:
        """Remove a tag; nothing happens when the run does not have it."""
        self._retag(remove=tag)

    def remove_tags(self, tags: str | Iterable[str]) -> None:
        """Remove tags.

        Raises:
            TagRefused: one is a system tag; none is removed.
        """
        self._retag(remove=tags)

    def replace_tag(self, tag_to_remove: str | Iterable[str], tag_to_add: str | Iterable[str]) -> None:
        """Remove, then add, in one transaction."""
        self._retag(add=tag_to_add, remove=tag_to_remove)

    def replace_tags(self, tags_to_remove: str | Iterable[str], tags_to_add: str | Iterable[str]) -> None:
        """Remove, then add, in one transaction."""
        self._retag(add=tags_to_add, remove=tags_to_remove)

    def _retag(self, add: str | Iterable[str] = (), remove: str | Iterable[str] = ()) -> None:
        added = _tags(add)
        if any(masked(tag) != tag for tag in added):
            raise TagRefused("a tag cannot hold the value of a secret", hint="tags are shown to everybody")
        self._view.ledger.tag_run(self._record.run, added, _tags(remove))

    def _sheet(self) -> Sheet:
        return run_sheet(self._record)

    def _tagged(self) -> list[RunRow]:
        return [self._record.fresh()]


def _tags(given: str | bytes | Iterable[str | bytes]) -> list[str]:
    many = [given] if isinstance(given, str | bytes) else list(given)
    return [tag.decode() if isinstance(tag, bytes) else tag for tag in many]
