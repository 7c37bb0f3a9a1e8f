"""Every mistake of a flow is found before anything runs, all at once, with its line and what to do."""

import pytest

from headwater.flow.compile import compile_flow
from headwater.model.errors import FlowMistakes
from tests.flow.flow_files import FlowFiles

FRAME = """
class F(FlowSpec):
    @step
    def start(self):
        self.items, self.way, self.n = [1], "a", 2
        {start}

    {decorators}
    @step
    def a{arguments}:
        {a}

    @step
    def b(self):
        self.next(self.end)

    def plain(self):
        pass

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass
"""


def framed(start: str = "self.next(self.a)", a: str = "self.next(self.end)", arguments: str = "(self)", *,
           decorators: str = "") -> str:  # fmt: skip
    """A flow in which only what is given may be wrong; steps that it leaves out are taken away."""
    text = FRAME.format(start=start, a=a, arguments=arguments, decorators=decorators)
    for name, head in (("b", "    @step\n    def b"), ("join", "    @step\n    def join")):
        if f"self.{name}" not in start + a:
            first = text.index(head)
            text = text[:first] + text[text.index("    ", text.index("self.next", first) + 10) :].lstrip("\n")
    return text


def test_a_right_flow_has_no_mistakes(flows: FlowFiles) -> None:
    graph, mistakes = flows.check(framed())

    assert mistakes == []
    assert graph is not None
    assert list(graph.steps) == ["start", "a", "end"]


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("self.next(self.c)", "step `start` goes to `c`, which is no step of F"),
        ("self.next(self.plain)", "step `start` goes to `plain`, which is no step of F, but a plain method"),
        ("self.next('a')", "step `start`: `self.next` takes steps, not the text 'a'"),
        ("self.next(self.a())", "step `start`: `self.next` takes steps, not the result of calling one: `self.a()`"),
        ("self.next(a)", "step `start`: `self.next` takes steps written as `self.name`, not `a`"),
        ("self.next()", "step `start`: `self.next()` names no step"),
        ("self.next(self.a, self.a)", "step `start`: `self.next` names `a` twice"),
        ("self.next(self.a, forach='items')", "step `start`: `self.next` takes no `forach`"),
        ("self.next(**{})", "step `start`: `self.next(**...)` cannot be read before the flow runs"),
        (
            "self.next(self.a, foreach=items)",
            "step `start`: `foreach` must be the name of an attribute, as text, not `items`",
        ),
        (
            "self.next(self.a, self.b, foreach='items')",
            "step `start`: `self.next(..., foreach=...)` takes one step, not 2",
        ),
        (
            "self.next(self.a, foreach='items', num_parallel=2)",
            "step `start`: `self.next` takes one of `foreach`, `num_parallel`, not both",
        ),
        (
            "self.next({'a': self.a})",
            "step `start`: `self.next` with a dictionary of cases needs `condition`, the name of an attribute",
        ),
        (
            "self.next(self.a, condition='way')",
            "step `start`: `self.next(..., condition=...)` needs one dictionary of cases, written in the call",
        ),
        ("self.next({}, condition='way')", "step `start`: `self.next({}, condition=...)` has no cases"),
        (
            "self.next({'a': self.a, self.n: self.b}, condition='way')",
            "step `start`: the case `self.n` of a switch is no text, number, True or False written in the call",
        ),
        (
            "self.next({'a': self.a, **{}}, condition='way')",
            "step `start`: the case `**...` of a switch is no text, number, True or False written in the call",
        ),
        (
            "self.next({'a': self.a}, condition=self.way)",
            "step `start`: `condition` must be the name of an attribute, as text, not `self.way`",
        ),
        ("self.next(self.a, num_parallel=2)", "step `start` starts `a` with num_parallel, but `a` has no @parallel"),
        ("pass", "step `start` does not say where to go next"),
        ("self.next(self.a); print(1)", "`self.next` is not the last statement of step `start`"),
        (
            "if self.n: self.next(self.a)\n        else: self.next(self.end)",
            "step `start` calls `self.next` in more than one place (lines 7, 8)",
        ),
        ("if self.n: self.next(self.a)", "`self.next` is not the last statement of step `start`"),
    ],
)
def test_a_wrong_next_is_told(flows: FlowFiles, start: str, message: str) -> None:
    assert message in flows.errors(framed(start))


@pytest.mark.parametrize(
    "start",
    [
        "self.next({'a': self.a, 'b': self.b}, condition='way')",
        "self.next({1: self.a, -2.5: self.b, True: self.a, None: self.b}, condition='way')",
        "self.next(self.a, self.b, self.join)",
    ],
)
def test_the_other_forms_of_next_are_read(flows: FlowFiles, start: str) -> None:
    a = "self.next(self.join)" if "join" in start else "self.next(self.end)"
    text = framed(start, a)
    text = (
        text.replace("def b(self):\n        self.next(self.end)", "def b(self):\n        self.next(self.join)")
        if "join" in start
        else text
    )

    assert flows.errors(text) == []


