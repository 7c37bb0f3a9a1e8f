"""The pools that runs of deployments share: how many of each may be driven at once."""

import os

from headwater.model.errors import SettingMistake
from headwater.production.standing import Pools
from headwater.settings import Settings

#: Runs that wait for a database or a neighbour cost no cpu: a small machine drives several at once.
_LEAST = 10


def default_size() -> int:
    """Give the size of a pool that no setting names: twice the cpus, and not less than 10."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(_LEAST, 2 * cpus)


def read_pools(settings: Settings | None) -> Pools:
    """Read the setting `pools`: `default=4, gpu=1`.

    Raises:
        SettingMistake: it is written otherwise.
    """
    sizes: dict[str, int] = {}
    setting = None if settings is None else settings.pools
    for part in setting.value.split(",") if setting is not None else ():
        if not part.strip():
            continue
        name, equals, size = (word.strip() for word in part.partition("="))
        if not (name and equals and size.isdigit() and int(size) > 0):
            source = "" if setting is None else setting.source
            raise SettingMistake(
                f"pools: `{part.strip()}` (from {source}) is no size of a pool", hint='it is written "default=4, gpu=1"'
            )
        sizes[name] = int(size)
    return Pools(sizes, sizes.get("default", default_size()))
