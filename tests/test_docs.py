"""The pages do not lie: their Python runs, their commands are typed, every public name is explained."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import headwater
from tests.page_program import blocks, is_part_of_a_flow

PROJECT = Path(__file__).parents[1]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
PROGRAM = Path(__file__).with_name("page_program.py")


def first_flow() -> str:
    return next(text for kind, text, _ in blocks((PROJECT / "README.md").read_text()) if kind == "python")


@pytest.fixture
def live(tmp_path):
    """Live through a page, in a folder that has the README's flow, with a store of its own."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "churn.py").write_text(first_flow())
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "HEADWATER_HOME": str(tmp_path / "home"), "HEADWATER_USER": "ann", "PATH": path}
    environ["XDG_CONFIG_HOME"] = str(tmp_path / "config")

    def live_through(page: str, *until: str) -> None:
        ended = subprocess.run(
            [sys.executable, "-W", "error", str(PROGRAM), str(PROJECT / page), *until],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr

    return live_through


@pytest.mark.parametrize(
    "page",
    [
        "docs/client.md",
        "docs/runner.md",
        "docs/resume-and-debug.md",
        "docs/schedules.md",
        "docs/deployments.md",
        "docs/approvals.md",
    ],
)
@pytest.mark.skipif(shutil.which("bash") is None, reason="the pages are typed into bash")
def test_what_a_page_shows_is_what_happens(page, live):
    live(page)


@pytest.mark.skipif(shutil.which("bash") is None, reason="the pages are typed into bash")
def test_a_page_that_is_not_true_is_found(tmp_path, live):
    for number, lie in enumerate(["```python\n1 + 1  # -> 3\n```\n", "    headwater status Nothing/1\n"]):
        page = tmp_path / f"lie{number}.md"
        page.write_text(f"# A page\n\n{lie}")

        with pytest.raises(AssertionError, match=f"lie{number}.md:[23]"):
            live(str(page))


@pytest.mark.parametrize(
    ("page", "until"), [("README.md", "## When a step fails"), ("docs/tutorial.md", "## 6. Something fails")]
)
def test_the_first_pages_can_be_typed_in(page, until, live):
    live(page, until)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_of_a_page_is_python(page):
    for kind, text, line in blocks(page.read_text()):
        if kind == "python":
            compile(text if not is_part_of_a_flow(text) else text.replace("...", "pass"), f"{page.name}:{line}", "exec")


def test_every_public_name_is_in_the_pages():
    code = " ".join(
        text
        for page in PAGES
        for text in re.findall(r"`[^`\n]+`|^```python\n.*?^```", page.read_text(), re.MULTILINE | re.DOTALL)
    )

    assert [name for name in headwater.__all__ if not re.search(rf"\b{name}\b", code)] == []


def test_the_index_leads_to_every_page():
    index = (PROJECT / "docs" / "index.md").read_text()

    assert [page.name for page in PAGES[1:] if page.name != "index.md" and f"({page.name})" not in index] == []
