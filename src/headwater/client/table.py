"""Many runs side by side: a row each, parameters and metrics as columns."""

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice

from headwater.client.plain import plain_values
from headwater.client.session import View
from headwater.model.errors import NotInstalled
from headwater.model.rows import RunRow

#: A run: column -> plain value.
TableRow = dict[str, object]


def runs_table(view: View, rows: Iterator[RunRow], limit: int, as_frame: bool | None) -> object:
    """Give runs as a pandas frame or a list of dicts; None = a frame when pandas is installed.

    Raises:
        NotInstalled: a frame is asked for, and pandas is missing.
    """
    table = [_table_row(view, row) for row in islice(rows, limit)]
    has_pandas = find_spec("pandas") is not None
    if as_frame and not has_pandas:
        raise NotInstalled("pandas", "ml", "a table of runs as a frame")
    if as_frame is False or not has_pandas:
        return table
    import pandas

    return pandas.DataFrame(table)


def _table_row(view: View, row: RunRow) -> TableRow:
    ended = row.finished_at
    return {
        "run": row.path,
        "status": row.status,
        "user": row.user,
        "started_at": row.started_at,
        "duration_seconds": None if ended is None else ended - row.started_at,
        "note": row.note,
        **{f"parameters.{name}": value for name, value in plain_values(view, row.parameters).items()},
        **{f"metrics.{name}": value for name, value in row.metrics.items()},
    }
