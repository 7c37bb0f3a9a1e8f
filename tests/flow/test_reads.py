"""Artifacts that are read must have been set on the way."""

import pytest

from tests.flow.flow_files import FlowFiles

BODY = """
class F(FlowSpec):
    rate = Parameter("rate", default=0.5)
    limit = 3

    @step
    def start(self):
        self.data = [1]
        self.next(self.train)

    @step
    def train(self):
{train}
        self.next(self.end)

    @step
    def end(self):
        {end}

    def helper(self):
        self.made = self.data
        return self.other

    @property
    def double(self):
        return self.data * 2
"""


def linear(train: str, end: str = "pass") -> str:
    lines = "\n".join("        " + line for line in train.splitlines())
    return BODY.format(train=lines, end=end)


@pytest.mark.parametrize(
    "train",
    [
        "self.model = self.data",
        "print(self.rate, self.limit, self.name, self.index, self.input)",
        "self.x = 1\nprint(self.x)",
        "self.x, (self.y, *self.z) = 1, (2, 3)\nprint(self.x, self.y, self.z)",
        "self.x: int = 1\nprint(self.x)",
        "for self.x in range(3):\n    pass\nprint(self.x)",
        "with open('/dev/null') as self.x:\n    print(self.x)",
        "setattr(self, 'x', 1)\nprint(self.x)",
        "for i in range(2):\n    if i:\n        print(self.x)\n    self.x = i",
        "if hasattr(self, 'x'):\n    print(self.x)",
        "print(getattr(self, 'x', None))",
        "try:\n    print(self.x)\nexcept AttributeError:\n    pass",
        "try:\n    print(self.x)\nexcept (KeyError, Exception):\n    pass",
        "from contextlib import suppress\nwith suppress(AttributeError):\n    print(self.x)",
        "print(self.double)",
        "if self.data:\n    self.x = 1\nelse:\n    self.x = 2\nprint(self.x)",
        "def inner(self):\n    return self.x\nprint(inner)",
        "self.__private = 1\nprint(self.__private, self._F__private)",
        "print(self.__class__, self.__doc__)",
    ],
)
def test_what_is_set_before_or_asked_for_with_care_is_no_mistake(flows: FlowFiles, train: str) -> None:
    assert flows.check(linear(train))[1] == []


@pytest.mark.parametrize(
    "train",
    [
        "print(self.x)",
        "self.x += 1",
        "self.x.append(1)",
        "self.x[0] = 1",
        "print(self.x)\nself.x = 1",
        "print(getattr(self, 'x'))",
        "with open(self.x):\n    pass",
        "for i in [1, 2]:\n    print(self.x)",
        "try:\n    pass\nfinally:\n    print(self.x)",
        "while self.x:\n    pass",
        "print([i for i in self.x])",
        "print(f'{self.x}')",
        "print(self.x if self.data else 1) if self.x else None",
        "assert self.x",
    ],
)
def test_an_artifact_that_no_step_sets_is_an_error_when_it_is_surely_read(flows: FlowFiles, train: str) -> None:
    assert flows.errors(linear(train)) == ["step `train` reads `self.x`, which no step before it sets"]


@pytest.mark.parametrize(
    "train",
    [
        "if self.data:\n    print(self.x)",
        "for i in self.data:\n    print(self.x)",
        "print(self.data and self.x)",
        "print(self.x if self.data else 1)",
        "print(lambda: self.x)",
        "print([self.x for i in self.data])",
        "try:\n    pass\nexcept ValueError:\n    print(self.x)",
        "match self.data:\n    case 1:\n        print(self.x)",
        "def inner():\n    return self.x",
    ],
)
def test_it_is_a_warning_when_the_reading_may_be_skipped(flows: FlowFiles, train: str) -> None:
    assert flows.warnings(linear(train)) == ["step `train` reads `self.x`, which no step before it sets"]


def test_file_line_and_the_nearest_name_are_told(flows: FlowFiles) -> None:
    _, [mistake] = flows.check(linear("print(self.dat)"))

    assert mistake.file.startswith("written_flow_")
    assert mistake.line == 14
    assert mistake.hint == "did you mean `data`?"


def test_an_artifact_set_only_later_is_an_error_that_says_where(flows: FlowFiles) -> None:
    _, [mistake] = flows.check(linear("print(self.late)", end="self.late = 1"))

    assert mistake.is_error
    assert mistake.hint == "it is set in `end`, which does not come before"


def test_methods_that_a_step_calls_read_and_set_for_it(flows: FlowFiles) -> None:
    assert flows.errors(linear("self.helper()", end="print(self.made)")) == [
        "step `train` reads `self.other`, which no step before it sets"
    ]
    assert flows.check(linear("self.other = 1\nself.helper()", end="print(self.made)"))[1] == []


@pytest.mark.parametrize(
    "opening",
    ["setattr(self, str(1), 2)", "self.__dict__.update(x=1)", "vars(self)['x'] = 1", "fill(self)", "me = self"],
)
def test_what_may_be_set_without_its_name_is_only_a_warning(flows: FlowFiles, opening: str) -> None:
    assert flows.warnings(linear(opening, end="print(self.x)")) == [
        "step `end` reads `self.x`, which no step before it sets by that name"
    ]


@pytest.mark.parametrize("harmless", ["print(self)", "isinstance(self, str)", "type(self)", "super().__repr__()"])
def test_what_cannot_set_anything_leaves_no_doubt(flows: FlowFiles, harmless: str) -> None:
    assert flows.errors(linear(harmless, end="print(self.x)")) == [
        "step `end` reads `self.x`, which no step before it sets"
    ]


