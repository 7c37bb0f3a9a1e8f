"""Which files of the project a process has loaded, with digests of their bytes."""

import os
import sys

from blake3 import blake3

from headwater.model.ids import Digest
from headwater.task.failure import is_user_file


class LoadedModules:
    """The project's modules below the code root; each is looked at and hashed once.

    Make it, and call `digests`, before forking: then a child looks only at what it loaded itself.
    """

    def __init__(self, code_root: str) -> None:
        #: Folder below which files count as the project's.
        self.root = code_root
        self._seen: set[str] = set()
        self._state = (0, "")
        self._digests: dict[str, Digest] = {}

    def digests(self) -> dict[str, Digest]:
        """Digest by path below the code root, of all that is loaded now; not to be changed by the caller."""
        loaded = sys.modules
        # The newest name comes last.
        state = len(loaded), next(reversed(loaded))
        if state != self._state:
            self._state = state
            for name in [name for name in loaded if name not in self._seen]:
                self._seen.add(name)
                self._add(getattr(loaded.get(name), "__file__", None))
        return self._digests

    def _add(self, file: object) -> None:
        if not isinstance(file, str) or not is_user_file(file, self.root):
            return
        try:
            with open(file, "rb") as opened:
                digest = blake3(opened.read()).hexdigest()
        except OSError:
            # Deleted since it was loaded: there is nothing to compare the saved tree with.
            return
        self._digests = {**self._digests, os.path.relpath(file, self.root): digest}
