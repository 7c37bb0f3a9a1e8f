"""Reads artifacts for one attempt: takes the time, and notes what was read."""

from collections.abc import Iterable

from headwater.model.artifact import Ref
from headwater.model.errors import EnvironmentMistake, NotInstalled
from headwater.model.ids import Digest
from headwater.store.artifacts import ArtifactStore
from headwater.task.payloads import SmallPayloads
from headwater.task.usage import Meter


class Loader:
    """Loads what a step reads."""

    def __init__(self, artifacts: ArtifactStore, payloads: SmallPayloads, meter: Meter) -> None:
        #: Names read, with digests. Of a join's inputs the name is `inputs.branch.x` or `inputs[3].x`.
        self.reads: dict[str, Digest] = {}
        self._artifacts = artifacts
        self._payloads = payloads
        self._meter = meter

    def load(self, name: str, ref: Ref, neighbours: Iterable[Ref] = ()) -> object:
        """Load an artifact that is read under this name; payloads of small `neighbours` are fetched along."""
        started = self._meter.timer()
        try:
            value = self._artifacts.load(ref, self._payloads.payload(ref, neighbours))
        except (ModuleNotFoundError, NotInstalled) as missing:
            raise _not_here(name, ref, missing) from missing
        self._meter.input_load += self._meter.timer() - started
        self.reads[name] = ref.digest
        return value

    def load_item(self, name: str, ref: Ref, index: int) -> object:
        """Load one item of an artifact that was saved item by item."""
        started = self._meter.timer()
        try:
            value = self._artifacts.load_item(ref, index, self._payloads.payload(ref))
        except (ModuleNotFoundError, NotInstalled) as missing:
            raise _not_here(name, ref, missing) from missing
        self._meter.input_load += self._meter.timer() - started
        self.reads[name] = ref.digest
        return value


def _not_here(name: str, ref: Ref, missing: ModuleNotFoundError | NotInstalled) -> EnvironmentMistake:
    module = missing.name if isinstance(missing, ModuleNotFoundError) else missing.package
    package = (module or ref.type).partition(".")[0]
    return EnvironmentMistake(
        f"`{name}` is a {ref.type} and cannot be loaded here: the environment of this step has no `{package}`",
        hint=f"add the package that brings `{package}` to what the step declares, such as "
        f'@pypi(packages={{"{package}": ""}}); steps that do not touch `{name}` need nothing',
    )
