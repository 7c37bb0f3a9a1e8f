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
