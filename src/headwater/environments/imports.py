"""Finds imports of a step that its environment cannot satisfy, by reading the code; nothing is run."""

import ast
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from headwater.environments.build import Built
from headwater.environments.stamp import packages_folder
from headwater.model.errors import Mistake
from headwater.model.graph import Graph, Step

#: Modules whose package has another name.
_PACKAGES = {
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
#: Always there.
_KNOWN = frozenset(sys.stdlib_module_names) | {"headwater", "__main__"}
#: Exceptions whose handler says that a module may be missing.
_FORGIVING = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")


class _Import(NamedTuple):
    """One import of one module."""

    #: Full name, `sklearn.linear_model`.
    module: str
    file: str
    line: int


def missing_imports(
    graph: Graph, code_root: str, built: Mapping[str, Built], folders: Sequence[str] = ()
) -> list[Mistake]:
    """List imports of modules that an environment does not hold; warnings, since code may never come there.

    Looked at are the body of each step, the top of the flow's file, and the tops of the project's modules that these
    import. Imports inside `try ... except ImportError` and `if TYPE_CHECKING` are left alone.

    Args:
        graph: the flow.
        code_root: the project's folder.
        built: step -> its environment, of the steps that have one.
        folders: others from which the project's modules are imported.
    """
    sources = _Sources(code_root, folders)
    found: dict[Mistake, None] = {}
    for name, environment in built.items():
        step = graph.steps[name]
        held = _modules_in(packages_folder(environment.folder, environment.stamp.python))
        for one in sources.imports_of(step, graph.file):
            top = one.module.partition(".")[0]
            if top not in held and top not in _KNOWN:
                found[_mistake(step, one, top, code_root)] = None
    return list(found)


def _mistake(step: Step, one: _Import, top: str, code_root: str) -> Mistake:
    file = os.path.relpath(one.file, code_root)
    package = _PACKAGES.get(top, top)
    hint = f'add "{package}" to the packages of `{step.name}`'
    if not (file == step.file and one.line >= step.line):
        hint += f", or import it inside the steps that use it: `{step.name}` loads this line as well"
    message = f"step `{step.name}` imports `{top}`, which its environment does not hold"
    return Mistake(message, file, one.line, hint, is_error=False)


def _modules_in(folder: str) -> set[str]:
    """Give the names that can be imported from a folder of installed packages."""
    return {name.partition(".")[0] for name in os.listdir(folder) if not name.endswith((".dist-info", ".data"))}


class _Sources:
    """Parsed files of a project, each read once."""

    def __init__(self, code_root: str, folders: Sequence[str]) -> None:
        self._root = code_root
        #: Where modules of the project are looked for.
        self._folders = [code_root, *folders]
        self._trees: dict[str, ast.Module | None] = {}

    def imports_of(self, step: Step, flow_file: str) -> Iterator[_Import]:
        """Yield the imports that a worker of this step surely meets, those of project modules followed."""
        seen: set[str] = set()
        path = os.path.join(self._root, step.file)
        own = [] if (tree := self._tree(path)) is None else _body_of(tree, step)
        for file in dict.fromkeys((path, os.path.join(self._root, flow_file))):
            yield from self._of_file(file, seen)
        for one in _imports(own, path):
            yield from self._follow(one, seen)

    def _of_file(self, path: str, seen: set[str]) -> Iterator[_Import]:
        if path in seen:
            return
        seen.add(path)
        tree = self._tree(path)
        for one in _imports(tree.body, path) if tree is not None else ():
            yield from self._follow(one, seen)

    def _follow(self, one: _Import, seen: set[str]) -> Iterator[_Import]:
        """Yield an import of a package; of a project's module, what stands at the top of its files."""
        parts = one.module.split(".")
        files = list(self._project_files(parts)) if parts[0] else []
        is_folder = any(os.path.isdir(os.path.join(folder, parts[0])) for folder in self._folders)
        if not files and parts[0] and not is_folder:
            yield one
        for file in files:
            yield from self._of_file(file, seen)

    def _project_files(self, parts: Sequence[str]) -> Iterator[str]:
        for folder in self._folders:
            for part in parts:
                folder = os.path.join(folder, part)
                for path in (f"{folder}.py", os.path.join(folder, "__init__.py")):
                    if os.path.isfile(path):
                        yield path

    def _tree(self, path: str) -> ast.Module | None:
        if path not in self._trees:
            try:
                with open(path, "rb") as file:
                    self._trees[path] = ast.parse(file.read(), path)
            except (OSError, SyntaxError, ValueError):
                # Whoever imports it says what is wrong with it.
                self._trees[path] = None
        return self._trees[path]


def _body_of(tree: ast.Module, step: Step) -> list[ast.stmt]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == step.name and node.lineno == step.line:
            return node.body
    return []


def _imports(body: Sequence[ast.stmt], path: str) -> Iterator[_Import]:
    """Yield the absolute imports among these statements, left out those that may fail without harm."""
    for node in body:
        match node:
            case ast.Import():
                yield from (_Import(alias.name, path, node.lineno) for alias in node.names)
            case ast.ImportFrom() if node.module and not node.level:
                yield _Import(node.module, path, node.lineno)
            case ast.Try() if any(_is_forgiving(handler) for handler in node.handlers):
                yield from _imports(node.finalbody, path)
            case ast.If() if "TYPE_CHECKING" in ast.dump(node.test):
                yield from _imports(node.orelse, path)
            case ast.With() | ast.Try() | ast.For():
                for field in ("body", "finalbody"):
                    yield from _imports(getattr(node, field, ()), path)
            case _:
                # Under a condition, or inside another function: nobody knows whether it comes to that.
                continue


def _is_forgiving(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(name in ast.dump(handler.type) for name in _FORGIVING)