def test_cases_that_are_the_same_key_count_once(flows: FlowFiles) -> None:
    graph, _ = flows.check(framed("self.next({1: self.a, True: self.b, 'c': self.a}, condition='way')"))

    assert graph is not None
    assert graph.steps["start"].cases == (("1", "b"), ("'c'", "a"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("()", "step `a` cannot be called with what it takes"),
        ("(self, inputs, more)", "step `a` cannot be called with what it takes"),
        ("(self, *inputs)", "step `a` cannot be called with what it takes"),
        ("(self, inputs)", "step `a` takes `inputs`, but nothing runs side by side before it"),
    ],
)
def test_wrong_arguments_of_a_step_are_told(flows: FlowFiles, arguments: str, message: str) -> None:
    assert message in flows.errors(framed(arguments=arguments))


def test_a_step_that_would_never_run_is_told(flows: FlowFiles) -> None:
    assert "step `a` has a `yield`: its body would never run" in flows.errors(
        framed(a="yield 1\n        self.next(self.end)")
    )
    asynchronous = framed().replace("    def a(self)", "    async def a(self)")
    assert "step `a` is `async`, and nothing would await it" in flows.errors(asynchronous)


@pytest.mark.parametrize("name", ["next", "index", "input", "name", "cmd", "merge_artifacts"])
def test_reserved_names_of_steps_are_refused(flows: FlowFiles, name: str) -> None:
    text = framed().replace("def a(self)", f"def {name}(self)").replace("self.next(self.a)", f"self.next(self.{name})")

    assert f"no step can be called `{name}`: every flow has that attribute" in flows.errors(text)


def test_names_of_steps_are_lower_case(flows: FlowFiles) -> None:
    text = framed().replace("def a(self)", "def Train(self)").replace("self.next(self.a)", "self.next(self.Train)")

    assert flows.errors(text) == ["`Train` cannot be the name of a step"]


@pytest.mark.parametrize(
    ("decorators", "message"),
    [
        ("@retry(times=-1)", "`@retry(times=-1)`: times must be a whole number of at least 0"),
        ("@retry(3)", "`@retry` takes its arguments by name, not 3"),
        ("@retry(tims=3)", "`@retry` takes no `tims`"),
        ("@retry\n    @retry", "`@retry` stands twice on `a`"),
        ("@timeout", "`@timeout` without a time"),
        ("@timeout(minutes='x')", "`@timeout(minutes='x')`: minutes must be a number of at least 0"),
        ("@catch(var=5)", "`@catch(var=5)`: var must be the name of an artifact"),
        ("@resources(gpu=1.5)", "`@resources(gpu=1.5)`: gpu must be a whole number of at least 0"),
        ("@resources(enforce=True)", "`@resources(enforce=True)` has no memory to enforce"),
        ("@environment(vars=['A'])", "`@environment(vars=['A'])`: vars must be a dictionary"),
        ("@environment(vars={'A=B': 'c'})", "`@environment`: 'A=B': 'c' is not an environment variable and its text"),
        ("@executable('')", "`@executable('')`: the command must be text or a list of texts"),
        ("@parallel", "step `a` has @parallel, but `start` goes to it without num_parallel"),
        ("@step(first=True)", "`@step` takes no `first`"),
    ],
)
def test_wrong_arguments_of_decorators_are_told(flows: FlowFiles, decorators: str, message: str) -> None:
    assert message in flows.errors(framed(decorators=decorators))


@pytest.mark.parametrize(
    "start",
    [
        "self.next(self.a, foreach='items')",
        "self.next({'a': self.a, 'b': self.b}, condition='way')",
    ],
)
def test_catch_cannot_stand_where_only_the_step_knows_the_way(flows: FlowFiles, start: str) -> None:
    a = "self.next(self.join)" if "foreach" in start else "self.next(self.end)"
    text = framed(start, a).replace("    @step\n    def start", "    @catch\n    @step\n    def start")

    assert any("`@catch` on step `start` cannot work" in message for message in flows.errors(text))


def test_a_gang_goes_straight_to_a_join(flows: FlowFiles) -> None:
    right = framed("self.next(self.a, num_parallel=self.n)", "self.next(self.join)", decorators="@parallel")
    wrong = framed("self.next(self.a, num_parallel=2)", "self.next(self.b)", decorators="@parallel")

    assert flows.errors(right) == []
    assert "step `a` has @parallel, and must go straight to one join" in flows.errors(wrong)


