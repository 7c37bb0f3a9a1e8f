"""Processes that were forked before there was an order for them, and the slots on which attempts talk."""

import os
import select
from collections.abc import Callable

from headwater.engines.slots import Slot

#: Processes that wait for an order at most.
_MOST_SPARES = 4


class Spares:
    """What the next attempts will use."""

    def __init__(self, poll: "select.poll", become: Callable[[Slot], None]) -> None:
        """Take what it needs.

        Args:
            poll: watches what attempts print.
            become: is an attempt, in the forked child; does not return.
        """
        self._poll = poll
        self._become = become
        #: Waiting for an order, by process, each with the slot that it will use.
        self.slot_by_pid: dict[int, Slot] = {}
        self._idle_slots: list[Slot] = []

    def free_slot(self) -> Slot:
        """Give a slot that nobody uses."""
        return self._idle_slots.pop() if self._idle_slots else self._new_slot()

    def take(self) -> tuple[int, Slot]:
        """Give a process that waits for its order, with its slot."""
        if not self.slot_by_pid:
            self._fork()
        return self.slot_by_pid.popitem()

    def keep(self, started_count: int) -> None:
        """Fork processes for the next orders while nobody waits for them, more where many went before.

        Several in a row: what the zygote touches between two forks has to be copied by the kernel, page by page.
        """
        if self.slot_by_pid:
            return
        for _ in range(min(_MOST_SPARES, 1 + started_count // 4)):
            self._fork()

    def lose(self, pid: int) -> None:
        """Forget a process that somebody ended before it had an order; silent when it is none of these."""
        slot = self.slot_by_pid.pop(pid, None)
        if slot is not None:
            self._forget(slot)

    def give_back(self, slot: Slot, *, is_used_up: bool) -> None:
        """Let another attempt use a slot, unless somebody may still talk on it."""
        if is_used_up:
            self._forget(slot)
        else:
            self._idle_slots.append(slot)

    def _fork(self) -> None:
        slot = self.free_slot()
        pid = os.fork()
        if not pid:
            self._become(slot)
        self.slot_by_pid[pid] = slot

    def _new_slot(self) -> Slot:
        slot = Slot()
        self._poll.register(slot.stdout, select.POLLIN)
        self._poll.register(slot.stderr, select.POLLIN)
        return slot

    def _forget(self, slot: Slot) -> None:
        self._poll.unregister(slot.stdout)
        self._poll.unregister(slot.stderr)
        slot.close()
