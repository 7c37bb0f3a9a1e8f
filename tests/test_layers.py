"""Every import of the package points down; the table below is the one of ARCHITECTURE.md."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "src" / "headwater"
OUR_MODULE = re.compile(r"headwater(\.[a-z_][a-z0-9_]*)+")

BOTTOM = {"model"}
STORES = {"store", "ledger"} | BOTTOM
PLACES = {"places", "remote", "store"} | BOTTOM
HOME = {"home", "settings"} | PLACES | STORES
TASK = {"task", "flow", "store"} | BOTTOM
CLIENT = {"client"} | HOME
ENGINES = {"engines", "task", "environments", "store"} | BOTTOM
WORKER = {"worker", "places"} | ENGINES | TASK | CLIENT
RUNTIME = {"runtime", "engines", "environments", "home", "settings", "plan", "ledger", "store", "flow"} | BOTTOM
DEPLOYMENTS = {"deployments", "home", "settings", "flow", "environments", "ledger", "store"} | BOTTOM
RUNNER = {"runner"} | RUNTIME | DEPLOYMENTS | WORKER
PRODUCTION = {"production", "tables", "cards"} | RUNTIME | DEPLOYMENTS | WORKER
HOSTING = {"hosting", "tables", "cards"} | DEPLOYMENTS | ENGINES | WORKER
DEPLOYER = {"deployer"} | RUNTIME | DEPLOYMENTS | CLIENT
EVERYTHING_BELOW = {"publishing"} | DEPLOYER | PRODUCTION | HOSTING | RUNNER

#: Room -> the rooms that it may import (its own always); the same table, from the roof down, stands in ARCHITECTURE.md.
MAY_IMPORT = {
    "cli": EVERYTHING_BELOW | {"web"},
    "web": EVERYTHING_BELOW,
    "production": PRODUCTION,
    "hosting": HOSTING,
    "runner": RUNNER,
    "integrations": {"integrations", "publishing"} | BOTTOM,
    "publishing": {"publishing"} | DEPLOYMENTS | CLIENT,
    "deployer": DEPLOYER,
    "worker": WORKER,
    "runtime": RUNTIME,
    "deployments": DEPLOYMENTS,
    "engines": ENGINES,
    "client": CLIENT,
    "task": TASK,
    "environments": {"store"} | BOTTOM,
    "home": HOME,
    "places": PLACES,
    "remote": BOTTOM,
    "settings": BOTTOM,
    "flow": BOTTOM,
    "plan": BOTTOM,
    "store": BOTTOM,
    "ledger": BOTTOM,
    "tables": BOTTOM,
    "cards": BOTTOM,
    "model": set[str](),
}

#: What is started as another process, or by whoever stands above, and named for it: the only names that point up.
UP_BY_NAME = {
    ("flow/spec.py", "headwater.cli.main"),
    ("engines/local.py", "headwater.worker"),
    ("engines/isolated.py", "headwater.worker"),
    ("runtime/hooks.py", "headwater.worker"),
}

#: Files that may import our own modules inside a function: the public names, and the table of commands.
MAY_IMPORT_LATE = {"__init__.py", "model/__init__.py", "cli/main.py"}


class Import(NamedTuple):
    """One import of one of our modules."""

    file: str
    line: int
    module: str
    is_inside_function: bool

    @property
    def room(self) -> str:
        """First part of the module's name below `headwater`; empty for the package itself."""
        return self.module.removeprefix("headwater").lstrip(".").partition(".")[0]

    def __str__(self) -> str:
        return f"src/headwater/{self.file}:{self.line}: imports {self.module}"


def room_of(file: str) -> str:
    room = file.partition("/")[0].removesuffix(".py")
    return "cli" if room == "__main__" else room


def sources() -> list[str]:
    return sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if "templates" not in path.parts)


def imports_of(file: str, source: str) -> Iterator[Import]:
    """Every import of ours in a file, also those inside functions, classes and `if TYPE_CHECKING`."""
    tree = ast.parse(source, file)
    late = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        for module in modules_of(node, file):
            if module.partition(".")[0] == "headwater":
                yield Import(file, getattr(node, "lineno", 0), module, id(node) in late)


