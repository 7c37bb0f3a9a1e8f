"""The code of a run, as it was saved at the run's start."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from headwater.client.session import View
from headwater.model.ids import Digest
from headwater.model.order import CodeSource
from headwater.store.trees import materialise, read_listing, read_tree_file


class MetaflowCode:
    """The project's files at the start of a run."""

    def __init__(self, view: View, source: CodeSource, tree: Digest) -> None:
        self._view = view
        self._source = source
        self._tree = tree

    @property
    def path(self) -> Digest:
        """The digest under which the store keeps the tree."""
        return self._tree

    @property
    def script_name(self) -> str:
        """The flow's file, below the root of the tree."""
        return self._source.file

    @property
    def flowspec(self) -> str:
        """The text of the flow's file."""
        return read_tree_file(self._view.home.objects, self._tree, self._source.file).decode()

    @property
    def files(self) -> Mapping[str, Digest]:
        """Digest of each file by its path below the root."""
        return read_listing(self._view.home.objects, self._tree)

    @property
    def info(self) -> dict[str, str]:
        """Where the code came from: flow, script, module and the folder it was in."""
        source = self._source
        return {"flow": source.flow, "script": source.file, "module": source.module, "root": source.root}

    @contextmanager
    def extract(self) -> Iterator[str]:
        """Lay the files out in a temporary folder, whose path it gives, for as long as the block runs."""
        import tempfile

        with tempfile.TemporaryDirectory(prefix="headwater-code-") as above:
            folder = os.path.join(above, "code")
            materialise(self._view.home.objects, self._tree, folder)
            yield folder

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __repr__(self) -> str:
        return f"<MetaflowCode: {self._source.file}, {len(self.files)} files>"


def files_of(view: View, source: CodeSource) -> Mapping[str, Digest]:
    """Give the digest of each saved file by path; empty when no code was saved."""
    return {} if source.tree is None else read_listing(view.home.objects, source.tree)
