"""What the attempts of tasks wrote, read from the log files of a home."""

import os

from headwater.client.session import opened_home
from headwater.model.ids import RunId
from headwater.places import is_far
from headwater.store.lines import read_records


def attempt_file(home: str, run: RunId, label: int, attempt: int, suffix: str) -> str:
    """Give the file that holds the lines (`log`) or metric points (`points`) of one attempt.

    It exists once the attempt has written one.
    """
    return os.path.join(home, "runs", run, f"{label}.{attempt}.{suffix}")


def fresh(path: str) -> str:
    """Have what a server has of an attempt's file here, when the home is a server's; gives the path back."""
    run_folder = os.path.dirname(path)
    home = os.path.dirname(os.path.dirname(run_folder))
    if path and is_far(home):
        opened_home(home).bring_file(os.path.basename(run_folder), os.path.basename(path))
    return path


def read_text(path: str, stream: str) -> str:
    """Give a stream as it was written, with or without a newline at its end; empty when there is no file."""
    records = (record for record in read_records(path) if record.stream == stream)
    written = b"".join(record.content + b"\n" * record.is_complete for record in records)
    return written.decode("utf-8", "replace")
