"""What a task with secrets prints: masked by its supervisor, in the log file and in the lines that are shown."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headwater.model.options import StepOptions
from headwater.model.order import TaskOrder
from headwater.model.ports import Engine
from headwater.model.secret import SecretSource
from tests.engines import engine_stories as stories
from tests.engines.small_attempts import SECRET

MakeEngine = Callable[[], Engine]


def order(step: str, log: Path, label: int = 1, value: str = SECRET) -> TaskOrder:
    options = StepOptions(secrets=(SecretSource("inline", options={"PASSWORD": value}),))
    return stories.order(step, label, log=log, options=options)


@pytest.fixture(params=[stories.local, stories.spawning, stories.inline], ids=["fork", "spawn", "inline"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = request.param()
    yield engine
    engine.close()


@pytest.fixture(params=[stories.local, stories.spawning], ids=["fork", "spawn"])
def supervised(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = request.param()
    yield engine
    engine.close()


def logged(log: Path) -> str:
    return "".join(text + ("\n" if letter.islower() else "") for letter, text in stories.records(log))


def test_a_value_that_is_written_in_pieces_is_masked(engine: Engine, tmp_path: Path) -> None:
    for label in range(1, 6):
        log = tmp_path / f"log{label}"
        stories.outcome(engine, order("prints_secret_in_pieces", log, label))

        assert logged(log) == "before *** after\n" * 20 + "no newline ***"


def test_a_value_across_the_end_of_a_record_is_masked(engine: Engine, tmp_path: Path) -> None:
    log = tmp_path / "log"
    stories.outcome(engine, order("prints_secret_in_a_long_line", log))
    expected = [f"{'x' * before}***{'y' * 10}" for before in range(65536 - 20, 65536 + 4)]

    assert logged(log).splitlines() == expected


def test_base64_is_masked_at_every_alignment(engine: Engine, tmp_path: Path) -> None:
    log = tmp_path / "log"
    stories.outcome(engine, order("prints_secret_in_base64", log))
    lines = logged(log).splitlines()

    assert len(lines) == 3
    assert all("***" in line and len(line.replace("***", "")) <= 6 for line in lines)


def test_lines_that_are_shown_are_masked(supervised: Engine, tmp_path: Path) -> None:
    supervised.submit(order("starts_what_prints_secret", tmp_path / "log"))
    shown = stories.texts(stories.collect_ends(supervised, 1))

    assert sorted(shown) == ["err ***", "out ***"]
    assert sorted(logged(tmp_path / "log").splitlines()) == ["err ***", "out ***"]


def test_inline_the_terminal_sees_what_the_log_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stories.outcome(stories.inline(), order("prints_secret_in_pieces", tmp_path / "log"))

    assert capsys.readouterr().out == logged(tmp_path / "log")


def test_a_value_that_a_kill_cuts_off_is_masked(supervised: Engine, tmp_path: Path) -> None:
    found = stories.outcome(supervised, order("is_killed_in_the_middle_of_a_secret", tmp_path / "log"))

    assert found.cause == "signal"
    assert logged(tmp_path / "log") == "all well\nthe password is ***"


def test_an_attempt_that_breaks_outside_of_all_protection_is_masked_too(supervised: Engine, tmp_path: Path) -> None:
    found = stories.outcome(supervised, order("breaks_with_secret", tmp_path / "log"))

    assert found.error is not None
    assert found.error.message == "the attempt itself broke: no answer for ***"
    assert SECRET not in str(found)


def test_values_of_one_task_are_not_looked_for_in_the_next(engine: Engine, tmp_path: Path) -> None:
    logs = [tmp_path / str(number) for number in range(4)]
    stories.outcome(engine, order("prints_secret", logs[0], 1))
    stories.outcome(engine, order("prints_secret", logs[1], 2, "something else"))
    stories.outcome(engine, stories.order("prints_secret", 3, log=logs[2]))
    stories.outcome(engine, order("prints_secret", logs[3], 4))

    plain = f"the password is {SECRET}\n"
    assert [logged(log) for log in logs] == ["the password is ***\n", plain, plain, "the password is ***\n"]


def test_a_task_that_prints_before_it_has_told_its_values_does_not_get_those_of_another(
    supervised: Engine, tmp_path: Path
) -> None:
    logs = [tmp_path / str(number) for number in range(2)]
    stories.outcome(supervised, order("prints_secret", logs[0], 1, "something else"))
    stories.outcome(supervised, order("prints_before_it_tells", logs[1], 2))

    assert logged(logs[1]) == "early\nthe password is ***\n"


def test_many_tasks_at_once_are_masked_each_by_its_own_values(tmp_path: Path) -> None:
    engine = stories.local(max_running=4)
    orders = [
        order("prints_secret", tmp_path / str(number), number, SECRET if number % 2 else "something else")
        for number in range(1, 25)
    ]
    stories.outcomes(engine, *orders)
    engine.close()

    for number in range(1, 25):
        shown = "***" if number % 2 else SECRET
        assert logged(tmp_path / str(number)) == f"the password is {shown}\n"
