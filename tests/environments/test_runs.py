"""Runs whose steps have environments of their own, from the command line to the client."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from headwater.client.objects import Run
from headwater.client.session import View
from headwater.environments.prepare import Environments
from headwater.home import Home, open_home
from headwater.model.events import RunStarted
from headwater.model.packages import PackageSet
from headwater.model.ports import Commit
from headwater.model.rows import RunQuery, TaskQuery
from tests.environments.conftest import environ_for
from tests.environments.wheelhouse import Index, make_wheel

SHAPES = "class Square:\n    def __init__(self, side): self.side = side\n    def area(self): return self.side ** 2\n"
#: A step that reads a value whose class its environment does not have.
READS_SHAPE = """
from headwater import FlowSpec, pypi, step

class Reads(FlowSpec):
    @pypi(packages={"shapes": ""})
    @step
    def start(self):
        import shapes
        self.shape = shapes.Square(3)
        self.next(self.end)

    @pypi(packages={"tiny": "1.0"})
    @step
    def end(self):
        print(self.shape)
"""
REFUSED = """
from headwater import FlowSpec, pypi, step

class Refused(FlowSpec):
    @pypi(packages={"nosuch": ""})
    @step
    def start(self):
        self.next(self.end)

    @pypi(packages={"tiny": "99"})
    @step
    def end(self):
        pass
"""
IMPORTS = """
import tiny
from headwater import FlowSpec, pypi, step

class Imports(FlowSpec):
    @pypi(packages={"shapes": ""})
    @step
    def start(self):
        import sklearn.linear_model
        import theirs
        from ours import anything
        try:
            import polars
        except ImportError:
            pass
        self.next(self.end)

    @step
    def end(self):
        import nowhere
"""
UPGRADES = """
from headwater import FlowSpec, pypi, step

class Upgrades(FlowSpec):
    @pypi(packages={"tiny": ">=1"})
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass
"""


class Place(NamedTuple):
    """Where commands of a test run."""

    folder: Path
    environ: dict[str, str]

    def headwater(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "headwater", *words]
        return subprocess.run(command, cwd=self.folder, env=self.environ, capture_output=True, text=True)

    def home(self) -> Home:
        return open_home(self.environ["HEADWATER_HOME"])


@pytest.fixture(scope="session")
def shapes_index(wheels: Path, shared_index: Index) -> Index:
    make_wheel(wheels, "shapes", "1.0", {"shapes.py": SHAPES})
    return shared_index


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, shapes_index: Index, warm_cache: Path) -> Place:
    """A project and a store that several tests share."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pyproject.toml").write_text("")
    home = folder / "home"
    environ = {**environ_for(shapes_index), "HEADWATER_HOME": str(home), "IMPORTED": str(folder / "imported")}
    home.mkdir()
    (home / "wheels").symlink_to(warm_cache)
    shutil.copy(Path(__file__).parent / "isolated_flow.py", folder)
    return Place(folder, {**environ, "PYTHONPATH": ""})


@pytest.fixture(scope="session")
def ran(place: Place) -> Place:
    """A store in which the flow has run once."""
    done = place.headwater("run", "isolated_flow.py", "--max-workers", "2")
    assert done.returncode == 0, done.stderr
    return place


def started(place: Place, path: str = "Isolated/1") -> RunStarted:
    home = place.home()
    flow, label = path.split("/")
    event = next(iter(home.ledger.events(home.ledger.find_run(flow, int(label)).run)))[1]
    home.close()
    assert isinstance(event, RunStarted)
    return event


def artifact(place: Place, step: str, name: str) -> object:
    home = place.home()
    value = getattr(Run("Isolated/1", _namespace_check=False, _view=View(home, None))[step].task.data, name)
    home.close()
    return value


def test_each_step_sees_what_it_declares_and_no_more(ran: Place) -> None:
    found = artifact(ran, "join", "found")

    assert [one[:3] for one in found] == [("2.0", False, False)] * 6  # type: ignore[attr-defined]
    assert artifact(ran, "make", "version") == "1.0"


