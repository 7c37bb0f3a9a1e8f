"""Seals a process: whatever is asked of it, no pickle is loaded in it that could run code."""

import sys

from headwater.model.errors import InternalError


def refuse_unpickling() -> None:
    """Let every attempt to load a pickle fail from now on, for as long as the process lives; it cannot be undone."""

    def look(event: str, given: tuple[object, ...]) -> None:
        if event == "pickle.find_class":
            raise InternalError(f"this process loads no pickles: one asked for {given!r:.200}")

    sys.addaudithook(look)