def modules_of(node: ast.AST, file: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return [absolute(file, node.level, node.module)]
        if node.module == "headwater":
            # The version is the one fact that stands at the very top; reading it loads nothing.
            return [f"headwater.{alias.name}" for alias in node.names if alias.name != "__version__"]
        return [node.module or ""]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in {"import_module", "__import__"} and isinstance(node.args[0].value, str):
            return [node.args[0].value]
    return []


def names_in(file: str, source: str) -> Iterator[Import]:
    """Every module of ours that a text of a file names: it may be imported later, where no other check sees it."""
    for node in ast.walk(ast.parse(source, file)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and OUR_MODULE.fullmatch(node.value):
            named = Import(file, node.lineno, node.value, is_inside_function=False)
            if named.room in MAY_IMPORT:  # the others are names of logs, folders and files
                yield named


def absolute(file: str, level: int, module: str | None) -> str:
    parts = ["headwater", *Path(file).parent.parts]
    return ".".join([*parts[: len(parts) - level + 1], *([module] if module else [])])


def offences(imports: list[Import]) -> list[str]:
    """Sentences about imports that point up or sideways, each with what to do."""
    found = []
    for one in imports:
        room = room_of(one.file)
        if room == "__init__" or one.room == room:
            continue
        if room not in MAY_IMPORT:
            found.append(f"{one}\n  `{room}` is no room: give it a floor in ARCHITECTURE.md and in MAY_IMPORT")
        elif not one.room:
            found.append(f"{one}\n  nobody inside imports the package's public names: import the module that has it")
        elif one.room not in MAY_IMPORT[room]:
            allowed = ", ".join(sorted(MAY_IMPORT[room] - {room})) or "nothing of ours"
            found.append(
                f"{one}\n  `{room}` may import {allowed}: move what both need to model/, or pass it in as an argument"
            )
    return found


def all_imports() -> list[Import]:
    return [one for file in sources() for one in imports_of(file, (PACKAGE / file).read_text(encoding="utf-8"))]


def test_every_import_points_down() -> None:
    found = offences(all_imports())

    assert not found, "\n".join(found)


def test_every_module_that_is_named_is_below_or_one_of_those_that_are_started() -> None:
    named = [one for file in sources() for one in names_in(file, (PACKAGE / file).read_text(encoding="utf-8"))]
    found = offences([one for one in named if (one.file, one.module) not in UP_BY_NAME])

    assert not found, "\n".join(found)
    assert {(one.file, one.module) for one in named} >= UP_BY_NAME


def test_a_module_that_is_named_to_be_imported_later_is_found() -> None:
    source = '_RUN = "headwater.runtime.start"\ndef late():\n    importlib.import_module(_RUN).start_run()'

    assert len(offences(list(names_in("store/place.py", source)))) == 1


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("plan/decide.py", "from headwater.ledger.sqlite import SqliteLedger"),
        ("plan/decide.py", "def late():\n    import headwater.store.place"),
        ("flow/spec.py", "if TYPE_CHECKING:\n    from headwater.runtime import start"),
        ("store/place.py", "from ..flow import spec"),
        ("task/attempt.py", "import importlib\nimportlib.import_module('headwater.client.run')"),
        ("model/ids.py", "from headwater import store"),
        ("engines/local.py", "from headwater import FlowSpec"),
        ("elsewhere/file.py", "import headwater.model.ids"),
    ],
)
def test_an_import_that_points_up_or_sideways_is_found(file: str, source: str) -> None:
    assert len(offences(list(imports_of(file, source)))) == 1


def test_an_import_of_a_lower_room_or_the_own_room_is_fine() -> None:
    source = "from headwater.model.ids import RunId\nfrom headwater.store.place import DiskPlace\nimport msgspec"

    assert offences(list(imports_of("store/sweep.py", source))) == []


def test_our_own_modules_are_imported_at_the_top_of_a_file() -> None:
    late = [one for one in all_imports() if one.is_inside_function and one.file not in MAY_IMPORT_LATE]

    assert not late, "\n".join(f"{one} inside a function: move it to the top" for one in late)


def test_a_room_says_what_it_is_and_exports_nothing() -> None:
    for file in sources():
        if file.endswith("/__init__.py") and file not in MAY_IMPORT_LATE:
            body = ast.parse((PACKAGE / file).read_text(encoding="utf-8")).body
            is_docstring_only = len(body) == 1 and isinstance(body[0], ast.Expr)
            assert is_docstring_only, f"src/headwater/{file}: keep one docstring, move the rest to a file of its own"


def test_importing_the_package_loads_next_to_nothing() -> None:
    command = "import sys; before = set(sys.modules); import headwater; print(*sorted(set(sys.modules) - before))"
    finished = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)

    loaded = finished.stdout.split()
    ours = [name for name in loaded if name.startswith("headwater.")]
    assert len(loaded) <= 20, loaded
    assert len(ours) <= 3, ours


def test_the_table_and_the_page_name_the_same_rooms() -> None:
    page = (PROJECT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = [line for line in page.splitlines() if re.match(r"\| *\d", line)]
    named = {name for line in table for name in re.findall(r"`(\w+)(?:/|\.py)`", line.split("|")[2])}

    assert named == set(MAY_IMPORT)
