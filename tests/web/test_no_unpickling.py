"""No call that loads a pickle can be reached from the server: its imports are walked, those inside functions too."""

import ast
import os
from functools import cache

import headwater

PACKAGE = os.path.dirname(headwater.__file__)
#: Modules whose loading runs what the bytes say.
LOADERS = {"pickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "torch", "numpy", "pandas", "marshal"}
LOADING = {"load", "loads", "Unpickler", "read_pickle", "open"}
#: Loaded by name when a value is saved or loaded; `ArtifactStore` says which. None of the server's calls loads one.
BY_NAME = "headwater.store.codecs."
#: What `ArtifactStore` and the client do that loads a value; the server's own files call none of it.
VALUES = {"load", "load_item", "load_many", "load_artifact", "data"}
#: Modules that hand users' values on, and so load them; they run in workers, never in the server.
WORKERS = ("headwater.task.", "headwater.worker")
#: Files of the server that may look at the whole ledger, and why.
WHOLE_LEDGER = {
    "app.py": "makes the scoped ledger of each request",
    "server.py": "puts the server together",
    "calls.py": "writes the audit log",
    "desk.py": "holds the leases and holders of objects",
    "api/session.py": "signs people in",
    "api/users.py": "accounts",
    "api/tokens.py": "tokens",
    "api/audit.py": "the audit log",
}


def path_of(module):
    base = os.path.join(PACKAGE, *module.split(".")[1:])
    for path in (f"{base}.py", os.path.join(base, "__init__.py")):
        if os.path.isfile(path):
            return path
    return None


def tree_of(path):
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read())


def imported(tree):
    """Every module that a file imports anywhere, or names in a text as one could for importlib."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("headwater."):
            yield node.value


def reachable(*starts):
    """Modules of ours that can be imported from these, with their syntax trees."""
    found, left = {}, list(starts)
    while left:
        module = left.pop()
        path = path_of(module) if module.startswith("headwater") else None
        if path is None or module in found or module.startswith(WORKERS):
            continue
        found[module] = tree_of(path)
        left += imported(found[module])
        left.append(module.rpartition(".")[0])
    return found


@cache
def of_the_server():
    folder = os.path.join(PACKAGE, "web", "api")
    subjects = [f"headwater.web.api.{name[:-3]}" for name in os.listdir(folder) if name.endswith(".py")]
    return reachable("headwater.web.server", "headwater.web.tables", *subjects)


def loading_calls(tree):
    """Calls that load what a pickle says, by the names that a file gives these modules."""
    names, functions = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name for alias in node.names if alias.name.partition(".")[0] in LOADERS}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in LOADERS:
            functions |= {alias.asname or alias.name for alias in node.names if alias.name in LOADING}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in functions:
            yield node.lineno, node.id
        if isinstance(node, ast.Attribute) and node.attr in LOADING and getattr(node.value, "id", "") in names:
            yield node.lineno, ast.unparse(node)
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle" and getattr(node.value, "value", True):
            yield node.value.lineno, "allow_pickle"


def test_the_walk_sees_loading_calls_however_they_are_written():
    written = """
import pickle as salt
from pickle import loads as unsalt
def inside():
    import numpy
    numpy.load(path, allow_pickle=True)
    salt.Unpickler(file)
    return unsalt(raw)
"""
    assert {what for _, what in loading_calls(ast.parse(written))} == {
        "numpy.load",
        "allow_pickle",
        "salt.Unpickler",
        "unsalt",
    }


def test_no_module_that_the_server_reaches_loads_a_pickle():
    modules = of_the_server()
    found = [f"{module}:{line} {what}" for module, tree in modules.items() for line, what in loading_calls(tree)]

    assert "headwater.store.artifacts" in modules
    assert len(modules) > 150
    assert found == []


def test_no_module_that_the_server_reaches_imports_a_codec_that_loads():
    harmless = {f"{BY_NAME}{name}" for name in ("encoded", "registry")}
    reached = {module for module in of_the_server() if module.startswith(BY_NAME)} - {BY_NAME}

    assert reached == harmless


def test_no_file_of_the_server_loads_a_value():
    found = []
    for at, _, names in os.walk(os.path.join(PACKAGE, "web")):
        for name in names:
            if not name.endswith(".py"):
                continue
            for node in ast.walk(tree_of(os.path.join(at, name))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in VALUES:
                    found.append(f"{name}:{node.lineno} .{node.func.attr}()")
                if isinstance(node, ast.ImportFrom) and node.module == "headwater.client.objects":
                    found.append(f"{name}:{node.lineno} client objects load values")

    assert found == []


def test_handlers_look_at_the_ledger_as_their_caller_sees_it():
    """`asked.ledger` is narrowed to what the caller may see; `asked.home.ledger` is not."""
    found = {}
    folder = os.path.join(PACKAGE, "web")
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.relpath(os.path.join(at, name), folder)
            if not name.endswith(".py") or path in WHOLE_LEDGER:
                continue
            for node in ast.walk(tree_of(os.path.join(at, name))):
                if isinstance(node, ast.Attribute) and ast.unparse(node) == "asked.home.ledger":
                    found.setdefault(path, []).append(node.lineno)

    assert found == {}
