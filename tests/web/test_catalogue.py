"""The catalogue of bad input in RELIABILITY.md names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CATALOGUE = (ROOT / "RELIABILITY.md").read_text(encoding="utf-8").partition("the catalogue\n")[2].partition("\n## ")[0]
ROWS = [line.split(" | ") for line in CATALOGUE.splitlines() if re.match(r"\| (S-|- )", line)]


def numbers_of(cell):
    return [int(number) for number in re.findall(r"S-(\d\d)", cell)]


def test_every_number_has_its_line():
    assert sorted(number for row in ROWS for number in numbers_of(row[0])) == list(range(1, 47))


def test_every_test_that_is_named_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", CATALOGUE)
    sources = {path: (ROOT / path).read_text(encoding="utf-8") for path, _ in named}

    assert len(named) > 50
    assert [(path, name) for path, name in named if name and f"def {name}(" not in sources[path]] == []
