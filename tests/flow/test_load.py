"""Importing flow files under the one name that they have everywhere."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from headwater.flow.load import load_flow, load_source
from headwater.flow.project import code_root, module_name, path_below
from headwater.model.errors import FlowNotImported
from headwater.model.order import CodeSource
from tests.flow.flow_files import imports_undone

FLOW = """
from headwater import FlowSpec, step

class Thing:
    pass

class {name}(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("")
    with imports_undone():
        yield tmp_path


def write(folder: Path, path: str, text: str) -> str:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return str(target)


def test_the_root_is_the_nearest_project_upward_else_the_files_folder(folder: Path) -> None:
    inner = write(folder, "a/b/flow.py", "")
    (folder / "a" / "pyproject.toml").write_text("")

    assert code_root(inner) == str(folder / "a")
    assert path_below(code_root(inner), inner) == "b/flow.py"
    assert path_below(str(folder / "a"), "/elsewhere/x.py") == "/elsewhere/x.py"
    assert module_name("b/flow.py") == "b.flow"


def test_a_flow_is_imported_under_its_canonical_name(folder: Path) -> None:
    path = write(folder, "flows_x/churn_x.py", FLOW.format(name="Churn"))
    flow, code = load_flow("flows_x/churn_x.py")

    assert flow.__module__ == "flows_x.churn_x"
    assert code == CodeSource(root=str(folder), file="flows_x/churn_x.py", module="flows_x.churn_x", flow="Churn")
    assert load_flow(path)[0] is flow


def test_what_is_defined_beside_a_flow_can_be_pickled_and_loaded(folder: Path) -> None:
    write(folder, "flows_y/churn_y.py", FLOW.format(name="Churn"))
    load_flow("flows_y/churn_y.py")
    thing = sys.modules["flows_y.churn_y"].Thing()

    assert type(pickle.loads(pickle.dumps(thing))) is type(thing)


def test_modules_beside_the_flow_and_below_the_root_can_be_imported(folder: Path) -> None:
    write(folder, "flows_z/beside_z.py", "x = 1")
    write(folder, "shared_z.py", "y = 2")
    write(folder, "flows_z/churn_z.py", "import beside_z, shared_z\n" + FLOW.format(name="Churn"))

    assert load_flow("flows_z/churn_z.py")[0].__name__ == "Churn"


def test_a_package_allows_relative_imports(folder: Path) -> None:
    write(folder, "package_x/__init__.py", "")
    write(folder, "package_x/near.py", "x = 1")
    write(folder, "package_x/churn.py", "from .near import x\n" + FLOW.format(name="Churn"))

    assert load_flow("package_x/churn.py")[1].module == "package_x.churn"


def test_a_worker_imports_the_same_and_may_make_it_main(folder: Path) -> None:
    write(folder, "churn_w.py", FLOW.format(name="Churn"))
    code = CodeSource(root=str(folder), file="churn_w.py", module="churn_w", flow="Churn")
    flow = load_source(code, as_main=True)

    assert sys.modules["__main__"] is sys.modules["churn_w"]
    assert flow is load_source(code)


def test_several_flows_need_a_name_unless_one_extends_the_others(folder: Path) -> None:
    text = FLOW.format(name="One") + FLOW.format(name="Two")
    path = write(folder, "two_flows.py", text)
    extended = write(folder, "extended_flows.py", text + "\nclass Three(One, Two):\n    pass\n")

    with pytest.raises(FlowNotImported, match="has several flows: One, Two"):
        load_flow(path)
    assert load_flow(path, "Two")[0].__name__ == "Two"
    assert load_flow(extended)[0].__name__ == "Three"
    with pytest.raises(FlowNotImported, match=r"has no flow `Tow`\n\nhint: did you mean `Two`\?"):
        load_flow(path, "Tow")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\nraise ValueError('no')\n", r"broken\.py does not import: ValueError: no \(broken\.py:2\)"),
        ("import sys\n\nsys.exit(3)\n", r"broken\.py does not import: SystemExit: 3 \(broken\.py:3\)"),
        ("def f(:\n", r"broken\.py does not import: SyntaxError: .*\(broken\.py:1\)"),
        (
            "import nothing_like_this\n",
            r"No module named 'nothing_like_this' \(broken\.py:1\)\n\nhint: install `nothing_",
        ),
        ("x = 1\n", r"broken\.py has no flow\n\nhint: a flow is a class X\(FlowSpec\)"),
    ],
)
def test_a_file_that_does_not_import_is_told_with_its_line(folder: Path, text: str, message: str) -> None:
    with pytest.raises(FlowNotImported, match=message):
        load_flow(write(folder, "broken.py", text))
    if text != "x = 1\n":
        assert "broken" not in sys.modules


def test_a_missing_file_is_told_with_a_near_one(folder: Path) -> None:
    write(folder, "churn.py", "")

    with pytest.raises(FlowNotImported, match=r"there is no file chrun\.py\n\nhint: did you mean `churn\.py`\?"):
        load_flow("chrun.py")


@pytest.mark.parametrize("name", ["json", "statistics", "msgspec"])
def test_a_file_never_takes_the_place_of_another_module(folder: Path, name: str) -> None:
    path = write(folder, f"{name}.py", FLOW.format(name="Churn"))
    before = sys.modules.get(name)

    with pytest.raises(FlowNotImported, match=f"has the name of another module, `{name}`"):
        load_flow(path)
    assert sys.modules.get(name) is before


def test_a_program_and_its_module_are_one(folder: Path) -> None:
    program = FLOW.format(name="Churn") + (
        "\nif __name__ == '__main__':\n"
        "    import sys\n"
        "    from headwater.flow.load import load_flow\n"
        "    flow, code = load_flow(__file__)\n"
        "    print(flow is Churn, sys.modules['program_x'] is sys.modules['__main__'], code.module)\n"
    )
    path = write(folder, "program_x.py", program)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("True True program_x\n", "")
