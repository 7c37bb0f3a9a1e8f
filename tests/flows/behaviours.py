"""What a flow may do, whatever its shape: how it acts in each step, and what must be true of the finished run."""

import os
import random
import signal
import sys
from collections import Counter

import numpy

from headwater import current
from headwater.flow.compile import compile_flow
from headwater.model.errors import MergeConflict, MergeMissing


class Behaviour:
    """One behaviour. `options` are said of the run; with `fails` the run is one that ends in failure."""

    options: dict[str, object] = {}
    fails = False

    def act(self, flow, inputs):
        pass

    def check(self, run, shape):
        assert tasks_of(run) == shape._tasks
        assert run.successful
        assert run.finished


class Position(Behaviour):
    """Every task knows where it is, and joins get their inputs in order."""

    options = {"tags": ["weave"]}

    def act(self, flow, inputs):
        flow.seen = {
            "pathspec": current.pathspec,
            "names": (current.flow_name, current.run_id, current.step_name, current.task_id),
            "stack": flow.foreach_stack(),
            "place": (flow.index, flow.input),
            "attempt": current.retry_count,
            "user": (current.username, current.namespace),
            "tags": sorted(current.tags),
            "client": (current.run.pathspec, current.task.pathspec),
            "name": flow.name,
        }
        if current.is_parallel:
            flow.seen["gang"] = (current.parallel.node_index, current.parallel.num_nodes, current.parallel.main_ip)
        if inputs is not None:
            flow.arrived = [(each.seen["pathspec"], each.index, each.input, each.foreach_stack()) for each in inputs]

    def check(self, run, shape):
        super().check(run, shape)
        for task in all_tasks(run):
            seen = task.data.seen
            flow, number, name, label = task.pathspec.split("/")
            assert seen["pathspec"] == task.pathspec
            assert seen["names"] == (flow, number, name, label)
            assert seen["client"] == (f"{flow}/{number}", task.pathspec)
            assert seen["tags"] == ["weave"]
            assert seen["user"] == ("weaver", "user:weaver")
            assert seen["name"] == shape.__name__
            assert seen["attempt"] == 0
            assert seen["place"] == ((seen["stack"][-1][0], seen["stack"][-1][2]) if seen["stack"] else (None, None))
            if "gang" in seen:
                assert seen["gang"] == (seen["place"][0], 3, "127.0.0.1")
            if steps_of(shape)[name].is_join:
                self._check_arrivals(run, task)

    def _check_arrivals(self, run, task):
        arrived = task.data.arrived
        assert {path for path, *_ in arrived} == {parent.pathspec for parent in task.parent_tasks}
        for path, index, item, stack in arrived:
            _, _, name, label = path.split("/")
            there = run[name][label].data.seen
            assert (index, item) == there["place"]
            assert stack == there["stack"]
        indices = [stack[-1][0] for *_, stack in arrived if len(stack) > len(task.data.seen["stack"])]
        assert indices == list(range(len(indices)))


class Propagation(Behaviour):
    """Artifacts go down the lines by reference; joins begin with nothing and merge."""

    def act(self, flow, inputs):
        name = current.step_name
        if inputs is None and hasattr(flow, "root"):
            del flow.root  # deleting what was inherited does nothing
        if inputs is None and not hasattr(flow, "root"):
            flow.root = {"made in": name}
            flow.changing = []
            flow._private = 1
        elif inputs is not None:
            assert not hasattr(flow, "root")
            assert not hasattr(flow, "_private")
            own = {each for view in inputs for each in dir(view) if each.startswith(("own_", "seen_"))}
            flow.changing = sorted({step for view in inputs for step in view.changing})
            flow.merge_artifacts(inputs, include=sorted({"root", "_private", *own}))
            flow.was_join = [view.root for view in inputs]
        assert flow.root
        assert flow._private == 1
        if name not in flow.changing:
            flow.changing = [*flow.changing, name]
            setattr(flow, f"own_{name}", name)

    def check(self, run, shape):
        super().check(run, shape)
        first = run[run_start(run)].task
        for task in all_tasks(run):
            assert task["root"].sha == first["root"].sha
            assert task["_private"].data == 1
            assert "_private" not in [artifact.id for artifact in task]
        taken = run.end_task.data.changing
        assert sorted(taken) == sorted(shape._tasks)
        assert all(getattr(run.data, f"own_{name}") == name for name in taken)


class Merging(Behaviour):
    """`merge_artifacts` takes all or nothing; what differs must be settled first."""

    def act(self, flow, inputs):
        if inputs is None:
            flow.common = getattr(flow, "common", [1, 2])
            flow.differs = current.task_id
            return
        if len(list(inputs)) > 1:
            try:
                flow.merge_artifacts(inputs)
            except MergeConflict as error:
                flow.refused = error.artifact_names
            assert not hasattr(flow, "common")
        try:
            flow.merge_artifacts(inputs, include=["unheard_of"])
        except MergeMissing as error:
            flow.missing = error.artifact_names
        flow.differs = f"settled in {current.task_id}"
        others = sorted({name for view in inputs for name in dir(view)} & {"refused", "missing", "items", "count"})
        flow.merge_artifacts(inputs, exclude=[*others, "is_done", "rest", "third", "second", "unheard_of"])
        assert flow.common == [1, 2]

    def check(self, run, shape):
        super().check(run, shape)
        assert run.data.common == [1, 2]
        for task in all_tasks(run):
            if "missing" in task:
                assert task.data.missing == ["unheard_of"]
            if "refused" in task:
                assert "differs" in task.data.refused
            assert task["common"].sha == run.end_task["common"].sha


