"""The packages that the steps of a run had: those of their environments, or of the interpreter that ran the flow."""

import msgspec

from headwater.client.records import RunRecord
from headwater.model.errors import ArtifactDamaged, ArtifactMissing
from headwater.model.ids import Digest
from headwater.model.packages import EnvironmentLock

_decode_lock = msgspec.json.Decoder(EnvironmentLock).decode


def packages_of_step(record: RunRecord, step: str) -> dict[str, str]:
    """Give name -> version of what a step ran with, and `python`."""
    digest = record.started.environments.get(step)
    return dict(record.started.environment) if digest is None else _locked(record, digest)


def packages_of_run(record: RunRecord) -> dict[str, str]:
    """Give name -> version of the interpreter's packages; those of steps with their own are called `train: numpy`."""
    found = dict(record.started.environment)
    for step, digest in record.started.environments.items():
        try:
            own = _locked(record, digest)
        except (ArtifactMissing, ArtifactDamaged):
            # The lock's digest still tells whether anything differs.
            own = {"lock": digest}
        found.update({f"{step}: {name}": version for name, version in own.items()})
    return found


def _locked(record: RunRecord, digest: Digest) -> dict[str, str]:
    lock = _decode_lock(record.view.home.objects.map_raw(digest))
    return {"python": lock.python, **{name: one.version or one.url for name, one in lock.packages.items()}}
