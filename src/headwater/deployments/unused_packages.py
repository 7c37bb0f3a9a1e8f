"""Removes laid-out copies of packages from which nothing runs now; what they are made from stays in the store."""

import os
import shutil
from collections.abc import Iterator

from headwater.deployments.aliases import Aliases
from headwater.deployments.packages import laying_out_alone, packages_root
from headwater.deployments.stored import all_deployments, code_holder
from headwater.home import Home
from headwater.model.ids import Digest
from headwater.model.ports import Ledger
from headwater.model.rows import RunQuery, RunStatus

_UNFINISHED: tuple[RunStatus, ...] = ("queued", "running", "waiting", "interrupted")


def remove_unused_packages(home: Home, unused_since: float) -> int:
    """Remove copies of deployments that no alias names, no unfinished run needs, and nobody asked for since then.

    Gives their bytes. A run that needs one again lays it out again.
    """
    root = packages_root(home)
    if not os.path.isdir(root):
        return 0
    freed = 0
    with laying_out_alone(home):
        needed = _needed(home)
        for name in os.listdir(root):
            folder = os.path.join(root, name)
            # What a killed process left has a further part in its name, `<digest>.<process>-...`.
            if name not in needed and os.path.isdir(folder) and os.stat(folder).st_mtime < unused_since:
                freed += _bytes_of(folder)
                gone = f"{folder}.gone-{os.urandom(4).hex()}"
                os.rename(folder, gone)
                shutil.rmtree(gone, ignore_errors=True)
    return freed


def _needed(home: Home) -> set[Digest]:
    """Give the trees that records hold, but for those of deployments that no alias names and no unfinished run has."""
    at_work = {state.deployment for state in Aliases(home.ledger).all()} | set(_of_unfinished_runs(home.ledger))
    idle = {code_holder(each) for each in all_deployments(home.ledger) if each.id not in at_work}
    held = (each for each in home.ledger.references() if not each.run and each.tree is not None)
    return {each.tree for each in held if each.path not in idle and each.tree is not None}


def _of_unfinished_runs(ledger: Ledger) -> Iterator[str]:
    for status in _UNFINISHED:
        cursor = None
        while True:
            page = ledger.runs(RunQuery(status=status, limit=1000, cursor=cursor))
            yield from (row.launch.deployment for row in page.rows if row.launch is not None)
            cursor = page.cursor
            if cursor is None:
                break


def _bytes_of(folder: str) -> int:
    return sum(os.lstat(os.path.join(parent, name)).st_size for parent, _, names in os.walk(folder) for name in names)
