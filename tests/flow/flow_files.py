"""Flows written as files, imported, checked and thrown away again."""

import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from headwater.flow.checks import check_flow
from headwater.flow.load import load_flow
from headwater.flow.spec import FlowSpec
from headwater.model.errors import Mistake
from headwater.model.graph import Graph

HEADER = "import headwater\nfrom headwater import *\n"
_numbers = count()


class FlowFiles:
    """Writes flows below a folder; every file gets a name of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, text: str) -> type[FlowSpec]:
        """Import the flow of a text; line 1 of the text is line 3 of the file."""
        path = self.folder / f"written_flow_{next(_numbers)}.py"
        path.write_text(HEADER + textwrap.dedent(text).lstrip("\n"))
        return load_flow(str(path))[0]

    def check(self, text: str) -> tuple[Graph | None, list[Mistake]]:
        return check_flow(self.load(text))

    def errors(self, text: str) -> list[str]:
        """Give the messages of all errors."""
        return [mistake.message for mistake in self.check(text)[1] if mistake.is_error]

    def warnings(self, text: str) -> list[str]:
        """Give the messages of all warnings; there must be no errors."""
        graph, mistakes = self.check(text)
        assert graph is not None, mistakes
        return [mistake.message for mistake in mistakes]


@contextmanager
def imports_undone() -> Iterator[None]:
    """Take back what imports did to this process, as far as it comes from files of the test."""
    path, modules, main = list(sys.path), set(sys.modules), sys.modules["__main__"]
    try:
        yield
    finally:
        sys.path[:] = path
        sys.modules["__main__"] = main
        folder = str(Path.cwd())
        for name in set(sys.modules) - modules:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(folder):
                del sys.modules[name]
