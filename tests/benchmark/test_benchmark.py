"""The benchmark's own bookkeeping, and that every row runs: small, without peers, no figure asserted."""

import importlib
import re
import sys
from pathlib import Path

import pytest

from bench import report
from bench.__main__ import ROWS
from bench.environments import PEERS, SERVERS
from bench.sample import Budget, Row, Sample
from bench.session import BENCH, CommandFailed, Session, run


def test_a_ceiling_is_reached_below_and_missed_above():
    assert str(Budget("hello <= 0.25 s", 0.2, 0.25, "s")) == "reached: 200 ms"
    assert str(Budget("hello <= 0.25 s", 0.5, 0.25, "s")) == "MISSED: 500 ms, 2.00 x the limit"


def test_a_floor_is_reached_above_and_missed_below():
    assert Budget(">= 80 x", 81, 80, "x", is_floor=True).is_reached
    assert str(Budget(">= 80 x", 40, 80, "x", is_floor=True)) == "MISSED: 40 x, 0.50 x the limit"


def test_a_section_shows_every_subject_beside_ours():
    row = Row("P2", "hello", {"headwater": Sample((0.2, 0.1, 0.3)), "slow": Sample((2.0,), peak_memory=50)})

    lines = report.section(row)

    assert "| headwater | 200 ms (100 ms-300 ms) |  |  |  |" in lines
    assert "| slow | 2 s | 10 x | 50 MB |  |" in lines


def test_each_row_is_one_module_with_its_own_measure():
    found = {path.stem for path in (BENCH / "rows").glob("*.py") if re.match(r"[a-z][0-9]+_", path.stem)}

    assert found == set(ROWS.values())
    assert all(callable(importlib.import_module(f"bench.rows.{module}").measure) for module in found)


@pytest.mark.parametrize("peer", (*PEERS, *SERVERS))
def test_the_packages_of_a_peer_are_pinned_and_name_no_address(peer):
    lines = (BENCH / "requirements" / f"{peer}.txt").read_text().splitlines()

    assert lines
    assert [line for line in lines if not re.match(r"^[a-z0-9][a-z0-9._-]*(\[[a-z,]+\])?==\S+( ; .+)?$", line)] == []


def test_a_command_is_measured_with_its_first_byte_its_facts_and_its_memory(tmp_path):
    code = (
        "import os; held = bytearray(80_000_000); print('x'); open(os.environ['BENCH_OUT'], 'w').write('{\"a\": 1}\\n')"
    )

    ended = run([sys.executable, "-c", code], tmp_path)

    assert ended.output == "x\n"
    assert ended.facts == [{"a": 1}]
    assert ended.first_byte is not None and 0 < ended.first_byte <= ended.seconds
    assert ended.peak_memory > 80


def test_a_command_that_fails_is_no_measurement(tmp_path):
    with pytest.raises(CommandFailed, match="out of luck"):
        run([sys.executable, "-c", "raise SystemExit('out of luck')"], tmp_path)


def test_a_measured_command_writes_into_its_own_folder_only(tmp_path):
    code = "import os; print(os.environ['HEADWATER_HOME'], os.environ['METAFLOW_DATASTORE_SYSROOT_LOCAL'])"

    ended = run([sys.executable, "-c", code], tmp_path)

    assert [Path(place).is_relative_to(tmp_path) for place in ended.output.split()] == [True, True]


def test_subjects_compile_and_buffer_as_they_do_for_everybody(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    program = "import os; print(sorted(set(os.environ) & {'PYTHONDONTWRITEBYTECODE', 'PYTHONUNBUFFERED'}))"

    assert run([sys.executable, "-c", program], tmp_path).output == "[]\n"


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ROWS)
def test_a_row_can_be_measured_without_peers(name):
    row = importlib.import_module(f"bench.rows.{ROWS[name]}").measure(Session(is_quick=True, peers=frozenset()))

    assert row.name == name
    # These two promise nothing but to be faster than somebody.
    assert row.budgets or name in ("H1", "H2")
    assert all(value > 0 for sample in row.subjects.values() for value in sample.values)


def test_rows_that_were_not_measured_again_stay_as_they_are() -> None:
    before = [Row("P1", "old", {}), Row("P2", "old", {})]

    joined = report.joined(before, [Row("U1", "new", {}), Row("P1", "new", {})])

    assert [(row.name, row.work) for row in joined] == [("P1", "new"), ("P2", "old"), ("U1", "new")]
