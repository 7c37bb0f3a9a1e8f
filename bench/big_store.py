"""`python -m bench.big_store FOLDER [--runs 2000 --tasks 100000]`: make a store of many runs, the same for a seed.

Every run goes through the ledger's own port, with graphs of real flows (`bench/flows/big/`) and the planner's own
decisions; only what the steps did is made up. FOLDER becomes a home folder (HEADWATER_HOME=FOLDER).
"""

import argparse
import os
import random
import shutil
import sys
import time
from array import array
from collections.abc import Iterator, Sequence

import msgspec

from bench.session import BENCH
from bench.store_runs import Fate, Tale
from bench.store_values import Values
from headwater.flow.compile import compile_flow
from headwater.flow.load import load_flow
from headwater.home import Home, open_home
from headwater.model.events import Event, RunFinished, RunStarted, TaskStarted
from headwater.model.graph import Graph
from headwater.model.ids import Digest, new_ulid
from headwater.model.launch import PublishedEvent
from headwater.model.order import CodeSource
from headwater.model.ports import Commit
from headwater.model.production import Project
from headwater.store.points import Points, encode_points
from headwater.store.trees import save_tree

USERS = ("ann", "bob", "carla", "dmitri", "Zoë")
TAGS = ("baseline", "nightly", "candidate", "best so far", "data-2026-10", "émigré", "keep")
NOTES = ("", "", "", "the region was wrong", "**looks good**, see the report", "with the new features")
#: Flow -> its share of the runs, in hundredths; what remains runs `Scoring`, which fills up the tasks.
SHARES = {"Churn": 35, "Sentiment": 20, "Fraud": 15, "Tuning": 10, "Forecast": 18}
PROJECTS = {"Forecast": "retail", "Fraud": "fraud", "Tuning": "fraud_research"}
PARAMETERS: dict[str, dict[str, tuple[object, ...]]] = {
    "Churn": {"alpha": (0.1, 0.5, 0.9), "region": ("north", "south", "east")},
    "Sentiment": {"ngrams": (1, 2, 3), "language": ("en", "de")},
    "Forecast": {"weeks": (4, 8), "shops": (60,)},
    "Fraud": {"threshold": (0.8, 0.9, 0.95), "is_strict": (True, False)},
    "Tuning": {"rounds": (4, 6, 8)},
    "Scoring": {"parts": (100, 10_000)},
}
#: Steps at which runs of a flow fail.
FAILING = {
    "Churn": ("start", "payments", "train", "choose"),
    "Sentiment": ("tokenize", "evaluate"),
    "Forecast": ("fit", "collect"),
    "Fraud": ("start", "publish"),
    "Tuning": ("measure",),
    "Scoring": ("score", "gather"),
}
_DAYS = 60
_EVENTS_OF_A_COMMIT = 20_000


class Program(msgspec.Struct, frozen=True):
    """A flow with its code as it was at two times."""

    graph: Graph
    code: tuple[CodeSource, CodeSource]


