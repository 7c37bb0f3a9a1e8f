"""The flow object: what attributes are, what cannot be set, what `self.next` accepts."""

import pickle

import pytest
from msgspec.structs import replace

from headwater.flow.parameter import Parameter
from headwater.flow.spec import FlowSpec
from headwater.flow.step import step
from headwater.flow.transition import difference
from headwater.model.artifact import Ref
from headwater.model.errors import InvalidNext, MergeConflict, MergeMissing, UserMistake
from headwater.model.graph import Step


def ref(digest: str) -> Ref:
    return Ref(digest=digest, codec="json/1", type="int", size=1)


class MemoryScope:
    """A scope whose artifacts are values in memory; counts what is loaded."""

    index = 3
    input = "item"

    def __init__(self, read_only=(), **values):
        self.values = values
        self.read_only = set(read_only)
        self.loads = []
        self.adopted = {}

    def foreach_stack(self):
        return [(3, 5, "item")]

    def load(self, name):
        self.loads.append(name)
        return self.values[name]

    def names(self):
        return {**self.values, **self.adopted}.keys()

    def ref(self, name):
        return self.adopted.get(name) or (ref(f"of {name}") if name in self.values else None)

    def is_read_only(self, name):
        return name in self.read_only

    def adopt(self, name, ref):
        self.adopted[name] = ref

    def forget(self, name):
        self.adopted.pop(name, None)


class Flow(FlowSpec):
    alpha = Parameter("alpha-name", default=1)
    limit = [1]

    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass

    def plain(self):
        pass

    @property
    def double(self):
        return self.single * 2


@pytest.fixture
def flow():
    return Flow(use_cli=False)


def bound(flow, **values):
    scope = MemoryScope(**values)
    flow._bind(scope)
    return scope


def test_artifacts_are_loaded_once_when_they_are_first_read(flow):
    scope = bound(flow, x=[1], y=2)

    assert flow.x == [1] and flow.x is flow.x
    assert scope.loads == ["x"]
    assert flow._loaded == {"x": [1]}


def test_what_a_step_puts_in_place_counts_as_set_and_what_it_reads_does_not(flow):
    bound(flow, x=[1], y=2)
    flow.x.append(2)
    flow.y = 3
    flow.z = flow.x

    assert flow._set_names == ["y", "z"]
    assert flow._loaded["x"] == [1, 2]


def test_a_missing_attribute_is_told_with_the_nearest_name(flow):
    bound(flow, model=1)

    with pytest.raises(AttributeError, match=r"^Flow Flow has no attribute 'modle'; did you mean `model`\?$"):
        flow.modle
    with pytest.raises(AttributeError, match=r"^Flow Flow has no attribute 'zzz'$"):
        flow.zzz
    assert getattr(flow, "zzz", 5) == 5


def test_a_property_says_what_it_lacks_itself(flow):
    with pytest.raises(AttributeError, match="has no attribute 'single'"):
        flow.double


def test_parameters_and_constants_come_from_the_run_and_cannot_be_set(flow):
    bound(flow, alpha=7, limit=[2])

    assert (flow.alpha, flow.limit, Flow.limit) == (7, [2], [1])
    for name in ("alpha", "limit"):
        with pytest.raises(AttributeError, match=r"^Flow level attributes and Parameters are not modifiable$"):
            setattr(flow, name, 1)
        with pytest.raises(AttributeError, match=r"^Flow level attributes and Parameters are not modifiable$"):
            delattr(flow, name)
    assert flow._set_names == []


def test_outside_of_a_run_constants_are_the_classes_and_parameters_are_unknown(flow):
    assert flow.limit == [1]
    with pytest.raises(AttributeError, match="has no value for the parameter 'alpha-name' outside of a run"):
        flow.alpha


def test_a_constant_that_the_run_does_not_know_is_the_classes(flow):
    bound(flow, x=1)

    assert flow.limit == [1]


def test_deleting_shows_again_what_an_earlier_step_kept(flow):
    scope = bound(flow, x=1)
    flow.x = 2
    flow.y = 3
    scope.adopted["z"] = ref("z")
    del flow.x, flow.y, flow.z

    assert scope.adopted == {}
    assert flow.x == 1
    assert flow._set_names == []
    with pytest.raises(AttributeError):
        flow.y
    with pytest.raises(AttributeError):
        del flow.nothing
    with pytest.raises(AttributeError):
        del flow.start