class Retrying(Behaviour):
    """Each task fails twice; only what its last attempt did is seen."""

    options = {"decospecs": ["retry:times=2,minutes_between_retries=0"]}

    def act(self, flow, inputs):
        print("attempt", current.retry_count)
        assert not hasattr(flow, f"left_in_{current.step_name}") or current.retry_count == 0
        setattr(flow, f"of_attempt_{current.retry_count}", current.task_id)
        if current.retry_count < 2:
            setattr(flow, f"left_in_{current.step_name}", True)
            raise RuntimeError(f"attempt {current.retry_count} fails")

    def check(self, run, shape):
        super().check(run, shape)
        for task in all_tasks(run):
            assert task.current_attempt == 2
            assert task.successful
            assert task.stdout == "attempt 2\n"
            assert "attempt 1 fails" not in task.stderr
            names = {artifact.id for artifact in task}
            assert "of_attempt_2" in names
            assert not {"of_attempt_0", "of_attempt_1", f"left_in_{task.pathspec.split('/')[2]}"} & names


class Killed(Behaviour):
    """Each task's first attempt is killed."""

    options = {"decospecs": ["retry:times=1,minutes_between_retries=0"]}

    def act(self, flow, inputs):
        if current.retry_count == 0:
            print("last words")
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        flow.survived = True

    def check(self, run, shape):
        super().check(run, shape)
        for task in all_tasks(run):
            assert task.current_attempt == 1
            assert task.data.survived
            assert task.stdout == ""


class Caught(Behaviour):
    """Every task that may be caught fails, and the run goes on."""

    options = {"decospecs": ["catch:var=failure", "retry:times=1,minutes_between_retries=0"]}

    def act(self, flow, inputs):
        flow.before = "kept"
        if is_catchable(flow):
            raise KeyError(f"in {current.step_name}")

    def check(self, run, shape):
        assert tasks_of(run) == shape._tasks
        steps = steps_of(shape)
        for task in all_tasks(run):
            kind = steps[task.pathspec.split("/")[2]].kind
            assert task.finished
            assert task.successful == (kind not in ("linear", "split"))
            if not task.successful:
                assert task.data.failure.type == "builtins.KeyError"
                assert task.data.before == "kept"
                assert task.current_attempt == 1
            elif kind == "end":
                assert task.data.failure is None


class Seeded(Behaviour):
    """Random numbers differ between all tasks, and are the same in every run with one seed."""

    options = {"seed": 5}

    def act(self, flow, inputs):
        flow.drawn = (random.random(), float(numpy.random.random()))

    def check(self, run, shape):
        super().check(run, shape)
        drawn = [task.data.drawn for task in all_tasks(run)]
        assert len({number for pair in drawn for number in pair}) == 2 * len(drawn)

    @staticmethod
    def drawn(run):
        return sorted(task.data.drawn for task in all_tasks(run))


class Large(Behaviour):
    """An array of two mebibytes is only read on the way, and never stored again."""

    def act(self, flow, inputs):
        if inputs is not None:
            flow.merge_artifacts(inputs, include=["array"])
        if not hasattr(flow, "array"):
            flow.array = numpy.arange(2**18, dtype="float64")
        assert flow.array.sum() == 2**17 * (2**18 - 1)

    def check(self, run, shape):
        super().check(run, shape)
        assert len({task["array"].sha for task in all_tasks(run)}) == 1


class FailsOnce(Behaviour):
    """Fails in the step that the environment names, unless the run resumes another."""

    fails = True

    def act(self, flow, inputs):
        if inputs is not None:
            flow.merge_artifacts(inputs, include=["first"])
        flow.first = getattr(flow, "first", None) or "made once"
        flow.origin = current.origin_run_id
        if current.step_name == os.environ["FAILS_IN"] and not current.origin_run_id:
            raise ValueError("fails once")


#: All behaviours by name.
BEHAVIOURS = {
    kind.__name__: kind()
    for kind in (Position, Propagation, Merging, Retrying, Killed, Caught, Seeded, Large, FailsOnce)
}


def all_tasks(run):
    return [task for step in run for task in step]


def tasks_of(run):
    return dict(Counter(task.pathspec.split("/")[2] for task in all_tasks(run)))


def run_start(run):
    return min(all_tasks(run), key=lambda task: int(task.id)).pathspec.split("/")[2]


def steps_of(shape):
    return compile_flow(shape).steps


def is_catchable(flow):
    return flow._graph.steps[current.step_name].kind in ("linear", "split")
