"""What a start must not import: told by module names, because seconds on a busy machine tell nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FLOW = """
from headwater import FlowSpec, step


class Hello(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        import sys
        print("IN THE TASK", *sys.modules)


if __name__ == "__main__":
    Hello()
"""
#: Rooms that only run tasks; the driver of a local run leaves them to the engine's process.
TASK_ROOMS = ("headwater.task", "headwater.worker", "headwater.engines.zygote", "headwater.engines.inline")


def imported(program: str, *words: str) -> set[str]:
    """Run a program in a new interpreter and give the modules that it has at its end."""
    ending = "import atexit, sys; atexit.register(lambda: print('AT THE END', *sys.modules))\n"
    ran = subprocess.run([sys.executable, "-c", ending + program, *words], capture_output=True, text=True, check=True)
    line = next(line for line in ran.stdout.splitlines() if line.startswith("AT THE END"))
    return set(line.split()[3:])


def third_party(modules: set[str]) -> set[str]:
    known = {"headwater", "__main__", *sys.stdlib_module_names}
    bare = imported("pass")
    return {name for name in modules - bare if name.partition(".")[0] not in known}


def run_flow(folder: Path) -> tuple[set[str], set[str]]:
    """Run a flow with the local engine; gives the modules of the driver and those of the last task."""
    flow = folder / "hello.py"
    flow.write_text(FLOW)
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('IN THE DRIVER', *sys.modules))\n"
        "from headwater.cli.main import main\n"
        f"main(['run', {str(flow)!r}])\n"
    )
    environ = {**os.environ, "HEADWATER_HOME": str(folder / "home")}
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environ)
    driver = next(line for line in ran.stdout.splitlines() if line.startswith("IN THE DRIVER"))
    task = next(line for line in ran.stderr.splitlines() if "IN THE TASK" in line)
    return set(driver.split()[3:]), set(task.partition("IN THE TASK")[2].split())


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], set[str]]:
    return run_flow(tmp_path_factory.mktemp("run"))


def test_importing_the_package_loads_nothing_of_others():
    assert third_party(imported("import headwater")) == set()


def test_writing_a_flow_loads_one_small_package_of_others():
    loaded = third_party(imported("from headwater import FlowSpec, Parameter, retry, step"))

    assert {name.partition(".")[0] for name in loaded} <= {"msgspec", "typing_extensions"}


def test_the_driver_of_a_local_run_does_not_load_what_runs_tasks(modules):
    driver, _ = modules

    assert [name for name in driver if name.startswith(TASK_ROOMS)] == []


def test_the_driver_of_a_run_that_nobody_watches_does_not_load_the_terminal_library(modules):
    driver, _ = modules

    assert "rich" not in driver


def test_tasks_fork_from_a_process_without_database_command_line_and_terminal(modules):
    _, task = modules

    assert "headwater.task.attempt" in task
    needless = {"apsw", "click", "rich", "asyncio", "subprocess", "headwater.home", "headwater.client.objects"}
    assert task & needless == set()


def test_the_help_loads_no_database_and_no_runtime():
    loaded = imported("import sys; from headwater.cli.main import main; main(['--help'])")

    assert loaded & {"apsw", "rich", "blake3", "headwater.runtime.drive", "headwater.home"} == set()
