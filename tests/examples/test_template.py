"""What `headwater new` writes runs at once, and its own tests pass."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def project(tmp_path):
    """A project as a newcomer gets it."""
    here(tmp_path, "-m", "headwater", "new", "churn")
    return tmp_path / "churn"


def here(folder: Path, *arguments: str) -> str:
    """Run Python in a folder, with a store in it; gives all that was printed."""
    environment = {**os.environ, "HEADWATER_HOME": str(folder / "home"), "HEADWATER_USER": "ada"}
    environment.pop("PYTEST_ADDOPTS", None)
    ended = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=280
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_a_new_project_has_a_flow_a_test_and_a_page(project):
    assert sorted(path.name for path in project.iterdir()) == ["README.md", "flow.py", "test_flow.py"]
    assert not [path.name for path in project.iterdir() if "{name}" in path.read_text() or "{Flow}" in path.read_text()]


def test_the_flow_of_a_new_project_runs_at_once(project):
    output = here(project, "flow.py", "run", "--customers", "50")

    assert "who waits more than" in output
    assert "Churn/1" in here(project, "-m", "headwater", "list")


def test_the_tests_of_a_new_project_pass(project):
    output = here(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", ".")

    assert "2 passed" in output
