"""Starts engines on the tiny attempts and collects what they report."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from headwater.engines.inline import InlineEngine
from headwater.engines.local import LocalEngine
from headwater.engines.processes import is_alive
from headwater.engines.routed import RoutedEngine
from headwater.model.options import StepOptions
from headwater.model.order import CodeSource, Gang, TaskOrder
from headwater.model.outcome import Outcome
from headwater.model.ports import Ended, Engine, Report, Started, Wrote
from tests.engines import small_attempts

HERE = Path(__file__).parent
#: Folder from which the tests' own modules are imported, also by the programs that they start.
ROOT = HERE.parent.parent
COMMAND = (sys.executable, "-P", str(HERE / "small_worker.py"))
#: Longest that a test waits for something that has to come.
PATIENCE = 30.0


def code(module: str = "") -> CodeSource:
    return CodeSource(root=str(HERE / "modules"), file=f"{module}.py", module=module, flow="Small")


def local(module: str = "", **options: object) -> LocalEngine:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("environ", {})}
    # Set, it would hide whether lines are written when they end.
    environ.pop("PYTHONUNBUFFERED", None)
    return LocalEngine(code(module), command=(*COMMAND, "zygote"), environ=environ, **options)  # type: ignore[arg-type]


def spawning(module: str = "", **options: object) -> LocalEngine:
    return local(module, spawn_reason="the test says so", **options)


def inline(module: str = "", **options: object) -> InlineEngine:
    return InlineEngine(code(module), small_attempts.prepare, **options)  # type: ignore[arg-type]


def routed(module: str = "", **options: object) -> RoutedEngine:
    """An engine of environments, of which only the interpreter's own is used unless an order names another."""
    return RoutedEngine(lambda environment: local(module, environment=environment), **options)  # type: ignore[arg-type]


def routed_beside_another() -> RoutedEngine:
    """The same after a task of another environment, whose engine stays."""
    engine = routed()
    outcome(engine, order("nothing", 999, environment="another"))
    return engine


def order(
    step: str,
    label: int = 1,
    *,
    log: Path | None = None,
    options: StepOptions | None = None,
    gang: Gang | None = None,
    home: str = "",
    small: dict[str, bytes] | None = None,
    environment: str | None = None,
) -> TaskOrder:
    return TaskOrder(
        kind="order",
        v=1,
        run="01ARZ3NDEKTSV4RRFFQ69G5FAV",
        run_path="Small/1",
        key=f"{step}/start.{label}",
        step=step,
        label=label,
        attempt=0,
        code=code(),
        home=home,
        seed=1,
        user="ada",
        options=options or StepOptions(),
        gang=gang,
        small=small or {},
        log_file=str(log) if log else "",
        environment=environment,
    )


def collect(engine: Engine, is_enough: Callable[[list[Report]], bool]) -> list[Report]:
    """Poll until the reports so far are enough."""
    reports: list[Report] = []
    until = time.monotonic() + PATIENCE
    while not is_enough(reports):
        assert time.monotonic() < until, f"waited in vain; so far {reports}"
        reports += engine.poll(1)
    return reports


def outcomes(engine: Engine, *orders: TaskOrder) -> list[Outcome]:
    """Submit the orders and give their outcomes in that order."""
    for one in orders:
        engine.submit(one)
    return sorted_outcomes(collect_ends(engine, len(orders)), *orders)


def collect_ends(engine: Engine, count: int) -> list[Report]:
    return collect(engine, lambda reports: sum(isinstance(report, Ended) for report in reports) >= count)


def sorted_outcomes(reports: list[Report], *orders: TaskOrder) -> list[Outcome]:
    by_key = {report.outcome.key: report.outcome for report in reports if isinstance(report, Ended)}
    return [by_key[one.key] for one in orders]


def outcome(engine: Engine, one: TaskOrder) -> Outcome:
    return outcomes(engine, one)[0]


def texts(reports: list[Report]) -> list[str]:
    return [line.text for report in reports if isinstance(report, Wrote) for line in report.lines]


def wait_for_text(engine: Engine, beginning: str) -> str:
    """Poll until an attempt prints a line that begins so; gives the rest of the line."""
    reports = collect(engine, lambda reports: any(text.startswith(beginning) for text in texts(reports)))
    return next(text[len(beginning) :] for text in texts(reports) if text.startswith(beginning))


def wait_for_start(engine: Engine) -> int:
    """Poll until an attempt has started; gives its pid."""
    reports = collect(engine, lambda reports: any(isinstance(report, Started) for report in reports))
    return next(report.pid for report in reports if isinstance(report, Started))


def wait_until_dead(pid: int) -> bool:
    """Wait for a process that has to end; False when it does not."""
    until = time.monotonic() + PATIENCE
    while is_alive(pid):
        if time.monotonic() > until:
            return False
        os.sched_yield()
    return True


def records(log: Path) -> list[tuple[str, str]]:
    """Read a log file as (letter, text) pairs."""
    pairs = []
    for line in log.read_text().splitlines():
        at, letter, text = line.split(" ", 2)
        assert float(at) > 1e9
        pairs.append((letter, text))
    return pairs
