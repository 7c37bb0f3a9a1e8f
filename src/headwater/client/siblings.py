"""Tasks that were listed together, and their artifacts, fetched together.

`for task in run["train"]: task.data.score` asks for one name of a thousand tasks one by one; the first ask
fetches that name for all of them.
"""

from collections.abc import Iterable, Sequence

import msgspec

from headwater.client.records import PARAMETERS_STEP, RunRecord
from headwater.model.artifact import Ref
from headwater.model.errors import ArtifactDamaged
from headwater.model.ids import Digest, TaskKey
from headwater.model.rows import ArtifactRow, TaskRow
from headwater.store.plain_reading import is_plain, read_plain
from headwater.store.preview import describe


class Siblings:
    """A page of tasks of one run that share what is fetched for any of them."""

    def __init__(self, record: RunRecord, rows: Sequence[TaskRow]) -> None:
        self._record = record
        self._parents: dict[TaskKey, TaskKey | None] = {row.key: row.parent for row in rows}
        self._keys = [row.key for row in rows]
        self._by_name: dict[str, dict[TaskKey, ArtifactRow]] = {}
        self._all: dict[TaskKey, dict[str, ArtifactRow]] = {}
        self._small: dict[Digest, bytes] = {}
        self._parameters: dict[str, Ref] | None = None

    def find(self, key: TaskKey, name: str) -> ArtifactRow | None:
        """Give the artifact that a task has under a name, inherited ones and parameters included."""
        if key in self._all or len(self._keys) == 1:
            return self.visible(key).get(name)
        if name not in self._by_name:
            self._by_name[name] = self._fetch_name(name)
        return self._by_name[name].get(key) or self._parameter(name)

    def visible(self, key: TaskKey) -> dict[str, ArtifactRow]:
        """Give all artifacts of a task by name, inherited ones and parameters included."""
        if key not in self._all:
            found = {name: row for name in self._run_parameters() if (row := self._parameter(name)) is not None}
            found.update(self._record.view.ledger.visible(self._record.run, key))
            self._fetch_small(found.values())
            self._all[key] = {name: self._with_header(row) for name, row in found.items()}
        return self._all[key]

    def value(self, row: ArtifactRow) -> object:
        """Load an artifact's value."""
        ref = row.ref
        if ref.is_small and ref.digest not in self._small:
            self._fetch_small([row])
        return self._record.view.artifacts.load(ref, self._small.get(ref.digest))

    def _fetch_name(self, name: str) -> dict[TaskKey, ArtifactRow]:
        """Look at all tasks, then at the parents of those that did not set it, and so on upward."""
        ledger, run = self._record.view.ledger, self._record.run
        found: dict[TaskKey, ArtifactRow] = {}
        looked_at = {key: key for key in self._keys}
        while looked_at:
            keys = list(dict.fromkeys(looked_at.values()))
            rows = {row.key: row for row in ledger.artifacts(run, keys, name)}
            found.update({key: rows[at] for key, at in looked_at.items() if at in rows})
            self._fetch_parents([key for key in keys if key not in rows])
            above = {key: self._parents.get(at) for key, at in looked_at.items() if at not in rows}
            looked_at = {key: parent for key, parent in above.items() if parent is not None}
        self._fetch_small(found.values())
        return found

    def _fetch_parents(self, keys: Sequence[TaskKey]) -> None:
        unknown = [key for key in keys if key not in self._parents]
        if unknown:
            rows = self._record.tasks_by_key(unknown)
            self._parents.update({key: rows[key].parent if key in rows else None for key in unknown})

    def _fetch_small(self, rows: Iterable[ArtifactRow]) -> None:
        wanted = {row.ref.digest for row in rows if row.ref.is_small} - self._small.keys()
        if wanted:
            self._small.update(self._record.view.ledger.small(list(wanted)))

    def _run_parameters(self) -> dict[str, Ref]:
        if self._parameters is None:
            self._parameters = self._record.row.parameters
        return self._parameters

    def _with_header(self, row: ArtifactRow) -> ArtifactRow:
        """Describe a parameter, of which nothing was noted when it was saved, from its value where that is plain."""
        ref = row.ref
        if row.key != PARAMETERS_STEP or not is_plain(ref) or ref.digest not in self._small:
            return row
        try:
            value = read_plain(self._record.view.artifacts, ref, self._small[ref.digest])
        except ArtifactDamaged:
            return row
        return msgspec.structs.replace(row, header=describe(value))

    def _parameter(self, name: str) -> ArtifactRow | None:
        ref = self._run_parameters().get(name)
        return None if ref is None else ArtifactRow(self._record.run, PARAMETERS_STEP, name, ref)


def is_shown(name: str) -> bool:
    """Tell whether listings show an artifact: private ones and a foreach's items are reached by name only."""
    return bool(name) and not name.startswith("_")
