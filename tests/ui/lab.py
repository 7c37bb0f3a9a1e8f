"""A store with runs of everything that the pages of a run, a task and a comparison show."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from playwright.sync_api import Page

from headwater.home import open_home
from headwater.model.rows import TaskQuery
from tests.ui.site import FLOWS, PROJECT, run_flow

AXE = PROJECT / "ui" / "node_modules" / "axe-core" / "axe.min.js"


def make_lab(home: str, project: Path) -> None:
    """Fill a store: Gallery/1; Gallery/2, which failed; Gallery/3 with other parameters and changed code."""
    project.mkdir()
    (project / "pyproject.toml").write_text("[project]\nname = 'lab'\nversion = '0'\n")
    shutil.copy(FLOWS / "steps.py", project)
    flow = project / "gallery.py"
    shutil.copy(FLOWS / "gallery.py", flow)
    run_flow(home, str(flow), "--tag", "baseline")
    run_flow(home, str(flow), "--broken", "true", is_failing=True)
    flow.write_text(flow.read_text().replace("number in range(30)", "number in range(40)"))
    run_flow(home, str(flow), "--rate", "0.9")


@contextmanager
def started_steps(home: str, folder: Path) -> Iterator[None]:
    """Start the flow whose steps wait for files in a folder, `start`, `work` and `end`; it is ended with the block."""
    command = [sys.executable, "-m", "headwater", "run", str(Path(home).parent / "project" / "steps.py")]
    env = {**os.environ, "HEADWATER_HOME": home}
    run = subprocess.Popen(
        [*command, "--folder", str(folder)], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        for step in ("start", "work", "end"):
            (folder / step).touch()
        run.wait(30)


def barriers(page: Page) -> list[tuple[str, str]]:
    """Give what axe finds wrong with the view: the rule, and the first element that breaks it."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document.querySelector('main'), { resultTypes: ['violations'] })")
    return [(each["id"], each["nodes"][0]["html"][:300]) for each in found["violations"]]


def task_of(home: str, run: str, step: str, *, status: str = "succeeded") -> str:
    """Give the address of the first task of a step that has a status: `/runs/Gallery/1/train/4`."""
    flow, label = run.split("/")
    with closing(open_home(home)) as opened:
        row = opened.ledger.find_run(flow, int(label))
        found = opened.ledger.tasks(TaskQuery(row.run, step=step, limit=1000)).rows
    task = next(each for each in found if each.status == status)
    return f"/runs/{run}/{task.step}/{task.label}"
