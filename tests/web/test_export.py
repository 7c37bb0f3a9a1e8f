import re

import pytest

from headwater.client.records import RunRecord
from headwater.client.session import View
from headwater.model.artifact import Header
from headwater.model.outcome import FrameRecord, TaskError
from headwater.store.trees import save_tree
from headwater.web.export.markup import Markup, element, size, took
from headwater.web.export.page import export_run
from headwater.web.export.previews import show_preview
from tests.client.history import FOREACH, History, write_log
from tests.web.api.test_metrics import log_points

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "</title><svg onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;script&gt;",
    "\u202e\0\x1b[31m",
]


def page_of(home, run):
    return export_run(RunRecord(View(home, None), run.started.flow, run.started.label), run.history.now)


def test_a_page_tells_all_of_a_run(home, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "churn.py").write_text("class Churn(FlowSpec): ...\n")
    history = History(home)
    run = history.run(
        parameters={"alpha": 0.5}, tags=["best"], note="look", tree=save_tree(home.objects, str(folder)).digest
    )
    run.task("start", {"words": ["one", "two"]}, summary={"f1": 0.75})
    run.begin("train", ["start"])
    write_log(home, run, "train", ["o before", "e it broke"])
    log_points(home, run, "train", ["loss"], [(0, 1, 0.5), (0, 2, 0.25)])
    frame = FrameRecord("churn.py", 9, "train", "1 / 0", is_user=True, locals={"rows": "17"})
    run.fail("train", TaskError("ValueError", "no rows", (frame,), "Traceback: no rows", "read some"))
    run.finish("failed", "no rows", failed_key="train")

    page = page_of(home, run)

    told = ("Churn/1", "best", "look", "alpha", "0.5", "f1", "0.75", "loss", "no rows", "hint: read some", "17")
    for text in (*told, "it broke", "words", "3.11.7", "class Churn(FlowSpec)", "train/2", "<polyline", "<svg"):
        assert text in page, text


def test_nothing_is_fetched_and_no_script_runs(home):
    history = History(home)
    run = history.run()
    run.task("start")

    page = page_of(home, run)

    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page.replace("&#x27;", "'")
    assert not re.search(r"<script|<link|<iframe|https?://|\son\w+=", page)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_text_wherever_they_stand(home, text):
    history = History(home)
    facts = {"note": text, "user": text, "parameters": {"alpha": text}, "environment": {"python": "3", text: text}}
    run = history.run(**facts)
    frame = FrameRecord("churn.py", 9, text, text, is_user=True, locals={text: text})
    run.begin("start")
    write_log(home, run, "start", [f"o {text}"])
    run.fail("start", TaskError(text, text, (frame,), text, text))
    run.finish("failed", text, failed_key="start")

    page = page_of(home, run)

    page.encode()
    tags = re.findall(r"<[^>]*>", page)
    for tag in tags:
        assert not re.match(r"<(script|img|iframe|object|a href=.javascript)", tag), tag
        assert not re.search(r"\son\w+\s*=", re.sub(r'"[^"]*"', '""', tag)), tag


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", ["text", "json", "table", "histogram", "image", "html", "model", "unknown"])
def test_previews_of_any_form_stay_text(kind, text):
    forms = (
        text,
        {text: text},
        {"columns": [text], "rows": [[text], text]},
        {"png": text, "width": text},
        {"counts": [1, text], "min": text},
        {"counts": [1, 2], "min": text, "max": text, "mean": text},
        {"title": text, "size": text},
        [text],
        None,
    )
    for preview in forms:
        shown = show_preview(Header(kind=kind, preview=preview))
        assert isinstance(shown, Markup)
        assert not re.search(r"<(script|svg onload|img src=.x)", shown)
        assert not re.search(r"<[^>]*\son\w+=", re.sub(r'"[^"]*"', '""', shown))


def test_a_picture_is_inside_of_the_page():
    assert 'src="data:image/png;base64,aGk="' in show_preview(Header(kind="image", preview={"png": "aGk="}))


def test_of_many_tasks_the_page_shows_some_and_says_so(home):
    history = History(home)
    run = history.run("Fan", FOREACH)
    run.task("start")
    run.tasks([f"score/start.{index}" for index in range(1000)], {}, "start")

    page = page_of(home, run)

    assert "300 of 1,001 tasks" in page
    assert len(page) < 300_000


def test_markup_is_escaped_once_and_only_where_it_is_text():
    assert element("p", "a < b", element("b", "&"), None, class_='"') == '<p class="&quot;">a &lt; b<b>&amp;</b></p>'
    assert element("p", "\ud800\0\x1b") == "<p>?\ufffd\ufffd</p>"
    assert element("line", x1=1.5, stroke_width=2, y1=None) == '<line x1="1.5" stroke-width="2"/>'


def test_amounts_are_written_for_people():
    assert [size(count) for count in (0, 999, 1000, 1_500_000, 10**13)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "1.5 MB",
        "10.0 TB",
    ]
    assert [took(seconds) for seconds in (None, 0.25, 5, 125, 7300)] == [
        "",
        "250 ms",
        "5.0 s",
        "2 min 5 s",
        "2 h 1 min",
    ]