def test_steps_without_packages_run_with_the_interpreter_of_the_flow(ran: Place) -> None:
    assert artifact(ran, "join", "outer") == sys.prefix


def test_a_value_passes_through_steps_that_cannot_load_it(ran: Place) -> None:
    assert artifact(ran, "use", "area") == 9


def test_steps_that_ask_for_the_same_share_an_environment_and_the_run_records_its_lock(ran: Place) -> None:
    recorded = started(ran).environments

    assert sorted(recorded) == ["each", "make", "use"]
    assert recorded["make"] == recorded["use"] != recorded["each"]
    assert artifact(ran, "use", "inner") == f"{ran.environ['HEADWATER_HOME']}/environments/{recorded['use']}"


def test_the_packages_of_the_outer_interpreter_are_recorded_as_well(ran: Place) -> None:
    assert started(ran).environment["click"]


def test_a_task_in_an_environment_costs_a_fork(ran: Place) -> None:
    home = ran.home()
    run = home.ledger.find_run("Isolated", 1).run
    tasks = home.ledger.tasks(TaskQuery(run, step="each")).rows
    home.close()
    imports = Counter((ran.folder / "imported").read_text().splitlines())
    inside = f"{ran.environ['HEADWATER_HOME']}/environments/{started(ran).environments['each']}"

    assert [task.usage.started_by for task in tasks] == ["fork"] * 6
    assert imports[inside] == 1


def test_a_second_run_asks_nobody_and_builds_nothing(ran: Place, shapes_index: Index) -> None:
    shapes_index.requests.clear()
    again = Place(ran.folder, {**ran.environ, "IMPORTED": os.devnull})
    done = again.headwater("run", "isolated_flow.py")

    assert done.returncode == 0
    assert "building" not in done.stderr
    assert shapes_index.requests == []
    assert started(ran, "Isolated/2").environments == started(ran).environments


def test_a_step_that_reads_what_its_environment_cannot_load_is_told_what_is_missing(place: Place) -> None:
    (place.folder / "reads.py").write_text(READS_SHAPE)
    done = place.headwater("run", "reads.py")

    assert done.returncode == 1
    assert "`shape` is a shapes.Square and cannot be loaded here: the environment of this step has no `shapes`" in (
        done.stderr
    )
    assert '@pypi(packages={"shapes": ""})' in done.stderr


def test_packages_that_do_not_resolve_stop_the_run_before_anything_is_stored(
    tmp_path: Path, shapes_index: Index
) -> None:
    environ = {**environ_for(shapes_index), "HEADWATER_HOME": str(tmp_path / "home")}
    (tmp_path / "refused.py").write_text(REFUSED)
    done = Place(tmp_path, environ).headwater("run", "refused.py")
    home = open_home(str(tmp_path / "home"))
    runs = home.ledger.runs(RunQuery()).rows
    home.close()

    assert done.returncode == 2
    assert "step `start` (refused.py:7)" in done.stderr
    assert "nosuch was not found" in done.stderr
    assert "step `end` (refused.py:12)" in done.stderr
    assert "there is no version of tiny==99" in done.stderr
    assert runs == ()
    assert not os.path.exists(tmp_path / "home" / "environments")


