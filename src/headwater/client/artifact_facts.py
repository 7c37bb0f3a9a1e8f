"""What is known of one artifact: value, size, digest, shape and preview."""

from datetime import datetime

from headwater.client.display import Sheet
from headwater.client.named import Named, local_time
from headwater.client.records import PARAMETERS_STEP, RunRecord
from headwater.client.sheets import artifact_sheet
from headwater.client.siblings import Siblings
from headwater.model.artifact import Header, Ref
from headwater.model.ids import Digest
from headwater.model.rows import ArtifactRow, RunRow

_NOTHING = Header()


class ArtifactFacts(Named):
    """An artifact as a task has it, without the way to other tasks."""

    _record: RunRecord
    _siblings: Siblings
    _row: ArtifactRow

    @property
    def data(self) -> object:
        """The value; loads it. The only member that does."""
        return self._siblings.value(self._row)

    @property
    def size(self) -> int:
        """Bytes of the uncompressed payload, buffers included."""
        return self._row.ref.size

    @property
    def sha(self) -> Digest:
        """Digest of the value; equal values have equal ones."""
        return self._row.ref.digest

    @property
    def type(self) -> str:
        """Full name of the value's class."""
        return self._row.ref.type

    @property
    def ref(self) -> Ref:
        """What points to it in the store."""
        return self._row.ref

    @property
    def header(self) -> Header:
        """Shape, schema and preview, written when the value was saved; of parameters only plain values have one."""
        return self._row.header or _NOTHING

    @property
    def preview(self) -> object:
        """A short excerpt, plain data; `header.kind` says how to show it."""
        return self.header.preview

    @property
    def finished_at(self) -> datetime | None:
        """When the task that set it ended, in local time; None for parameters, which exist from the start."""
        if self._row.key == PARAMETERS_STEP:
            return None
        row = self._record.tasks_by_key([self._row.key]).get(self._row.key)
        return None if row is None or row.finished_at is None else local_time(row.finished_at)

    @property
    def created_at(self) -> datetime:
        """When it came to be, in local time."""
        return self.finished_at or local_time(self._record.row.started_at)

    def _sheet(self) -> Sheet:
        return artifact_sheet(self.pathspec, self.ref, self.header)

    def _tagged(self) -> list[RunRow]:
        return [self._record.fresh()]
