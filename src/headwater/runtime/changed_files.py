"""Data files that finished tasks read and that are not the same any more: whoever resumes should know."""

import os
from collections.abc import Iterable, Iterator, Mapping

from blake3 import blake3

from headwater.model.events import TaskReused
from headwater.model.ids import TaskKey
from headwater.model.outcome import FileRead
from headwater.plan.reuse import Finished
from headwater.runtime.resume import split_step

_CHUNK = 1 << 20


def changed_files(finished: Mapping[TaskKey, Finished], again: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give (step, path) of each file that is gone or differs from what a task read which will be reused.

    Files whose size and time are as they were are taken for the same; others are hashed.

    Args:
        finished: the tasks that may be reused.
        again: steps that run again anyway.
    """
    told: set[tuple[str, str]] = set()
    for key, task in finished.items():
        step = split_step(key)
        if step in again or isinstance(task.success, TaskReused):
            continue
        for path, read in task.success.usage.files.items():
            if (step, path) not in told and _is_changed(path, read):
                told.add((step, path))
                yield step, path


def _is_changed(path: str, read: FileRead) -> bool:
    try:
        facts = os.stat(path)
        if (facts.st_size, facts.st_mtime) == (read.size_bytes, read.modified_at):
            return False
        if facts.st_size != read.size_bytes or read.digest is None:
            return True
        hasher = blake3()
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                hasher.update(chunk)
    except OSError:
        return True
    return hasher.hexdigest() != read.digest