def test_check_names_imports_that_an_environment_does_not_hold(place: Place, tmp_path: Path) -> None:
    (place.folder / "imports.py").write_text(IMPORTS)
    for folder, text in (("src/ours", "import requests\n"), ("lib/theirs", "")):
        (place.folder / folder).mkdir(parents=True)
        (place.folder / folder / "__init__.py").write_text(text)
    # The interpreter that runs the flow has it, the environment has not.
    (tmp_path / "tiny.py").write_text("")
    environ = {**place.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{place.folder / 'lib'}"}
    there = Place(place.folder, environ)
    ran = there.headwater("run", "imports.py")
    checked = there.headwater("check", "imports.py")

    expected = [
        "imports.py:2: step `start` imports `tiny`, which its environment does not hold",
        'add "tiny" to the packages of `start`, or import it inside the steps that use it',
        "imports.py:9: step `start` imports `sklearn`, which its environment does not hold",
        'add "scikit-learn" to the packages of `start`',
        "src/ours/__init__.py:1: step `start` imports `requests`, which its environment does not hold",
    ]
    assert (
        "import `tiny` inside the steps that have it, or add what brings it to the packages of this step" in ran.stderr
    )
    for said in (ran.stderr, checked.stderr):
        assert [line for line in expected if line not in said] == []
        assert "polars" not in said
        assert "nowhere" not in said
        assert "`ours`" not in said
        assert "`theirs`" not in said
    assert checked.returncode == 0


def test_show_tells_the_environments_of_a_run_and_the_packages_of_a_step(ran: Place) -> None:
    digest = started(ran).environments["each"]
    run = ran.headwater("env", "show", "Isolated/1").stdout.splitlines()
    step = ran.headwater("env", "show", "Isolated/1/each").stdout
    lock = ran.headwater("env", "show", "Isolated/1/each", "--requirements").stdout

    assert [line.split()[:2] for line in run[3:4]] == [["each", digest[:12]]]
    assert digest in step
    assert ["tiny", "2.0", "2.0"] in [line.split() for line in step.splitlines()]
    assert "tiny==2.0 \\\n    --hash=sha256:" in lock


def test_diff_tells_the_packages_that_differ(ran: Place) -> None:
    differing = ran.headwater("env", "diff", "Isolated/1/make", "Isolated/1/each")
    same = ran.headwater("env", "diff", "Isolated/1", "Isolated/1")

    assert [line.split() for line in differing.stdout.splitlines()[1:]] == [
        ["make", "shapes", "1.0"],
        ["make", "tiny", "1.0", "2.0"],
    ]
    assert (differing.returncode, same.returncode, same.stdout) == (1, 0, "")


def test_gc_leaves_what_an_open_run_needs_and_what_it_removed_is_built_again(
    ran: Place, make: Environments, project: Path, tmp_path: Path
) -> None:
    needed, other = (make.lock(PackageSet(packages={"tiny": one}), str(project)) for one in ("1.0", "2.0"))
    make.build(needed, str(project))
    make.build(other, str(project))
    there = Place(project, {**ran.environ, "HEADWATER_HOME": str(tmp_path / "home")})
    home = open_home(str(tmp_path / "home"), make=True)
    first = msgspec.structs.replace(started(ran), label=0, environments={"each": needed})
    lease, _ = home.ledger.start_run(Commit(events=[first]))
    refused = there.headwater("env", "gc")
    done = there.headwater("env", "gc", "--yes")
    listed = there.headwater("env", "list").stdout
    lease.release()
    home.close()

    assert (refused.returncode, done.returncode) == (2, 0)
    assert "nobody is here to ask" in refused.stderr
    assert other[:12] in done.stdout
    assert [line.split()[0] for line in listed.splitlines()[1:]] == [needed[:12]]
    assert "Isolated/1" in listed
    assert make.ready(other) is None
    assert make.build(other, str(project)).stamp.lock == other


def test_rebuild_builds_the_environments_of_a_run_again(ran: Place) -> None:
    digest = started(ran).environments["make"]
    module = Path(ran.environ["HEADWATER_HOME"], "environments", digest, "headwater-environment.json")
    before = module.stat().st_mtime_ns
    done = ran.headwater("env", "rebuild", "Isolated/1/make")

    assert done.returncode == 0
    assert digest[:12] in done.stdout
    assert module.stat().st_mtime_ns > before


def test_upgrading_says_what_changed_and_leaves_the_run_what_it_had(
    own_index: Index, project: Path, tmp_path: Path
) -> None:
    environ = {**environ_for(own_index), "HEADWATER_HOME": str(tmp_path / "home")}
    there = Place(project, environ)
    (project / "reads.py").write_text(UPGRADES)
    assert there.headwater("run", "reads.py").returncode == 0
    make_wheel(own_index.folder, "tiny", "3.0")
    before = started(there, "Upgrades/1").environments
    done = there.headwater("env", "rebuild", "Upgrades/1", "--upgrade")
    again = there.headwater("run", "reads.py")

    assert "tiny 2.0 -> 3.0" in done.stdout
    assert again.returncode == 0
    assert started(there, "Upgrades/1").environments == before
    assert ["start", "tiny", "2.0", "3.0"] in [
        line.split() for line in there.headwater("env", "diff", "Upgrades/1", "Upgrades/2").stdout.splitlines()
    ]


def test_names_that_are_not_there_are_refused_with_near_ones(ran: Place) -> None:
    done = ran.headwater("env", "show", "Isolated/1/eech")

    assert done.returncode == 2
    assert "did you mean `each`" in done.stderr


def test_inline_tasks_run_here_and_the_run_says_so(place: Place) -> None:
    (place.folder / "upgrades.py").write_text(UPGRADES)
    done = place.headwater("run", "upgrades.py", "--engine", "inline")

    assert done.returncode == 0
    assert "the packages declared by `start` are not used: all runs in this process" in done.stderr
    assert started(place, "Upgrades/1").environments == {}


def test_debug_steps_into_a_task_inside_its_environment(ran: Place) -> None:
    shown = "p ('inside', self.shape.area(), __import__('sys').prefix)"
    home = ran.home()
    run = home.ledger.find_run("Isolated", 1).run
    label = home.ledger.tasks(TaskQuery(run, step="use")).rows[0].label
    home.close()
    done = ran.headwater("debug", f"Isolated/1/use/{label}", "--command", shown)
    inside = f"{ran.environ['HEADWATER_HOME']}/environments/{started(ran).environments['use']}"

    assert f"('inside', 9, '{inside}')" in done.stdout


def test_the_client_tells_the_packages_of_a_step_and_compare_names_the_one_that_changed(
    own_index: Index, project: Path, tmp_path: Path
) -> None:
    environ = {**environ_for(own_index), "HEADWATER_HOME": str(tmp_path / "home")}
    there = Place(project, environ)
    (project / "upgrades.py").write_text(UPGRADES)
    there.headwater("run", "upgrades.py")
    (project / "upgrades.py").write_text(UPGRADES.replace(">=1", "1.0"))
    # Python takes compiled code for the same by second and size.
    os.utime(project / "upgrades.py", (1_000_000_000, 1_000_000_000))
    there.headwater("run", "upgrades.py")
    home = there.home()
    view = View(home, None)
    first, second = (Run(f"Upgrades/{label}", _namespace_check=False, _view=view) for label in (1, 2))
    steps = [first["start"].environment_info, first["end"].environment_info, second["start"].task.environment_info]
    changed = first.compare(second).environment
    home.close()

    assert [one.get("tiny") for one in steps] == ["2.0", None, "1.0"]
    assert [one.get("click") is None for one in steps] == [True, False, True]
    assert [(one.name, one.values) for one in changed] == [("start: tiny", ("2.0", "1.0"))]


def test_gc_leaves_what_a_deployment_needs(place: Place, tmp_path: Path, warm_cache: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "wheels").symlink_to(warm_cache)
    there = Place(tmp_path, {**place.environ, "HEADWATER_HOME": str(tmp_path / "home")})
    (tmp_path / "upgrades.py").write_text(UPGRADES)
    deployed = there.headwater("deploy", "upgrades.py")
    listed = there.headwater("env", "gc", "--yes").stdout

    assert deployed.returncode == 0, deployed.stderr
    assert "0 environments are needed by no open run and no deployment, 1 are needed" in listed
    assert "Upgrades, deployment 1" in there.headwater("env", "list").stdout


def test_nothing_of_a_run_is_stored_when_its_packages_cannot_be_had(tmp_path: Path, shapes_index: Index) -> None:
    environ = {**environ_for(shapes_index), "HEADWATER_HOME": str(tmp_path / "home")}
    large = "    kept = Parameter('kept', default='x' * 100_000)\n    @step\n    def start"
    source = REFUSED.replace("FlowSpec, pypi", "FlowSpec, Parameter, pypi").replace(
        '    @pypi(packages={"nosuch": ""})\n    @step\n    def start', large
    )
    (tmp_path / "refused.py").write_text(source)
    done = Place(tmp_path, environ).headwater("run", "refused.py")

    assert "there is no version of tiny==99" in done.stderr
    assert [path for path in (tmp_path / "home" / "objects").rglob("*") if path.is_file()] == []


def test_a_run_whose_driver_was_killed_goes_on_in_environments_that_are_built_again(place: Place) -> None:
    shutil.copy(place.folder / "isolated_flow.py", place.folder / "killed_flow.py")
    source = (place.folder / "killed_flow.py").read_text().replace("Isolated", "Killed")
    (place.folder / "killed_flow.py").write_text(source)
    killing = {**place.environ, "HEADWATER_FAILPOINT": "drive.after_submit:3"}
    killed = Place(place.folder, killing).headwater("run", "killed_flow.py", "--max-workers", "2")
    recorded = started(place, "Killed/1").environments
    shutil.rmtree(f"{place.environ['HEADWATER_HOME']}/environments/{recorded['each']}")
    resumed = place.headwater("resume", "killed_flow.py")

    assert killed.returncode == -9
    assert resumed.returncode == 0, resumed.stderr
    home = place.home()
    end = home.ledger.find_run("Killed", 1).status
    home.close()
    assert end == "succeeded"
    assert started(place, "Killed/1").environments == recorded


def test_ctrl_c_while_packages_are_resolved_ends_the_command_and_leaves_nothing(
    own_index: Index, project: Path, tmp_path: Path
) -> None:
    own_index.may_answer.clear()
    environ = {**environ_for(own_index), "HEADWATER_HOME": str(tmp_path / "home")}
    (project / "upgrades.py").write_text(UPGRADES)
    command = [sys.executable, "-m", "headwater", "run", "upgrades.py"]
    running = subprocess.Popen(command, cwd=project, env=environ, stderr=subprocess.PIPE, start_new_session=True)
    assert own_index.was_asked.wait(60)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=60)
    own_index.may_answer.set()
    home = open_home(str(tmp_path / "home"))
    runs = home.ledger.runs(RunQuery()).rows
    home.close()

    assert running.returncode == 130
    assert said.decode().endswith("interrupted\n")
    assert runs == ()
    assert not os.path.exists(tmp_path / "home" / "environments")


