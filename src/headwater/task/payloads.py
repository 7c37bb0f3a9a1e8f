"""Small payloads of an attempt: those that came with the order, others read together when one is asked for."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from headwater.model.artifact import Ref
from headwater.model.ids import Digest

#: Reads payloads of small objects (rows of the ledger's database); those that are not there are left out.
ReadSmall = Callable[[Sequence[Digest]], Mapping[Digest, bytes]]

#: At most so many are read at once: 2 MiB.
BATCH = 512


class SmallPayloads:
    """Gives the payloads of small artifacts, from memory where it has them."""

    def __init__(self, known: Mapping[Digest, bytes], read: ReadSmall) -> None:
        self._known = known
        self._read = read
        self._fetched: dict[Digest, bytes] = {}

    def payload(self, ref: Ref, neighbours: Iterable[Ref] = ()) -> bytes | None:
        """Give an artifact's payload; None when it is an object of the store.

        `neighbours` are read along when something has to be read: what will probably be asked for next.
        """
        if not ref.is_small:
            return None
        digest = ref.digest
        payload = self._known.get(digest) or self._fetched.get(digest)
        if payload is None:
            self._fetch(digest, neighbours)
            payload = self._fetched.get(digest)
        return payload

    def _fetch(self, digest: Digest, neighbours: Iterable[Ref]) -> None:
        wanted = [digest]
        for ref in neighbours:
            if len(wanted) == BATCH:
                break
            if ref.is_small and ref.digest not in self._known and ref.digest not in self._fetched:
                wanted.append(ref.digest)
        self._fetched.update(self._read(wanted))
