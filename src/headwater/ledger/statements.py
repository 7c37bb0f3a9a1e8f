"""The SQL of this room, by name; it lives in the files of `sql/`."""

import os
import re

from blake3 import blake3

_FOLDER = os.path.join(os.path.dirname(__file__), "sql")
_NAMED = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)


class Statements(dict[str, str]):
    """Statements of one file of `sql/`: the text after `-- name: NAME`, without the final semicolon."""

    def __init__(self, file: str) -> None:
        with open(os.path.join(_FOLDER, file), encoding="utf-8") as opened:
            text = opened.read()
        super().__init__((name, sql.strip().removesuffix(";")) for name, sql in _NAMED.findall(text))


class Migration:
    """One step from a format of the database to the next: a file `NNNN_name.sql`."""

    def __init__(self, file: str) -> None:
        self.number = int(file.split("_")[0])
        self.file = file
        with open(os.path.join(_FOLDER, "migrations", file), encoding="utf-8") as opened:
            self.sql = opened.read()

    @property
    def checksum(self) -> str:
        """BLAKE3 of its text."""
        return blake3(self.sql.encode()).hexdigest()


def migrations_after(number: int) -> list[Migration]:
    """Give the migrations that a database of this format still needs, in order."""
    files = sorted(name for name in os.listdir(os.path.join(_FOLDER, "migrations")) if name.endswith(".sql"))
    return [Migration(file) for file in files if int(file.split("_")[0]) > number]
