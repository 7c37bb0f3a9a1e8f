import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy
import pandas

from headwater.flow.spec import FlowSpec
from headwater.flow.step import step
from headwater.model.ports import Buffer
from headwater.store.artifacts import ArtifactStore
from headwater.store.place_disk import DiskPlace
from headwater.store.place_memory import MemoryPlace
from tests.task.attempt_parts import Runner

HERE = str(Path(__file__).parent)


class ReadFlow(FlowSpec):
    @step
    def start(self):
        self.array = numpy.random.default_rng(1).random(400_000)
        self.frame = pandas.DataFrame({"a": self.array})
        self.rows = list(range(100_000))
        self.kept = {"inner": self.array[:1000]}
        self.next(self.reads)

    @step
    def reads(self):
        self.total = float(self.array.sum() + self.frame["a"].sum() + sum(self.rows) + self.kept["inner"].sum())
        self.next(self.changes)

    @step
    def changes(self):
        self.array[0] = 5
        self.frame.loc[0, "a"] = 5
        self.next(self.replaces)

    @step
    def replaces(self):
        self.array = self.array
        self.rows = self.rows[:]
        self.next(self.end)

    @step
    def end(self):
        pass


class NotingPlace(MemoryPlace):
    """Counts what is written."""

    written = 0

    def put_many(self, items: Iterable[tuple[str, Sequence[Buffer]]]) -> None:
        for key, parts in items:
            self.written += sum(memoryview(part).nbytes for part in parts)
            super().put_many([(key, parts)])


def test_what_was_only_read_is_neither_written_nor_reported(tmp_path: Path) -> None:
    runner = Runner(ReadFlow, HERE)
    runner.workspace.artifacts = ArtifactStore(DiskPlace(str(tmp_path)))
    start = runner.run("start")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    outcome = runner.run("reads", start)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    assert outcome.error is None
    assert set(outcome.artifacts) == {"total"}
    assert set(outcome.reads) == {"array", "frame", "rows", "kept"}
    assert after == before


def test_what_was_changed_in_place_is_written() -> None:
    runner = Runner(ReadFlow, HERE)
    start = runner.run("start")
    outcome = runner.run("changes", start)

    assert set(outcome.artifacts) == {"array", "frame"}
    array = runner.value(outcome, "array")
    assert isinstance(array, numpy.ndarray)
    assert array[0] == 5


def test_equal_values_that_are_set_again_are_reported_and_not_written_again() -> None:
    runner = Runner(ReadFlow, HERE)
    place = NotingPlace()
    runner.workspace.artifacts = ArtifactStore(place)
    start = runner.run("start")
    place.written = 0
    outcome = runner.run("replaces", start)

    assert outcome.artifacts["rows"] == start.artifacts["rows"]
    assert place.written == 0


class ManySmallFlow(FlowSpec):
    @step
    def start(self):
        for number in range(60):
            setattr(self, f"text{number}", random.randbytes(1500).hex())
        self.items = [random.randbytes(150).hex() for _ in range(10)]
        self.next(self.each, foreach="items")

    @step
    def each(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


def test_only_so_much_rides_in_the_outcome_and_the_rest_goes_to_the_store() -> None:
    runner = Runner(ManySmallFlow, HERE)
    outcome = runner.run("start")
    riding = sum(map(len, outcome.small.values()))
    small = {name for name, ref in outcome.artifacts.items() if ref.is_small}

    assert outcome.transition is not None
    assert outcome.transition.items is not None
    assert outcome.transition.items.is_small
    assert riding <= 65536
    assert 0 < len(small) < len(outcome.artifacts) == 61
    assert {outcome.artifacts[name].digest for name in small} == set(outcome.small)
    for name in outcome.artifacts:
        assert runner.value(outcome, name) is not None


class MergeFlow(FlowSpec):
    @step
    def start(self):
        self.rows = list(range(5000))
        self.next(self.left, self.right)

    @step
    def left(self):
        self.next(self.join)

    @step
    def right(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.merge_artifacts(inputs)
        if len(inputs) == 1:
            self.rows.append(1)
        self.next(self.end)

    @step
    def end(self):
        pass


def test_what_was_merged_is_taken_over_by_reference() -> None:
    runner = Runner(MergeFlow, HERE)
    start = runner.run("start")
    join = runner.run("join", start, start)

    assert join.artifacts == start.artifacts
    assert join.reads == {}


def test_what_was_merged_and_then_changed_in_place_is_saved_as_it_is_then() -> None:
    runner = Runner(MergeFlow, HERE)
    start = runner.run("start")
    join = runner.run("join", start)

    assert runner.value(join, "rows") == [*range(5000), 1]
