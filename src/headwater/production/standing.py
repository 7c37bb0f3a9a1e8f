"""What the scheduler knows: the deployments that are put to work, and their runs that have not ended."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from headwater.model.deployment import AliasState, Deployment
from headwater.model.ids import RunId
from headwater.model.launch import Launch
from headwater.model.production import RunPolicy

#: `queued`: no driver ever had it. `driven`: one has it, or was asked for. `waiting`: at a gate, without a process.
#: `interrupted`: its driver died.
Stage = Literal["queued", "driven", "waiting", "interrupted"]


class Deployed(msgspec.Struct, frozen=True):
    """An alias that names a deployment."""

    state: AliasState
    deployment: Deployment

    @property
    def policy(self) -> RunPolicy:
        """How its runs share the machine."""
        return self.deployment.graph.production.policy

    @property
    def fires_by_itself(self) -> bool:
        """Its schedules and triggers count: it is not paused, and no shadow, which follows another alias."""
        return not self.state.is_paused and self.state.shadow_of is None


class ActiveRun(msgspec.Struct):
    """A run of a deployment that has not ended; the scheduler keeps it up to date."""

    run: RunId
    #: `Churn/17`.
    path: str
    launch: Launch
    stage: Stage
    #: When it was launched.
    queued_at: float
    #: It may not be driven before: a retry waits, and so does one whose driver has just died.
    not_before: float = 0.0
    #: Somebody has decided about it, or asked something else of it, while it waits.
    has_news: bool = False
    #: When the first of its gates expires.
    expires_at: float | None = None
    #: Somebody asked to cancel it.
    is_cancelled: bool = False
    #: Requests to it that there were when its driver was asked for.
    requests: int = 0
    #: How often in a row its driver has died.
    failures: int = 0

    @property
    def has_begun(self) -> bool:
        """A driver has had it."""
        return self.stage != "queued"

    @property
    def is_backfill(self) -> bool:
        """It makes up for a slot of the past: other runs of its deployment take no notice of it."""
        return self.launch.trigger.kind == "backfill"


class Pools(msgspec.Struct, frozen=True):
    """How many runs may be driven at once, by pool."""

    sizes: Mapping[str, int] = {}
    #: Of a pool that is not named.
    default: int = 10

    def size(self, pool: str) -> int:
        """Give the size of a pool."""
        return self.sizes.get(pool, self.default)


class Standing(msgspec.Struct):
    """All of it."""

    deployed: dict[str, Deployed] = {}
    runs: dict[RunId, ActiveRun] = {}
    pools: Pools = Pools()
    #: Shadows that have run as often as they were to.
    over: set[str] = set()

    def busy(self) -> dict[str, str]:
        """Give the path of one run for each target that has one, those of backfills left out."""
        found: dict[str, str] = {}
        for run in self.runs.values():
            if not run.is_backfill:
                found.setdefault(run.launch.target, run.path)
        return found
