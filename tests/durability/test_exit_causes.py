"""Every way in which a task can end is named right: in the record, by `status`, by the client and on the console."""

import os
import re
import signal

import pytest

from headwater import Task, default_metadata, default_namespace, metadata, namespace
from tests.durability.crash import DEEDS, Scene, marked_processes, parent_of
from tests.durability.volumes import small_volume

#: deed -> cause, details of the record, what the console must say.
CAUSES = {
    "exception": ("exception", {}, "ValueError: the value is wrong"),
    "sys_exit": ("sys_exit", {"code": "3"}, "sys.exit with code 3"),
    "os_exit": ("sys_exit", {"exit_code": "5"}, "exit code 5"),
    "segv": ("signal", {"signal": "SIGSEGV"}, "killed by SIGSEGV"),
    "abort": ("signal", {"signal": "SIGABRT"}, "killed by SIGABRT"),
    "sigterm": ("signal", {"signal": "SIGTERM"}, "killed by SIGTERM"),
    "memory_error": ("out_of_memory", {}, "no room for the array"),
    "import_error": ("import_error", {"module": "a_module_that_nobody_has"}, "a_module_that_nobody_has"),
    "unserialisable": ("unserialisable", {"attribute": "answer", "path": "['model'][1]"}, "['model'][1]"),
}


@pytest.fixture
def client(tmp_path):
    """Read the scene's store through the client."""
    yield lambda scene, path: (metadata(f"local@{scene.home}"), namespace(None), Task(path))[-1]
    default_metadata()
    default_namespace()


@pytest.mark.parametrize("deed", CAUSES)
def test_the_end_of_a_task_is_named(tmp_path, client, deed):
    cause, details, said = CAUSES[deed]
    scene = Scene(tmp_path, "CauseFlow", DEEDS)

    assert scene.start("--deed", deed) == 1
    assert_named(scene, client, "CauseFlow/1/start/1", cause, details, said)


def test_a_timeout_is_named(tmp_path, client):
    scene = Scene(tmp_path, "TimeoutFlow", DEEDS)

    assert scene.start() == 1
    assert_named(scene, client, "TimeoutFlow/1/start/1", "timeout", {}, "1 s")


def test_memory_beyond_an_enforced_limit_is_named_with_limit_and_found(tmp_path, client):
    scene = Scene(tmp_path, "HungryFlow", DEEDS)

    assert scene.start() == 1
    error = assert_named(scene, client, "HungryFlow/1/start/1", "out_of_memory", {"limit_bytes": "120000000"}, "120 MB")
    assert int(error["details"]["resident_bytes"]) > 120_000_000


def test_a_kill_from_outside_is_a_signal_and_not_out_of_memory(tmp_path, client):
    scene = Scene(tmp_path, "CauseFlow", DEEDS)
    running = scene.begin(*scene.start_words, "--deed", "killed")
    os.kill(int(scene.wait_told()[0]), signal.SIGKILL)

    assert running.wait(60) == 1
    scene.output = scene.console()
    assert_named(scene, client, "CauseFlow/1/start/1", "signal", {"signal": "SIGKILL"}, "killed by SIGKILL")


def test_a_lost_worker_is_named(tmp_path, client):
    scene = Scene(tmp_path, "CauseFlow", DEEDS)
    running = scene.begin(*scene.start_words, "--deed", "killed")
    task = int(scene.wait_told()[0])
    os.kill(parent_of(task), signal.SIGKILL)

    assert running.wait(60) == 1
    scene.output = scene.console()
    assert task not in marked_processes(scene.mark)
    assert_named(scene, client, "CauseFlow/1/start/1", "lost_worker", {}, "the worker process was lost")


def test_a_cancelled_task_is_named(tmp_path, client):
    scene = Scene(tmp_path, "CauseFlow", DEEDS)
    running = scene.begin(*scene.start_words, "--deed", "killed")
    scene.wait_told()
    running.send_signal(signal.SIGINT)

    assert running.wait(60) == 130
    found = scene.status()
    task = client(scene, "CauseFlow/1/start/1")
    assert (found["status"], found["steps"][0]["tasks"], found["failures"]) == ("cancelled", {"cancelled": 1}, [])
    assert (task.cause, task.status, task.finished, task.successful) == ("cancelled", "cancelled", True, False)
    assert "CauseFlow/1 cancelled" in scene.console()


def test_a_disk_that_the_step_itself_fills_is_named(tmp_path, client):
    scene = Scene(tmp_path, "CauseFlow", DEEDS)
    with small_volume(tmp_path / "volume", 1024) as volume:
        assert scene.start("--deed", "disk_full", "--path", str(volume / "big")) == 1
        assert_named(scene, client, "CauseFlow/1/start/1", "disk_full", {}, "No space left on device")


def test_a_file_that_does_not_import_is_a_mistake_with_its_line(tmp_path):
    file = tmp_path / "broken.py"
    file.write_text("from headwater import FlowSpec, step\nimport a_module_that_nobody_has\n")
    scene = Scene(tmp_path, "Broken", file)

    assert scene.start() == 2
    assert re.search(r"broken\.py:2", scene.output), scene.output
    assert "a_module_that_nobody_has" in scene.output


def assert_named(scene, client, path, cause, details, said):
    found = scene_status(scene)
    (failure,) = found["failures"]
    assert (failure["task"], failure["cause"]) == (path, cause)
    assert details.items() <= failure["error"].get("details", {}).items(), failure["error"]
    assert (found["status"], found.get("cause")) == ("failed", cause)
    task = client(scene, path)
    assert (task.cause, task.finished, task.successful) == (cause, True, False)
    assert said in repr(task.exception)
    assert said in scene.output, scene.output
    return failure["error"]


def scene_status(scene):
    output = scene.output
    found = scene.status()
    scene.output = output
    return found
