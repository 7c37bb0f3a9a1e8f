"""Graphs for people."""

from headwater.flow.show import dot_text, mermaid_text, show_text
from tests.flow.flow_files import FlowFiles

TEXT = '''
class F(FlowSpec):
    """Does things."""

    rate = Parameter("rate", default=0.5, help="how fast")

    @step
    def start(self):
        """Begins."""
        self.items = [1]
        self.next(self.body, foreach="items")

    @retry(times=2)
    @step
    def body(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.way = "x"
        self.next({"again": self.join2, 'say "x"': self.end}, condition="way")

    @step
    def join2(self):
        self.next(self.decide)

    @step
    def decide(self):
        self.next({True: self.join2, False: self.end}, condition="rate")

    @step
    def end(self):
        pass
'''


def test_text_shows_steps_in_running_order_inner_ones_indented(flows: FlowFiles) -> None:
    graph, mistakes = flows.check(TEXT)
    assert graph is not None, mistakes
    file = graph.file

    assert show_text(graph) == "\n".join(
        [
            f"F ({file})",
            "  Does things.",
            "",
            "parameters",
            "  --rate  float  default 0.5  how fast",
            "",
            f"start  {file}:9",
            "    Begins.",
            "  -> body for each of self.items, joined in join",
            "",
            f"  body  {file}:16 @retry(2)",
            "    -> join",
            "",
            f"join(inputs)  {file}:20",
            "  -> join2 if self.way is 'again'",
            "  -> end if self.way is 'say \"x\"'",
            "",
            f"join2  {file}:25",
            "  -> decide",
            "",
            f"decide  {file}:29",
            "  -> join2 if self.rate is True (back)",
            "  -> end if self.rate is False",
            "",
            f"end  {file}:33",
            "  the end",
        ]
    )


def test_diagrams_have_every_edge_once_with_quotes_escaped(flows: FlowFiles) -> None:
    graph, _ = flows.check(TEXT)
    assert graph is not None

    mermaid = mermaid_text(graph).splitlines()
    assert mermaid[0] == "flowchart TD"
    assert '    n_start -->|"each of items"| n_body' in mermaid
    assert "    n_join -->|\"way = 'say #quot;x#quot;'\"| n_end" in mermaid
    assert sum("-->" in line for line in mermaid) == 7
    dot = dot_text(graph).splitlines()
    assert '    "join" -> "end" [label="way = \'say \\"x\\"\'"];' in dot
    assert sum("->" in line for line in dot) == 7


PRODUCTION = """
def tell():
    pass

@project(name="fraud")
@schedule(daily="06:00", timezone="Europe/Berlin", missed="none", jitter="5m")
@schedule(hourly=True, name="often")
@trigger(events=["a", "b"], window="2d")
@trigger_on_finish(flow="fraud.prod.Other")
@run_policy(max_parallel=2, pool="big", priority=3, timeout="2h", no_output=90, retries=1)
@alert(metric="f1", below=0.7, above=0.99)
@alert(by="08:00")
@alert(on="failure")
@promote_if("f1 > 0")
@approval(role="lead")
@exit_hook(on_success=[tell], on_error=[tell])
@pypi_base(packages={"numpy": "2.0"})
class F(FlowSpec):
    @secrets(sources=["env.DB", {"type": "inline", "options": {"env_vars": {"A": "hidden"}}}])
    @step
    def start(self):
        self.next(self.end)

    @promote_if("f1 >= 0.7")
    @approval(expires="2d")
    @pypi(disabled=True)
    @step
    def end(self):
        pass
"""


def test_text_shows_what_happens_when_it_is_deployed(flows: FlowFiles) -> None:
    graph, mistakes = flows.check(PRODUCTION)
    assert graph is not None, mistakes
    file = graph.file

    assert show_text(graph).splitlines() == [
        f"F ({file})",
        "",
        "in production",
        "  project   fraud",
        "  schedule  0 6 * * * Europe/Berlin, missed: none, jitter 5 min",
        "  schedule  often: 0 * * * * UTC",
        "  trigger   on event a and event b, all within 2 d",
        "  trigger   after fraud.prod.Other",
        "  policy    overlap queue (at most 2), pool big, priority 3, at most 2 h, silent at most 90 s, 1 retry",
        "  alert     f1 below 0.7 or above 0.99",
        "  alert     no success by 08:00 UTC",
        "  alert     failure",
        "  promote   only if f1 > 0",
        "  promote   only after approval (role lead)",
        "  exit hook tell, on success",
        "  exit hook tell, on error",
        "",
        f"start  {file}:22 @pypi(numpy 2.0) @secrets(env.DB, inline)",
        "  -> end",
        "",
        f"end  {file}:29 @pypi(disabled) @promote_if(f1 >= 0.7) @approval(deployer within 2 d)",
        "  the end",
    ]