def test_a_step_may_keep_an_artifact_called_name(flow):
    bound(flow)
    assert flow.name == "Flow"
    flow.name = "other"

    assert flow.name == "other"
    bound(flow, name="kept")
    assert flow.name == "kept"


def test_the_scope_answers_for_index_input_and_stack(flow):
    assert (flow.index, flow.input, flow.foreach_stack()) == (None, None, [])
    bound(flow)

    assert (flow.index, flow.input, flow.foreach_stack()) == (3, "item", [(3, 5, "item")])


def test_names_of_artifacts_are_listed(flow):
    bound(flow, model=1)
    flow.own = 2

    assert {"model", "own", "alpha", "start"} <= set(dir(flow))


def test_a_flow_gives_its_steps_and_its_graph(flow):
    assert [each.name for each in flow] == ["start", "end"]
    assert flow._graph is flow._graph
    assert flow.script_name == "test_spec.py"


def test_a_flow_cannot_be_stored(flow):
    with pytest.raises(UserMistake, match="Flows can't be serialized"):
        pickle.dumps({"flow": flow})


@pytest.mark.parametrize(
    ("call", "kind", "targets"),
    [
        (lambda flow: flow.next(flow.end), "linear", ("end",)),
        (lambda flow: flow.next(flow.start, flow.end), "split", ("start", "end")),
        (lambda flow: flow.next(flow.end, foreach="items"), "foreach", ("end",)),
        (lambda flow: flow.next(flow.end, num_parallel=2), "parallel", ("end",)),
        (lambda flow: flow.next({1: flow.end, 2: flow.start, 3: flow.end}, condition="x"), "switch", ("end", "start")),
    ],
)
def test_the_forms_of_next_are_kept(flow, call, kind, targets):
    call(flow)

    assert (flow._next.kind, flow._next.targets) == (kind, targets)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda flow: flow.next(), "names no step"),
        (lambda flow: flow.next("end"), "a step is named as `self.end`, without quotes"),
        (lambda flow: flow.next(flow.plain), "`self.next` goes to `plain`, which is no step"),
        (lambda flow: flow.next(None), "`self.next` takes steps, not None"),
        (lambda flow: flow.next(flow.end, flow.end), "names a step twice"),
        (lambda flow: flow.next(flow.end, forach="x"), "takes no `forach`"),
        (lambda flow: flow.next(flow.end, foreach=[1]), "is the name of an attribute, as text"),
        (lambda flow: flow.next(flow.start, flow.end, foreach="x"), "takes one step, not 2"),
        (lambda flow: flow.next(flow.start, flow.end, num_parallel=2), "takes one step, not 2"),
        (lambda flow: flow.next(flow.end, foreach="x", num_parallel=2), "takes one of"),
        (lambda flow: flow.next(flow.end, num_parallel=0), "must be a whole number of at least 1"),
        (lambda flow: flow.next(flow.end, num_parallel=1.5), "must be a whole number of at least 1"),
        (lambda flow: flow.next(flow.end, num_parallel=True), "must be a whole number of at least 1"),
        (lambda flow: flow.next(flow.end, condition="x"), "needs a dictionary of cases"),
        (lambda flow: flow.next({1: flow.end}), "needs `condition`"),
        (lambda flow: flow.next({1: flow.end}, foreach="x"), "needs `condition`"),
        (lambda flow: flow.next({}, condition="x"), "has no cases"),
        (lambda flow: flow.next({1: flow.plain}, condition="x"), "which is no step"),
    ],
)
def test_wrong_calls_of_next_are_refused_and_leave_nothing(flow, call, message):
    with pytest.raises(InvalidNext, match=message):
        call(flow)
    assert flow._next is None


def test_next_is_called_once(flow):
    flow.next(flow.end)

    with pytest.raises(InvalidNext, match="called twice"):
        flow.next(flow.end)


