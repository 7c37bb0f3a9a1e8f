"""Answers about runs that have ended, which never change: what takes long is worked out once."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from headwater.model.rows import RunRow

Answer = TypeVar("Answer")

#: Answers that are kept, those that were asked for last.
_MOST = 64
_ENDED = ("succeeded", "failed", "cancelled")


class KeptAnswers:
    """Keeps some answers of one server; several threads may ask."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], object] = OrderedDict()

    def of(self, run: RunRow, kind: type[Answer], make: Callable[[], Answer]) -> Answer:
        """Give the answer of a kind about a run: one that was made before, when the run has ended.

        Args:
            run: the run, as it is now.
            kind: class of the answer; a run has one of each.
            make: works it out, from nothing but what is recorded of the run.
        """
        if run.status not in _ENDED:
            return make()
        key = (run.run, kind.__name__)
        with self._mutex:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
        if isinstance(known, kind):
            return known
        made = make()
        with self._mutex:
            self._kept[key] = made
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return made