def test_a_deployed_run_has_the_environments_of_its_deployment_whatever_happens_to_the_checkout(
    place: Place, tmp_path: Path, warm_cache: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "wheels").symlink_to(warm_cache)
    there = Place(tmp_path, {**place.environ, "HEADWATER_HOME": str(tmp_path / "home"), "HEADWATER_USER": "ann"})
    (tmp_path / "upgrades.py").write_text(UPGRADES)
    assert there.headwater("deploy", "upgrades.py").returncode == 0
    assert there.headwater("deployment", "run", "Upgrades@user.ann").returncode == 0
    (tmp_path / "upgrades.py").unlink()
    environments = tmp_path / "home" / "environments"
    before = {path.name for path in environments.iterdir() if (path / "bin").exists()}
    for name in before:
        shutil.rmtree(environments / name)
    up = [sys.executable, "-m", "headwater", "up", "--foreground"]
    daemon = subprocess.Popen(up, cwd=tmp_path, env=there.environ, stderr=subprocess.DEVNULL)
    try:
        assert ended(there, "Upgrades", 1) == "succeeded"
    finally:
        daemon.terminate()
        daemon.wait(60)

    assert set(started(there, "Upgrades/1").environments.values()) == before
    assert {path.name for path in environments.iterdir() if (path / "bin").exists()} == before


def ended(place: Place, flow: str, label: int) -> str:
    """Wait for a run's end, and say how it ended."""
    home = place.home()
    until = time.monotonic() + 60
    while (status := home.ledger.find_run(flow, label).status) in ("queued", "running") and time.monotonic() < until:
        home.ledger.wait(1.0)
    home.close()
    return status
