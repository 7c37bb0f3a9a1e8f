"""The SQL of this room, by name; it lives in the files of `sql/`."""

import os

_FOLDER = os.path.join(os.path.dirname(__file__), "sql")


def read_statements() -> dict[str, str]:
    """Give every statement of the files of `sql/` by the name in the `-- name: NAME` above it."""
    found: dict[str, str] = {}
    for file in ("writes.sql", "production.sql", "questions.sql", "pages.sql", "checks.sql"):
        with open(os.path.join(_FOLDER, file), encoding="utf-8") as opened:
            text = "\n" + opened.read()
        for part in text.split("\n-- name: ")[1:]:
            name, _, sql = part.partition("\n")
            found[name] = sql.strip().removesuffix(";")
    return found


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
        # Wanted when a database is made or checked, not at every start.
        from blake3 import blake3

        return blake3(self.sql.encode()).hexdigest()


def migrations_after(number: int) -> list[Migration]:
    """Give the migrations that a database of this format still needs, in order."""
    files = sorted(name for name in os.listdir(os.path.join(_FOLDER, "migrations")) if name.endswith(".sql"))
    return [Migration(file) for file in files if int(file.split("_")[0]) > number]
