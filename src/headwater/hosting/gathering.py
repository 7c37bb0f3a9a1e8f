"""Gathers calls of one endpoint into batches: waits only when waiting will pay."""

from typing import Generic, TypeVar

Item = TypeVar("Item")

#: Weight of the newest gap between two calls in the mean.
_WEIGHT = 0.2


class Gatherer(Generic[Item]):
    """Calls that wait for others to come.

    A batch goes out when it is full, when its first call has waited long enough, or at once when at the present rate
    nobody else would come within that time: a lone caller never pays for others who are not there.
    """

    def __init__(self, size: int, within_seconds: float) -> None:
        """Gather up to `size` calls, the first of which waits `within_seconds` at most."""
        self._size = size
        self._within = within_seconds
        self._gap = float("inf")
        self._last: float | None = None
        self._items: list[Item] = []
        self._since = 0.0

    def add(self, item: Item, now: float) -> list[Item]:
        """Take a call; gives the batch that goes out now, empty when it waits."""
        if self._last is not None:
            gap = now - self._last
            self._gap = gap if self._gap == float("inf") else self._gap + _WEIGHT * (gap - self._gap)
        self._last = now
        if not self._items:
            self._since = now
        self._items.append(item)
        if len(self._items) >= self._size or self._gap > self._within:
            return self.take()
        return []

    def take(self, most: int | None = None) -> list[Item]:
        """Give what has gathered, up to `most`."""
        count = len(self._items) if most is None else most
        taken, self._items = self._items[:count], self._items[count:]
        return taken

    def due_in(self, now: float) -> float | None:
        """Seconds until what has gathered must go out; None when nothing waits."""
        return None if not self._items else max(0.0, self._since + self._within - now)

    def __len__(self) -> int:
        return len(self._items)
