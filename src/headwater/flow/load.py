"""Imports a flow's file under the one module name that it has in every process, and finds the flow in it."""

import importlib
import importlib.util
import os
import sys
from types import ModuleType, TracebackType

from headwater.flow.project import code_root, module_name, path_below
from headwater.flow.spec import FlowSpec
from headwater.flow.steps import shown
from headwater.model.errors import FlowNotImported
from headwater.model.nearest import did_you_mean
from headwater.model.order import CodeSource
from headwater.model.packages import ENVIRONMENT_STAMP

#: Keeps the program's own module alive while a flow's module is called `__main__`.
_PROGRAM = "__headwater_program__"


def load_flow(path: str, name: str | None = None) -> tuple[type[FlowSpec], CodeSource]:
    """Import a flow's file where it lies.

    When that file is the program that runs, its module is taken as it is, and gets its canonical name besides.

    Args:
        path: The flow's file.
        name: Class of the flow, when the file has several.

    Raises:
        FlowNotImported: there is no such file, importing it fails, or it has no such flow, or several.
    """
    if not os.path.isfile(path):
        raise FlowNotImported(f"there is no file {path}", hint=_near_files(path))
    root = code_root(path)
    relative = path_below(root, path)
    module = _import(root, relative, module_name(relative))
    flow = find_flow(module, name, shown(os.path.realpath(path)))
    return flow, CodeSource(root=root, file=relative, module=module_name(relative), flow=flow.__name__)


def find_code(path: str, what: str = "a flow") -> CodeSource:
    """Say where the file of a flow (or of `what`) is without importing it; the class stays open (empty).

    Raises:
        FlowNotImported: there is no such file.
    """
    if not os.path.isfile(path):
        raise FlowNotImported(f"there is no file {path}", hint=_near_files(path, what))
    root = code_root(path)
    relative = path_below(root, path)
    return CodeSource(root=root, file=relative, module=module_name(relative), flow="")


def load_source(code: CodeSource, *, as_main: bool = False) -> type[FlowSpec]:
    """Import the flow that an order names.

    Args:
        code: Where it is.
        as_main: Make its module the `__main__` of this process, so that what was pickled from a program loads.

    Raises:
        FlowNotImported: as `load_flow`.
    """
    path = os.path.join(code.root, code.file)
    if not os.path.isfile(path):
        raise FlowNotImported(f"there is no file {path}", hint="the code of the run was moved or removed")
    module = _import(code.root, code.file, code.module)
    if as_main and sys.modules["__main__"] is not module:
        sys.modules.setdefault(_PROGRAM, sys.modules["__main__"])
        sys.modules["__main__"] = module
    return find_flow(module, code.flow or None, shown(path))


def load_module(code: CodeSource) -> ModuleType:
    """Import a file of a project under its canonical name; the class that it names is not looked for.

    Raises:
        FlowNotImported: there is no such file, or importing it fails.
    """
    path = os.path.join(code.root, code.file)
    if not os.path.isfile(path):
        raise FlowNotImported(f"there is no file {path}", hint="the code was moved or removed")
    return _import(code.root, code.file, code.module)


def find_flow(module: ModuleType, name: str | None, file: str) -> type[FlowSpec]:
    """Find the flow of a module: the class of that name, else the only one that is no base of another.

    Raises:
        FlowNotImported: there is none, or more than one.
    """
    flows = {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, FlowSpec) and value is not FlowSpec
    }
    if name is not None:
        if name not in flows:
            hint = did_you_mean(name, flows, what="the flows")
            raise FlowNotImported(f"{file} has no flow `{name}`", hint=hint or "a flow is a class X(FlowSpec)")
        return flows[name]
    own = [flow for flow in flows.values() if flow.__module__ in (module.__name__, "__main__")]
    candidates = list(dict.fromkeys(own or flows.values()))
    last = [
        flow for flow in candidates if not any(issubclass(other, flow) for other in candidates if other is not flow)
    ]
    if len(last) == 1:
        return last[0]
    if not last:
        raise FlowNotImported(f"{file} has no flow", hint="a flow is a class X(FlowSpec)")
    names = ", ".join(flow.__name__ for flow in last)
    raise FlowNotImported(f"{file} has several flows: {names}", hint=f"name one: {file}:{last[0].__name__}")


def _import(root: str, relative: str, name: str) -> ModuleType:
    path = os.path.realpath(os.path.join(root, relative))
    known = sys.modules.get(name)
    program = sys.modules["__main__"]
    is_program = _file_of(program) == path
    is_known = known is not None and _file_of(known) == path
    if name in sys.stdlib_module_names or (known is not None and not is_known and not is_program):
        hint = f"rename {relative}"
        raise FlowNotImported(f"{shown(path)} has the name of another module, `{name}`", hint=hint)
    if is_program:
        sys.modules.setdefault(name, program)
        return program
    if known is not None:
        return known
    for folder in (root, os.path.dirname(path)):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    return _execute(path, name)


def _execute(path: str, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FlowNotImported(f"{shown(path)} is no Python file", hint="a flow's file ends in .py")
    module = importlib.util.module_from_spec(spec)
    try:
        package = name.rpartition(".")[0]
        if package and os.path.exists(os.path.join(os.path.dirname(path), "__init__.py")):
            importlib.import_module(package)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        raise FlowNotImported(_describe(path, error), hint=_hint_for(error)) from error
    return module


def _file_of(module: ModuleType) -> str | None:
    file = getattr(module, "__file__", None)
    return os.path.realpath(file) if file else None


def _describe(path: str, error: BaseException) -> str:
    line = _line_in(path, error.__traceback__)
    where = shown(path)
    if isinstance(error, SyntaxError) and error.filename:
        where, line = shown(error.filename), error.lineno
    place = where if line is None else f"{where}:{line}"
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{shown(path)} does not import: {type(error).__name__}: {text} ({place})"


def _line_in(path: str, traceback: TracebackType | None) -> int | None:
    line = None
    while traceback is not None:
        if os.path.realpath(traceback.tb_frame.f_code.co_filename) == path:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _hint_for(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        name = error.name.partition(".")[0]
        if os.path.exists(os.path.join(sys.prefix, ENVIRONMENT_STAMP)):
            return f"import `{name}` inside the steps that have it, or add what brings it to the packages of this step"
        return (
            f"install `{name}` into {sys.prefix}, or correct the name; what only steps declare (@pypi) is imported "
            "inside these steps"
        )
    if isinstance(error, ImportError) and "relative import" in str(error):
        return "a flow's file is a program and no part of a package: write `import other` for `from . import other`"
    if isinstance(error, SystemExit):
        return 'let the program run below `if __name__ == "__main__":` only'
    return ""


def _programs(folder: str) -> list[str]:
    return [entry.name for entry in os.scandir(folder) if entry.name.endswith(".py") and entry.is_file()]


def _near_files(path: str, what: str = "a flow") -> str:
    folder = os.path.dirname(path) or "."
    try:
        near = did_you_mean(os.path.basename(path), _programs(folder))
    except OSError:
        return f"there is no folder {folder}"
    return near or f"give the path of a Python file with {what}"