def test_a_switch_compares_as_a_dictionary_does(flow):
    flow.next({1: flow.end, "b": flow.start}, condition="x")
    chosen = flow._next.chosen

    assert (chosen(1.0, "F", "s"), chosen(True, "F", "s"), chosen("b", "F", "s")) == ("end", "end", "start")
    for value in (2, [1], None, {}):
        with pytest.raises(InvalidNext, match=r"which is none of the cases\n\nhint: the cases are: 1, 'b'"):
            chosen(value, "F", "s")


class Equal:
    """Equal to everything, and without a hash."""

    __hash__ = None

    def __eq__(self, other):
        return True


def test_a_value_without_a_hash_is_no_case(flow):
    flow.next({1: flow.end, 2: flow.start}, condition="x")

    with pytest.raises(InvalidNext, match="none of the cases"):
        flow._next.chosen(Equal(), "F", "s")


def test_a_call_that_differs_from_the_source_is_described(flow):
    flow.next({1: flow.end, 2: flow.start}, condition="x")
    said = Step("s", "switch", "f.py", 1, targets=("end", "start"), attribute="x", cases=(("1", "end"), ("2", "start")))

    assert difference(flow._next, said) is None
    for changed in (
        replace(said, cases=(("1", "end"), ("3", "start"))),
        replace(said, attribute="y"),
        replace(said, targets=("end",)),
        replace(said, kind="split"),
    ):
        assert difference(flow._next, changed).startswith("step `s` went on with switch to `end`, `start`")


class Input:
    def __init__(self, **digests):
        self.digests = digests

    def _artifact_refs(self):
        return {name: ref(digest) for name, digest in self.digests.items()}


def test_merging_takes_over_what_the_inputs_agree_on(flow):
    scope = bound(flow)
    flow.own = 1
    flow.merge_artifacts([Input(a="1", own="2", only="x"), Input(a="1", own="3")])

    assert {name: each.digest for name, each in scope.adopted.items()} == {"a": "1", "only": "x"}


def test_merging_is_all_or_nothing_and_names_each_conflict_once(flow):
    scope = bound(flow)

    with pytest.raises(MergeConflict) as caught:
        flow.merge_artifacts([Input(z="1", b="1", a="1", c="1"), Input(z="2", b="2", a="1"), Input(b="3", z="3")])

    assert caught.value.artifact_names == ["b", "z"]
    assert scope.adopted == {}


def test_merging_leaves_out_or_takes_only_what_is_named(flow):
    inputs = [Input(a="1", b="1"), Input(a="2", b="1", c="5")]
    scope = bound(flow)
    flow.merge_artifacts(inputs, exclude=["a", "unknown"])
    assert sorted(scope.adopted) == ["b", "c"]

    scope = bound(flow)
    flow.merge_artifacts(inputs, include=["c"])
    assert sorted(scope.adopted) == ["c"]


def test_merging_what_no_input_has_is_refused_unless_it_is_set(flow):
    scope = bound(flow)
    with pytest.raises(MergeMissing) as caught:
        flow.merge_artifacts([Input(a="1"), Input(a="1")], include=["a", "x", "y"])
    assert (caught.value.artifact_names, scope.adopted) == (["x", "y"], {})

    flow.x = flow.y = 1
    flow.merge_artifacts([Input(a="1"), Input(a="1")], include=["a", "x", "y"])
    assert sorted(scope.adopted) == ["a"]


def test_merging_never_takes_parameters_and_never_what_was_merged_before(flow):
    scope = bound(flow, read_only=["alpha"], alpha=1)
    flow.merge_artifacts([Input(a="1", alpha="9"), Input(a="1", alpha="8")])
    flow.merge_artifacts([Input(a="1"), Input(a="2")])

    assert sorted(scope.adopted) == ["a"]


def test_merging_is_for_joins_and_takes_one_of_include_and_exclude(flow):
    with pytest.raises(UserMistake, match="works in a join only"):
        flow.merge_artifacts([Input(a="1")])
    bound(flow)
    with pytest.raises(UserMistake, match="works in a join only"):
        flow.merge_artifacts([1, 2])
    with pytest.raises(UserMistake, match="`include` or `exclude`, not both"):
        flow.merge_artifacts([Input(a="1")], include=["a"], exclude=["b"])
