"""A place in this process's memory: for tests and for runs that leave nothing behind."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from headwater.model.ports import Buffer, Stat
from headwater.store.keys import checked_key


class MemoryPlace:
    """Bytes at a key, kept in a dictionary."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._stored: dict[str, tuple[bytes, float, int]] = {}
        self._writes = 0

    def put(self, key: str, parts: Sequence[Buffer]) -> None:
        self._writes += 1
        joined = b"".join(memoryview(part).cast("B") for part in parts)
        self._stored[checked_key(key)] = (joined, self._clock(), self._writes)

    def put_many(self, items: Iterable[tuple[str, Sequence[Buffer]]]) -> None:
        for key, parts in items:
            self.put(key, parts)

    def get(self, key: str) -> bytes:
        return self._stored[checked_key(key)][0]

    def map(self, key: str) -> memoryview:
        return memoryview(bytearray(self.get(key)))

    def stat(self, key: str) -> Stat | None:
        found = self._stored.get(checked_key(key))
        return None if found is None else Stat(len(found[0]), found[1], str(found[2]))

    def touch(self, key: str) -> None:
        found = self._stored.get(checked_key(key))
        if found is not None:
            self._writes += 1
            self._stored[key] = (found[0], self._clock(), self._writes)

    def delete(self, key: str) -> None:
        self._stored.pop(checked_key(key), None)

    def keys(self, prefix: str) -> Iterator[str]:
        yield from sorted(key for key in self._stored if key.startswith(prefix))