class Maker:
    """Fills one home folder."""

    def __init__(self, home: Home, seed: int, until: float) -> None:
        self._home = home
        self._rng = random.Random(seed)
        self._until = until
        self._values = Values(home.artifacts, self._rng)
        self._programs = programs(home)
        self._failed: dict[str, tuple[str, list[Event], dict[str, object]]] = {}

    def make(self, runs: int, tasks: int) -> int:
        """Make the runs, oldest first; gives the number of tasks."""
        widest = min(10_000, max(1, tasks // 10))
        flows = self._flows(runs)
        made, of_others, others = 0, 0, 0
        for number, flow in enumerate(flows):
            at = self._until - _DAYS * 86400 * (1 - number / runs) + self._rng.uniform(-600, 0)
            left = [later for later in flows[number:] if later == "Scoring"]
            expected = (runs - number - len(left)) * of_others / max(1, others)
            is_widest = flow == "Scoring" and len(left) == max(1, flows.count("Scoring") // 2)
            width = widest if is_widest else int((tasks - made - expected) / max(1, len(left))) - 3
            if flow == "Scoring" and len(left) > flows.count("Scoring") // 2:
                width = int((tasks - made - expected - widest) / max(1, len(left) - 1)) - 3
            count = self._run(flow, at, 60 if flow == "Forecast" else max(2, width), is_widest=is_widest)
            made += count
            if flow != "Scoring":
                of_others, others = of_others + count, others + 1
        return made

    def publish(self, count: int) -> None:
        """Publish events, as other systems do."""
        for number in range(count):
            payload = {"rows": msgspec.Raw(str(1000 + number).encode())}
            at = self._until - (count - number) * 3600
            self._home.ledger.publish(PublishedEvent(f"load-{number}", "sales.loaded", at, payload, "warehouse"))

    def _flows(self, runs: int) -> list[str]:
        flows = [flow for flow, share in SHARES.items() for _ in range(runs * share // 100)]
        flows += ["Scoring"] * (runs - len(flows))
        self._rng.shuffle(flows)
        return flows

    def _run(self, flow: str, at: float, width: int, *, is_widest: bool) -> int:
        tale, origin = self._begin(flow, at, self._fate(flow, width, is_widest=is_widest))
        lease, started = self._home.ledger.start_run(
            Commit([tale.started], dict(self._values.small), dict(self._values.headers))
        )
        self._values.small.clear()
        self._values.headers.clear()
        if origin is not None:
            tale.take_over(origin, self._failed.pop(flow)[1])
        tale.tell()
        told = tale.events[1:]
        for begin in range(0, len(told), _EVENTS_OF_A_COMMIT):
            self._home.ledger.append(lease, Commit(told[begin : begin + _EVENTS_OF_A_COMMIT]))
        lease.release()
        path = f"{flow}/{started.label}"
        if isinstance(told[-1], RunFinished) and told[-1].end == "failed" and flow not in ("Scoring", "Forecast"):
            self._failed[flow] = (path, told, {})
        self._say_more(started, told, is_widest=is_widest)
        return tale.tasks

    def _begin(self, flow: str, at: float, fate: Fate) -> tuple[Tale, str | None]:
        rng, program = self._rng, self._programs[flow]
        user = rng.choice(USERS)
        is_resumed = flow in self._failed and rng.random() < 0.5
        origin = self._failed[flow][0] if is_resumed else None
        project = Project(PROJECTS[flow], f"user.{user}") if flow in PROJECTS else None
        started = RunStarted(
            at=at,
            run=new_ulid(at, rng.randbytes(10)),
            flow=flow,
            label=0,
            user=user,
            host=rng.choice(("laptop", "workstation")),
            pid=os.getpid(),
            graph=program.graph,
            code=program.code[at > self._until - _DAYS * 43200],
            seed=rng.randrange(2**31),
            parameters={name: self._values.plain(rng.choice(of)) for name, of in PARAMETERS[flow].items()},
            tags=tuple(sorted(rng.sample(TAGS, rng.choice((0, 0, 1, 2))))),
            system_tags=(
                f"user:{user}",
                "runtime:headwater",
                *(() if project is None else (f"project:{project.name}",)),
            ),
            namespace=f"user:{user}",
            note=rng.choice(NOTES),
            origin=origin,
            environment={"python": "3.11.2", "pandas": "2.2.3", "scikit-learn": rng.choice(("1.5.2", "1.6.0"))},
            command=("python", program.graph.file, "run"),
            project=project,
        )
        return Tale(started, fate, self._values, rng), origin

    def _fate(self, flow: str, width: int, *, is_widest: bool) -> Fate:
        rng = self._rng
        sizes = {"width": 6 if flow == "Churn" else width, "rounds": rng.choice((3, 5, 7))}
        drawn = 1.0 if is_widest else rng.random()
        if drawn < 0.12:
            return Fate(fails_at=rng.choice(FAILING[flow]), **sizes)
        if drawn < 0.15:
            return Fate(cancelled_after=3, **sizes)
        if drawn < 0.155:
            return Fate(dies_after=2, **sizes)
        return Fate(stays_at_gate=rng.random() < 0.02, **sizes)

    def _say_more(self, started: RunStarted, told: Sequence[Event], *, is_widest: bool) -> None:
        """Write logs and metric points of some tasks."""
        tasks = [event for event in told if isinstance(event, TaskStarted)]
        folder = self._home.run_folder(started.run)
        for event in tasks[: 200 if is_widest else 6] if is_widest or self._rng.random() < 0.25 else ():
            os.makedirs(folder, exist_ok=True)
            path = os.path.join(folder, f"{event.label}.{event.attempt}")
            with open(f"{path}.log", "wb") as file:
                file.writelines(log_lines(event.at, self._rng.randrange(5, 60), event.step))
            if event.step in ("train", "fit", "measure", "score"):
                with open(f"{path}.points", "wb") as file:
                    file.write(encode_points(curve(event.at, self._rng)))


def programs(home: Home) -> dict[str, Program]:
    """Load the flows from copies of their files, an older and a newer one, and keep both as trees."""
    roots = [os.path.join(home.path, "code", name) for name in ("older", "newer")]
    trees: list[Digest] = []
    for root in roots:
        shutil.copytree(BENCH / "flows" / "big", root, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    with open(os.path.join(roots[1], "rows.py"), "a") as file:
        file.write('\n\ndef count(orders):\n    """Say how many there are."""\n    return len(orders)\n')
    for root in roots:
        trees.append(save_tree(home.objects, root).digest)
    found: dict[str, Program] = {}
    for flow in PARAMETERS:
        kind, code = load_flow(os.path.join(roots[0], f"{flow.lower()}.py"))
        sources = [msgspec.structs.replace(code, root=root, tree=tree) for root, tree in zip(roots, trees, strict=True)]
        found[flow] = Program(compile_flow(kind), (sources[0], sources[1]))
    forget_modules(roots[0])
    return found


def forget_modules(root: str) -> None:
    """Let another store load its own copies: a module's name belongs to one file of a process."""
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(os.path.join(root, "")):
            del sys.modules[name]
    if root in sys.path:
        sys.path.remove(root)


def log_lines(at: float, count: int, step: str) -> Iterator[bytes]:
    """Give lines of a log, every tenth of stderr."""
    for number in range(count):
        stream = "e" if number % 10 == 9 else "o"
        text = f"{step}: epoch {number}, loss {1 / (1 + number):.5f}, {number * 512} rows read"
        yield f"{at + number * 0.01:.6f} {stream} {text}\n".encode()


def curve(at: float, rng: random.Random) -> Points:
    """Give two metrics over 200 steps."""
    steps = range(200)
    losses = [2 / (1 + step / 20) + rng.gauss(0, 0.02) for step in steps]
    accuracies = [1 - 0.5 / (1 + step / 30) + rng.gauss(0, 0.01) for step in steps]
    numbers = array("q", [0, 1] * 200)
    values = array("d", [value for pair in zip(losses, accuracies, strict=True) for value in pair])
    return Points(
        ("loss", "accuracy"),
        numbers,
        array("q", [step for step in steps for _ in (0, 1)]),
        array("d", [at + step / 10 for step in steps for _ in (0, 1)]),
        values,
    )


def make_store(
    folder: str, *, runs: int = 2000, tasks: int = 100_000, seed: int = 7, until: float | None = None
) -> int:
    """Make the store in a new folder; gives the number of its tasks.

    Args:
        folder: becomes the home folder.
        runs: how many.
        tasks: about so many in all; one run has a tenth of them, at most 10,000.
        seed: what is drawn.
        until: when the last run starts, Unix time; None = now.
    """
    home = open_home(folder, user="ann", make=True)
    maker = Maker(home, seed, time.time() if until is None else until)
    made = maker.make(runs, tasks)
    maker.publish(min(runs, 200))
    home.close()
    return made


def add_big_log(folder: str, size_bytes: int = 100_000_000) -> str:
    """Give the newest run's first task a log of that size; gives its path."""
    home = open_home(folder, user="ann")
    run = max(os.listdir(os.path.join(folder, "runs")))
    path = os.path.join(home.run_folder(run), "1.0.log")
    with open(path, "wb") as file:
        while file.tell() < size_bytes:
            file.writelines(log_lines(1_760_000_000.0 + file.tell() / 1000, 10_000, "start"))
    home.close()
    return path


def main() -> None:
    """Make it, and say what is in it."""
    parser = argparse.ArgumentParser(prog="python -m bench.big_store", description=__doc__)
    parser.add_argument("folder", help="where; must not hold a store yet")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--big-log", action="store_true", help="one task has a log of 100 MB")
    asked = parser.parse_args()
    if os.path.exists(os.path.join(asked.folder, "ledger.db")):
        parser.error(f"{asked.folder} holds a store already")
    began = time.perf_counter()
    made = make_store(asked.folder, runs=asked.runs, tasks=asked.tasks, seed=asked.seed)
    print(f"{asked.runs} runs with {made} tasks in {asked.folder}, {time.perf_counter() - began:.0f} s")
    if asked.big_log:
        print(add_big_log(asked.folder))


if __name__ == "__main__":
    main()
