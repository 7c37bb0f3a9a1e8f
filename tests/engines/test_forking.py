"""When attempts fork, and when they do not."""

import subprocess
import sys
from pathlib import Path

import pytest

from headwater.model.options import StepOptions
from headwater.model.ports import Notice
from tests.engines import engine_stories as stories

HERE = Path(__file__).parent


def test_numpy_pandas_and_scikit_learn_fork_and_compute_even_after_the_module_used_their_pools() -> None:
    engine = stories.local("numeric")
    found = stories.outcomes(engine, stories.order("computes", 1), stories.order("computes", 2))
    engine.close()

    assert [one.usage.started_by for one in found] == ["fork", "fork"]
    assert [one.summary["is_equal"] for one in found] == [True, True]


@pytest.mark.parametrize(
    ("module", "named"), [("thread_starter", "heartbeat"), ("polars_user", "polars"), ("native_threads", "native")]
)
def test_what_does_not_survive_a_fork_is_spawned_with_the_reason_told_once(module: str, named: str) -> None:
    engine = stories.local(module)
    for label in (1, 2):
        engine.submit(stories.order("nothing", label))
    reports = stories.collect_ends(engine, 2)
    found = stories.sorted_outcomes(reports, stories.order("nothing", 1))[0]
    engine.close()

    assert found.usage.started_by == "spawn"
    assert named in found.usage.spawn_reason
    assert [named in report.text for report in reports if isinstance(report, Notice)] == [True]


def test_a_spawned_attempt_has_its_environment_before_the_import() -> None:
    engine = stories.spawning()
    options = StepOptions(environment={"FROM_ORDER": "yes"})
    told = stories.outcome(engine, stories.order("says_where_it_is", options=options)).summary
    engine.close()

    assert told["variable"] == "yes"


def test_a_spawned_attempt_says_how_long_it_imported() -> None:
    engine = stories.spawning("polars_user")
    usage = stories.outcome(engine, stories.order("nothing")).usage
    engine.close()

    assert usage.importing > 0
    assert usage.spawn_reason == "the test says so"


def test_loky_workers_of_a_step_end_with_it() -> None:
    engine = stories.local()
    found = stories.outcome(engine, stories.order("computes_alone"))
    engine.close()

    assert found.summary["sum"] == 6


def test_an_idle_interpreter_may_fork() -> None:
    program = "from headwater.engines.forking import reason_not_to_fork; print(repr(reason_not_to_fork()))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout == "''\n"