SWITCH = """
class F(FlowSpec):
    @step
    def start(self):
        self.way = "a"
        self.next({{"a": self.a, "b": self.b}}, condition="way")

    @step
    def a(self):
        self.x = 1
        self.next(self.meet)

    @step
    def b(self):
        {b}
        self.next(self.meet)

    @step
    def meet(self):
        print(self.x)
        self.next(self.end)

    @step
    def end(self):
        pass
"""


def test_what_only_one_case_of_a_switch_sets_is_a_warning(flows: FlowFiles) -> None:
    assert flows.warnings(SWITCH.format(b="pass")) == [
        "step `meet` reads `self.x`, which is set on some ways to it only: in `a`"
    ]
    assert flows.warnings(SWITCH.format(b="self.x = 2")) == []


LOOP = """
class F(FlowSpec):
    @step
    def start(self):
        {start}
        self.next(self.turn)

    @step
    def turn(self):
        {turn}
        self.again = False
        self.next({{True: self.turn, False: self.end}}, condition="again")

    @step
    def end(self):
        pass
"""


def test_the_first_pass_of_a_loop_has_only_what_came_before(flows: FlowFiles) -> None:
    assert flows.warnings(LOOP.format(start="pass", turn="print(self.count)\n        self.count = 1")) == [
        "step `turn` reads `self.count`, which is set on some ways to it only: in `turn`"
    ]
    assert flows.warnings(LOOP.format(start="self.count = 0", turn="self.count += 1")) == []


JOIN = """
class F(FlowSpec):
    rate = Parameter("rate", default=1)

    @step
    def start(self):
        self.data = 1
        self.next(self.a, self.b)

    @step
    def a(self):
        self.x = 1
        self.score = 1
        self.next(self.join)

    @step
    def b(self):
        self.score = 1
        self.next(self.join)

    @step
    def join(self, inputs):
{join}
        self.next(self.end)

    @step
    def end(self):
        pass
"""


def joined(text: str) -> str:
    return JOIN.format(join="\n".join("        " + line for line in text.splitlines()))


@pytest.mark.parametrize(
    "text",
    [
        "print(self.rate)",
        "print(inputs.a.x, inputs.a.data, inputs.b.score, inputs[0].score)",
        "print([i.score for i in inputs])",
        "for i in inputs:\n    print(i.score, i.data, i.rate, i.index)",
        "for n, i in enumerate(inputs):\n    print(i.score)",
        "print(max(inputs, key=lambda i: i.score).anything)",
        "self.merge_artifacts(inputs)\nprint(self.data, self.x)",
        "self.merge_artifacts(inputs, include=['x'])\nprint(self.x)",
        "print([i.x for i in inputs if hasattr(i, 'x')])",
        "print([getattr(i, 'x', 0) for i in inputs])",
        "self.x = inputs.a.x\nprint(self.x)",
    ],
)
def test_a_join_reads_what_its_inputs_have(flows: FlowFiles, text: str) -> None:
    assert flows.check(joined(text))[1] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("print(self.data)", "step `join` reads `self.data`, but a join starts without the artifacts of its inputs"),
        (
            "print(self.data)\nself.merge_artifacts(inputs)",
            "step `join` reads `self.data`, but a join starts without the artifacts of its inputs",
        ),
        (
            "self.merge_artifacts(inputs, exclude=['x'])\nprint(self.x)",
            "step `join` reads `self.x`, which no step before it sets",
        ),
        (
            "self.merge_artifacts(inputs, include=['data'])\nprint(self.x)",
            "step `join` reads `self.x`, which no step before it sets",
        ),
        ("print(inputs.b.x)", "join `join` reads `x` from `inputs.b`, but no input of that kind has it"),
        ("print(inputs.c.x)", "join `join` reads `inputs.c`, but `c` does not lead to it"),
        ("print([i.y for i in inputs])", "join `join` reads `y` from `inputs`, but no input of that kind has it"),
        ("print(inputs[1].y)", "join `join` reads `y` from `inputs`, but no input of that kind has it"),
    ],
)
def test_a_join_cannot_read_what_its_inputs_lack(flows: FlowFiles, text: str, message: str) -> None:
    assert flows.errors(joined(text)) == [message]


def test_what_some_inputs_lack_is_a_warning(flows: FlowFiles) -> None:
    assert flows.warnings(joined("print([i.x for i in inputs])")) == [
        "join `join` reads `x` from `inputs`, but not every input of that kind has it"
    ]


def test_a_catch_sets_its_variable(flows: FlowFiles) -> None:
    text = linear("self.model = 1", end="print(self.failure, self.model)").replace(
        "    @step\n    def train", '    @catch(var="failure")\n    @step\n    def train'
    )

    assert flows.check(text)[1] == []


def test_a_program_may_set_anything(flows: FlowFiles) -> None:
    text = linear("", end="print(self.score)").replace(
        "    @step\n    def train", '    @executable("./score.sh")\n    @step\n    def train'
    )

    assert flows.warnings(text) == ["step `end` reads `self.score`, which no step before it sets by that name"]


def test_the_graph_lists_what_each_step_reads_and_sets(flows: FlowFiles) -> None:
    graph, _ = flows.check(linear("self.model = self.data * self.rate"))

    assert graph is not None
    assert graph.steps["train"].reads == ("data", "rate")
    assert graph.steps["train"].writes == ("model",)


def test_the_names_that_no_step_sets_are_reported_even_when_the_order_is_unknown(flows: FlowFiles) -> None:
    messages = flows.errors(linear("print(self.x)").replace("self.next(self.train)", "self.next(self.zzzzzz)"))

    assert "step `train` reads `self.x`, which no step before it sets" in messages
    assert any("zzzzzz" in message for message in messages)
