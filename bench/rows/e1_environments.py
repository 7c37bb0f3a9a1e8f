"""E1: steps with packages of their own: an environment ready from kept wheels, and what a task in it costs."""

import json
import shutil
from pathlib import Path
from typing import Any

from bench.sample import Budget, Row, Sample
from bench.session import BENCH, Session, fresh_folder, run

FLOW = str(BENCH / "flows" / "isolated.py")
WIDTH = 300


def measure(session: Session) -> Row:
    """Build from kept wheels; then one task, and many, in an environment that is ready and without one."""
    rounds = session.rounds(5)
    with fresh_folder() as folder:
        first = run(session.argv("headwater", FLOW, "run"), folder).seconds
        environment = listed(session, folder)
        rebuilt = Sample(tuple(rebuild(session, folder, environment["path"]) for _ in range(rounds)))
        size = environment["size_bytes"]
        one, many = ([], []), ([], [])
        for _ in range(rounds):
            for width, (plain, isolated) in ((1, one), (WIDTH, many)):
                command = session.argv("headwater", FLOW, "run", "--width", str(width))
                isolated.append(run(command, folder).seconds)
                plain.append(run(command, folder, PLAIN="1").seconds)
    per_task = [
        Sample(tuple((more - less) / (WIDTH - 1) for less, more in zip(*pair, strict=True)))
        for pair in zip(one, many, strict=True)
    ]
    samples = {
        "headwater": Sample(rebuilt.values, note=f"{size / 1e6:.0f} MB from kept wheels; {first:.1f} s with downloads"),
        "one task, environment ready": Sample(tuple(one[1])),
        "a task more, in an environment": per_task[1],
        "a task more, without one": per_task[0],
    }
    budgets = (
        Budget("500 MB ready from kept wheels in < 2 s", rebuilt.median * 500e6 / size, 2.0, "s"),
        Budget(
            "a task in an environment costs <= 1.2 x one without", per_task[1].median / per_task[0].median, 1.2, "x"
        ),
    )
    return Row("E1", "steps with packages of their own", samples, {}, budgets)


def listed(session: Session, folder: Path) -> dict[str, Any]:
    """The environment as `env list` tells it."""
    ended = run(session.argv("headwater", "-m", "headwater", "env", "list", "--json"), folder)
    return json.loads(ended.output)[0]


def rebuild(session: Session, folder: Path, environment: str) -> float:
    """Seconds until it is there again."""
    shutil.rmtree(environment)
    command = session.argv("headwater", "-m", "headwater", "env", "rebuild", "Isolated/1/each")
    return run(command, folder).seconds
