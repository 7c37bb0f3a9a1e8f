"""What all that a host looks after shares."""

from collections.abc import Callable

import msgspec

from headwater.home import Home
from headwater.hosting.rollout.shadow import ShadowLog


class Around(msgspec.Struct, frozen=True):
    """The store, the clock, and who takes what is said."""

    home: Home
    #: Gets what happens.
    say: Callable[[str], None]
    #: Unix time.
    clock: Callable[[], float]
    #: Takes answers of versions that nobody heard; None = nobody does.
    shadow_log: ShadowLog | None = None
