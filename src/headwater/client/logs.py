"""What the attempts of tasks wrote, read from the log files of a home."""

import os

from headwater.model.ids import RunId
from headwater.store.lines import read_records


def attempt_file(home: str, run: RunId, label: int, attempt: int, suffix: str) -> str:
    """Give the file that holds the lines (`log`) or metric points (`points`) of one attempt.

    It exists once the attempt has written one.
    """
    return os.path.join(home, "runs", run, f"{label}.{attempt}.{suffix}")


def read_text(path: str, stream: str) -> str:
    """Give a stream as it was written, with or without a newline at its end; empty when there is no file."""
    records = (record for record in read_records(path) if record.stream == stream)
    written = b"".join(record.content + b"\n" * record.is_complete for record in records)
    return written.decode("utf-8", "replace")
