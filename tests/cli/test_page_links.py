FLOW = """
from headwater import FlowSpec, step

class Tiny(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass
"""


def test_a_run_says_where_it_is_shown_while_somebody_shows_it(spawn, story, tmp_path):
    (tmp_path / "tiny.py").write_text(FLOW)
    story.home.keep_page_url("http://127.0.0.1:8501")

    _, told = spawn("run", "tiny.py").communicate(timeout=60)

    assert "page: http://127.0.0.1:8501/runs/Tiny/1" in told


def test_a_run_names_no_page_that_nobody_shows(spawn, tmp_path):
    (tmp_path / "tiny.py").write_text(FLOW)

    _, told = spawn("run", "tiny.py").communicate(timeout=60)

    assert "Tiny/1 succeeded" in told
    assert "page: " not in told
