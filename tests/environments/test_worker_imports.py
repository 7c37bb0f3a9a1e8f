"""Nothing that a worker does needs a package that its environment may not have."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import headwater
from headwater.environments.asked import WORKER_REQUIREMENTS

PACKAGE = Path(headwater.__file__).parent
#: What a worker process may come to import.
ROOMS = ("client", "engines", "flow", "home.py", "ledger", "model", "settings.py", "store", "task", "worker.py")
THERE = {line.partition(">")[0] for line in WORKER_REQUIREMENTS} | {"headwater"} | set(sys.stdlib_module_names)
#: Imported inside functions, where a value of theirs is at hand, or where being without them is provided for.
OPTIONAL = {
    "numpy", "pandas", "polars", "pyarrow", "torch", "PIL", "matplotlib",
    "boto3", "google", "azure",
    "rich",  # how client objects look in a terminal
    "cronsim",  # who started the run has read the expression
    "pathspec",  # files are packed by who starts runs
}  # fmt: skip


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the first part of each imported module, and whether that happens while the file is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(outer, ast.If) and "TYPE_CHECKING" in ast.dump(outer.test))
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
        yield from ((name.partition(".")[0], id(node) not in inside) for name in names)


def test_a_worker_imports_only_what_its_environment_has_or_what_it_can_do_without() -> None:
    files = [path for room in ROOMS for path in ([PACKAGE / room] if ".py" in room else (PACKAGE / room).rglob("*.py"))]
    found = {(path.name, name, at_top) for path in files for name, at_top in imports(path) if name not in THERE}

    assert [one for one in sorted(found) if one[2]] == []
    assert [one for one in sorted(found) if one[1] not in OPTIONAL] == []
    assert len(files) > 100