def test_decorators_on_what_is_no_step_are_told(flows: FlowFiles) -> None:
    text = framed().replace("    def plain", "    @retry\n    def plain")

    assert flows.errors(text) == ["`plain` has @retry, but is no step"]


def test_the_end_goes_nowhere(flows: FlowFiles) -> None:
    text = framed().replace("def end(self):\n        pass", "def end(self):\n        self.next(self.a)")

    assert "step `end` is the end of the flow, and cannot go on" in flows.errors(text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("def end(", "def finish(", "no step of F says where the flow ends"),
        ("def start(", "def begin(", "no step of F says where the flow begins"),
        (
            "@step\n    def a(",
            "@step(start=True)\n    def a(",
            "step `a` has @step(start=True), while another step is called `start`",
        ),
    ],
)
def test_a_flow_says_where_it_begins_and_ends(flows: FlowFiles, old: str, new: str, message: str) -> None:
    assert message in flows.errors(framed().replace(old, new))


def test_two_marked_ends_are_refused(flows: FlowFiles) -> None:
    text = framed().replace("@step", "@step(end=True)")

    assert "more than one step has @step(end=True): `start`, `a`, `end`" in flows.errors(text)


def test_ends_may_be_marked_or_be_the_only_step(flows: FlowFiles) -> None:
    marked = """
    class F(FlowSpec):
        @step(start=True)
        def first(self):
            self.next(self.last)

        @step(end=True)
        def last(self):
            pass
    """
    graph, _ = flows.check(marked)
    single, _ = flows.check("class F(FlowSpec):\n    @step\n    def only(self):\n        self.x = 1\n")

    assert graph is not None and (graph.start, graph.end) == ("first", "last")
    assert single is not None and (single.start, single.end) == ("only", "only")
    assert single.steps["only"].kind == "end"


def test_a_flow_without_steps_is_told(flows: FlowFiles) -> None:
    assert flows.errors("class F(FlowSpec):\n    def start(self):\n        pass\n") == ["F has no steps"]


def test_a_step_that_nothing_leads_to_is_told_at_its_line(flows: FlowFiles) -> None:
    text = framed() + "\n    @step\n    def lost(self):\n        self.next(self.end)\n"
    _, [mistake] = flows.check(text)

    assert mistake.message == "step `lost` is never reached from `start`"
    assert (flows.folder / mistake.file).read_text().splitlines()[mistake.line - 1].strip() == "def lost(self):"


def test_an_overridden_step_that_is_none_any_more_is_told(flows: FlowFiles) -> None:
    text = framed() + "\nclass G(F):\n    def a(self):\n        pass\n"
    _, mistakes = flows.check(text)

    assert mistakes[0].message == "step `start` goes to `a`, which is no step of G, but a plain method"
    assert mistakes[0].hint == "put @step above `def a`; it stands in for the step of F"


def test_all_mistakes_are_reported_at_once_in_the_order_of_their_lines(flows: FlowFiles) -> None:
    flow = flows.load(
        """
        class F(FlowSpec):
            rate = Parameter("rate", default="x", type=float)

            @retry(tims=3)
            @step
            def start(self):
                print(self.missing)
                self.next(self.trian)

            @step
            def train(self):
                self.next(self.end)

            @step
            def end(self):
                pass

            @step
            def lost(self):
                self.next(self.end)
        """
    )
    with pytest.raises(FlowMistakes) as caught:
        compile_flow(flow)

    assert [mistake.line for mistake in caught.value.mistakes] == [4, 6, 9, 10, 21]
    assert "F has 5 mistakes" in str(caught.value)
    assert "did you mean `train`?" in str(caught.value)


def test_decorators_without_a_back_end_are_accepted_with_a_warning(flows: FlowFiles) -> None:
    text = "@project(name='x')\n@schedule(daily=True)\n" + framed(
        decorators="@kubernetes(cpu=2, memory=100, image='x')\n    @resources(cpu=1, memory=500)"
    ).lstrip("\n")
    graph, mistakes = flows.check(text)

    assert graph is not None
    assert sorted(mistake.message for mistake in mistakes) == [
        "`@kubernetes` of step `a` is ignored: its back end is not here",
    ]
    asked = graph.steps["a"].options.resources
    assert asked is not None and (asked.cpu, asked.memory) == (2, 500)


def test_a_flow_typed_at_a_prompt_is_told() -> None:
    namespace: dict = {"__name__": "__main__"}
    exec(compile("from headwater import *\n" + framed(), "<stdin>", "exec"), namespace)

    with pytest.raises(FlowMistakes, match="the source of step `start` of F cannot be read"):
        compile_flow(namespace["F"])
