"""What is around the package: locked requirements, the wheel, the pages."""

import re
import tomllib
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "src" / "headwater"
LOCKS = sorted((PROJECT / "requirements").glob("*.lock"))
PINNED = re.compile(r"^([a-z0-9][a-z0-9.-]*)==\S+( ; .+)? \\$")


def locked_names(lock: Path) -> set[str]:
    return {found[1] for line in lock.read_text().splitlines() if (found := PINNED.match(line))}


def wanted_names(*extras: str) -> set[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    optional = project["project"]["optional-dependencies"]
    wanted = list(project["project"]["dependencies"])
    for extra in extras:
        wanted += project["dependency-groups"]["dev"] if extra == "dev" else optional[extra]
    return {re.split(r"[<>=!~\[ ;]", one)[0] for one in wanted}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_pins_everything_by_hash_and_holds_no_address(lock):
    lines = lock.read_text().splitlines()

    assert lines
    strange = [
        line for line in lines if not PINNED.match(line) and not re.match(r"^    --hash=sha256:[0-9a-f]{64}", line)
    ]
    assert strange == []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if PINNED.match(line):
            assert following.startswith("    --hash="), line


@pytest.mark.parametrize(
    ("lock", "extras"), [("core", ()), ("demo", ("ml",)), ("dev", ("ml", "arrow", "dev"))], ids=lambda one: str(one)
)
def test_a_lock_holds_what_the_project_asks_for(lock, extras):
    assert wanted_names(*extras) <= locked_names(PROJECT / "requirements" / f"{lock}.lock")


def test_the_wheel_holds_every_file_of_the_package(tmp_path):
    built = next(WheelBuilder(str(PROJECT)).build(directory=str(tmp_path)))

    with zipfile.ZipFile(built) as wheel:
        held = {name for name in wheel.namelist() if name.startswith("headwater/")}
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert held == {f"headwater/{path.relative_to(PACKAGE).as_posix()}" for path in files}
    assert any(name.endswith(".sql") for name in held)
    assert any("/templates/" in name for name in held)


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        *sorted(str(path.relative_to(PROJECT)) for path in PROJECT.glob("docs/**/*.md")),
    ],
)
def test_links_of_a_page_lead_somewhere(page):
    text = (PROJECT / page).read_text(encoding="utf-8")

    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    missing = [link for link in links if "://" not in link and not (PROJECT / page).parent.joinpath(link).exists()]
    assert missing == []


def test_every_decision_has_a_number_of_its_own():
    records = sorted((PROJECT / "docs" / "decisions").glob("*.md"))
    numbers = [record.name[:3] for record in records]

    assert len(set(numbers)) == len(numbers)
    assert [record.read_text().partition(":")[0] for record in records] == [f"# {number}" for number in numbers]


def test_the_readme_names_every_command():
    table = (PROJECT / "src/headwater/cli/main.py").read_text(encoding="utf-8")
    commands = set(re.findall(r'^    "(\w+)": \("', table, re.MULTILINE))
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")

    named = {
        word for cell in re.findall(r"^\| (`.+?) \|", readme, re.MULTILINE) for word in re.findall(r"`(\w+)", cell)
    }
    assert commands
    assert commands <= named
