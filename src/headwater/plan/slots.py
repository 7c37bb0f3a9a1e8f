"""What a machine has and what of it is taken: the admission of tasks by what they ask for."""

from collections.abc import Sequence

import msgspec

from headwater.model.ids import TaskKey
from headwater.model.options import Resources


class Machine(msgspec.Struct, frozen=True):
    """What tasks may use in all."""

    #: Attempts in flight at most.
    workers: int
    cpus: float
    #: MB (10^6 bytes).
    memory: float
    #: Device numbers.
    gpus: tuple[int, ...] = ()


class Held(msgspec.Struct, frozen=True, omit_defaults=True):
    """Parts of a machine that tasks hold."""

    cpus: float = 0.0
    #: MB.
    memory: float = 0.0
    gpus: tuple[int, ...] = ()


class Slots:
    """Free and taken parts of a machine. Nothing is reserved that a step does not ask for."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        #: Attempts that may wait at the engine beyond the workers, so that none idles during a commit.
        self.ahead = 0
        self._taken: dict[TaskKey, tuple[Resources, tuple[int, ...]]] = {}
        self._cpus = machine.cpus
        self._memory = machine.memory
        self._gpus = list(machine.gpus)
        self._others = Held()
        #: Tasks that ask for more than the machine has: each runs alone.
        self._alone: set[TaskKey] = set()

    @property
    def is_full(self) -> bool:
        """Whether nothing more can be taken, whatever it asks for."""
        return len(self._taken) >= self.machine.workers + self.ahead

    @property
    def held(self) -> Held:
        """What tasks of this run hold."""
        asked = [asked for asked, _ in self._taken.values()]
        return Held(
            cpus=sum(each.cpu or 0 for each in asked),
            memory=sum(each.memory or 0 for each in asked),
            gpus=tuple(sorted(gpu for _, gpus in self._taken.values() for gpu in gpus)),
        )

    def leave_to_others(self, held: Sequence[Held]) -> None:
        """Leave alone what other runs on this machine hold now."""
        self._others = Held(
            cpus=sum(each.cpus for each in held),
            memory=sum(each.memory for each in held),
            gpus=tuple(gpu for each in held for gpu in each.gpus),
        )

    def never_fits(self, asked: Resources, count: int = 1) -> str | None:
        """Say what `count` such tasks together need beyond the whole machine; None when they fit."""
        machine = self.machine
        if asked.cpu is not None and asked.cpu * count > machine.cpus:
            return f"{asked.cpu * count:g} cpus asked, the machine has {machine.cpus:g}"
        if asked.memory is not None and asked.memory * count > machine.memory:
            return f"{asked.memory * count:g} MB of memory asked, the machine has {machine.memory:g}"
        if asked.gpu is not None and asked.gpu * count > len(machine.gpus):
            return f"{asked.gpu * count} gpus asked, the machine has {len(machine.gpus)}"
        return None

    def take(self, keys: tuple[TaskKey, ...], asked: Resources) -> dict[TaskKey, tuple[int, ...]] | None:
        """Take what these tasks need together; gives the devices of each, or None when they have to wait."""
        if self._alone:
            return None
        if self.never_fits(asked, len(keys)) is not None or len(keys) > self.machine.workers:
            if self._taken or self._others != Held():
                return None
            self._alone.update(keys)
        elif not self._has(asked, len(keys)):
            return None
        granted: dict[TaskKey, tuple[int, ...]] = {}
        for key in keys:
            gpus = tuple(self._free_gpus()[: asked.gpu or 0])
            self._gpus = [gpu for gpu in self._gpus if gpu not in gpus]
            self._cpus -= asked.cpu or 0
            self._memory -= asked.memory or 0
            self._taken[key] = (asked, gpus)
            granted[key] = gpus
        return granted

    def give_back(self, key: TaskKey) -> None:
        """Free what the task held; silent when it held nothing."""
        asked, gpus = self._taken.pop(key, (None, ()))
        if asked is None:
            return
        self._alone.discard(key)
        self._cpus += asked.cpu or 0
        self._memory += asked.memory or 0
        self._gpus = sorted([*self._gpus, *gpus])

    def _has(self, asked: Resources, count: int) -> bool:
        return (
            len(self._taken) + count <= self.machine.workers + self.ahead
            and (not asked.cpu or asked.cpu * count <= self._cpus - self._others.cpus)
            and (not asked.memory or asked.memory * count <= self._memory - self._others.memory)
            and (not asked.gpu or asked.gpu * count <= len(self._free_gpus()))
        )

    def _free_gpus(self) -> list[int]:
        return [gpu for gpu in self._gpus if gpu not in self._others.gpus]
