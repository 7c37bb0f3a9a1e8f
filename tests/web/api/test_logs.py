import pytest

from headwater.store.lines import RECORD_BYTES
from headwater.web.reading.log_pages import PAGE_BYTES, read_backwards, read_forwards
from headwater.web.reading.log_search import Looking, search
from tests.client.history import BEGIN, write_log


@pytest.fixture
def run(history):
    run = history.run()
    run.task("start")
    run.finish()
    return run


LOGS = "/runs/Churn/1/tasks/start/1/logs"


def texts(page):
    return [row["text"] for row in page["rows"]]


def test_the_end_of_a_log_comes_first_and_pages_go_back(site, home, run):
    write_log(home, run, "start", [f"o line {number}" for number in range(10)])

    last = site.get(LOGS, limit=4).value
    before = site.get(LOGS, limit=4, before=last["begin"]).value
    first = site.get(LOGS, limit=4, before=before["begin"]).value

    assert texts(last) == ["line 6", "line 7", "line 8", "line 9"]
    assert texts(before) == ["line 2", "line 3", "line 4", "line 5"]
    assert texts(first) == ["line 0", "line 1"]
    assert (first["begin"], last["end"], last["is_over"]) == (0, last["size"], True)


def test_pages_go_forwards_from_any_offset(site, home, run):
    write_log(home, run, "start", ["o one", "e two", "O thr", "o ee"])

    whole = site.get(LOGS, offset=0).value
    rest = site.get(LOGS, offset=whole["rows"][0]["offset"] + 3).value
    nothing = site.get(LOGS, offset=10**9).value

    assert [(row["text"], row["stream"], row["is_complete"]) for row in whole["rows"]] == [
        ("one", "stdout", True),
        ("two", "stderr", True),
        ("thr", "stdout", False),
        ("ee", "stdout", True),
    ]
    assert whole["rows"][1]["at"] == BEGIN + 1
    assert texts(rest) == ["two", "thr", "ee"]
    assert nothing["rows"] == []


def test_one_stream_can_be_read_alone(site, home, run):
    write_log(home, run, "start", ["o one", "e two", "o three"])

    assert texts(site.get(LOGS, stream="stderr").value) == ["two"]
    assert texts(site.get(LOGS, stream="stdout", offset=0).value) == ["one", "three"]


def test_a_task_that_wrote_nothing_has_an_empty_log(site, run):
    found = site.get(LOGS).value

    assert (found["rows"], found["size"]) == ([], 0)
    assert site.get(f"{LOGS}/search", text="x").value["is_done"]
    assert site.get(f"{LOGS}/download").body == b""


def test_escape_sequences_and_markup_stay_text(site, home, run):
    write_log(home, run, "start", ["o \x1b[31mred\x1b[0m <script>alert(1)</script>"])

    assert texts(site.get(LOGS).value) == ["\x1b[31mred\x1b[0m <script>alert(1)</script>"]


def test_an_attempt_that_never_was_is_not_there(site, run):
    assert site.get(LOGS, attempt=1).status == 404


def test_a_part_is_bounded_however_long_the_lines_are(home, run, tmp_path):
    path = str(tmp_path / "log")
    with open(path, "w") as file:
        for _ in range(100):
            file.write(f"{BEGIN:.6f} O {'x' * RECORD_BYTES}\n")

    forwards = read_forwards(path, 0, 5000)
    backwards = read_backwards(path, None, 5000)

    for part in (forwards, backwards):
        assert 10 < len(part.rows) < 2 * PAGE_BYTES // RECORD_BYTES
    assert backwards.rows[-1].offset + RECORD_BYTES < backwards.end


def test_going_back_page_by_page_gives_every_line_once(home, run, tmp_path):
    path = str(tmp_path / "log")
    with open(path, "w") as file:
        for number in range(3000):
            file.write(f"{BEGIN + number:.6f} {'oe'[number % 2]} {number} {'y' * (number % 997)}\n")

    for stream, count in ((None, 3000), ("stderr", 1500)):
        found, before = [], None
        while before != 0:
            part = read_backwards(path, before, 170, stream)
            found = [int(row.text.split()[0]) for row in part.rows] + found
            before = part.begin
        assert len(found) == count
        assert found == sorted(found)


def test_a_text_is_found_in_what_was_written_only(site, home, run):
    write_log(home, run, "start", ["o loss 17", "e an ERROR came", "o no error", f"o {BEGIN:.0f}"])

    def found(text, **more):
        return [row["text"] for row in site.get(f"{LOGS}/search", text=text, **more).value["rows"]]

    assert found("error") == ["an ERROR came", "no error"]
    assert found("error", exact="true") == ["no error"]
    assert found("error", stream="stderr") == ["an ERROR came"]
    assert found(f"{BEGIN:.0f}") == [f"{BEGIN:.0f}"]
    assert found("(.*)+$") == []
    assert found(" o ") == []


def test_letters_of_all_scripts_match_their_other_case(site, home, run):
    write_log(home, run, "start", ["o Größe ÄNDERN"])

    assert len(site.get(f"{LOGS}/search", text="größe änd").value["rows"]) == 1
    assert site.get(f"{LOGS}/search", text="größe", exact="true").value["rows"] == []


def test_a_search_goes_on_where_its_time_was_up(tmp_path):
    path = str(tmp_path / "log")
    with open(path, "w") as file:
        for number in range(60_000):
            word = "needle" if number % 20_000 == 7 else "hay"
            file.write(f"{BEGIN + number:.6f} o {number} {word} {'z' * 40}\n")
    counts, offset, looks, ticks = 0, 0, 0, iter(range(1000))

    while True:
        found = search(path, Looking("NEEDLE"), offset, 100, 0, clock=lambda: next(ticks))
        counts, offset, looks = counts + found.count, found.end, looks + 1
        if found.is_done:
            break

    assert counts == 3
    assert looks > 2


def test_a_search_gives_no_more_than_is_asked_and_goes_on_behind(site, home, run):
    write_log(home, run, "start", ["o a", "o a", "o b", "o a"])

    first = site.get(f"{LOGS}/search", text="a", limit=2).value
    rest = site.get(f"{LOGS}/search", text="a", limit=2, offset=first["end"]).value

    assert (len(first["rows"]), first["is_done"]) == (2, False)
    assert (len(rest["rows"]), rest["is_done"]) == (1, True)
    assert rest["rows"][0]["offset"] > first["rows"][1]["offset"]


def test_a_log_is_downloaded_as_text_that_no_browser_runs(site, home, run):
    write_log(home, run, "start", ["o <b>one", "e two", "O thr", "o ee"])

    found = site.get(f"{LOGS}/download")

    assert found.body == b"<b>one\ntwo\nthree\n"
    assert found.headers["content-type"].startswith("text/plain")
    assert found.headers["content-disposition"] == 'attachment; filename="Churn-1-start-1.0.log"'
    assert found.headers["x-content-type-options"] == "nosniff"
    assert b"stderr two" in site.get(f"{LOGS}/download", timestamps="true").body


def test_a_log_is_followed_line_by_line_to_its_end(site, home, history):
    run = history.run()
    run.begin("start")
    write_log(home, run, "start", ["o old"])
    lines = ["o old"]

    def act(events):
        if len(events) == 0:
            lines.append("o new")
            write_log(home, run, "start", lines)
        if len(events) == 1:
            lines.append("o last")
            write_log(home, run, "start", lines)
            run.succeed("start")

    events = site.stream(f"{LOGS}/stream", 3, then=act, after=len(f"{BEGIN:.6f} o old\n"))

    assert [text for event in events[:2] for text in texts(event.value)] == ["new", "last"]
    assert events[2].name == "end"
    assert events[2].value == {"attempt": 0, "status": "succeeded", "latest_attempt": 0}


def test_a_task_that_is_not_there_is_refused_before_its_stream_begins(site, run):
    given = site.get("/runs/Churn/1/tasks/start/2/logs/stream")

    assert (given.status, given.headers["content-type"]) == (404, "application/problem+json")


def test_a_followed_log_goes_on_behind_the_last_id(site, home, run):
    write_log(home, run, "start", ["o one", "o two"])
    first = site.get(LOGS, offset=0, limit=1).value

    events = site.stream(f"{LOGS}/stream", 2, last_id=str(first["end"]))

    assert texts(events[0].value) == ["two"]
    assert events[1].name == "end"


def test_a_line_that_is_being_written_is_followed_from_its_beginning(site, home, history):
    run = history.run()
    run.begin("start")
    write_log(home, run, "start", ["o old"])
    path = f"{home.run_folder(run.started.run)}/1.0.log"
    with open(path, "a") as file:
        file.write(f"{BEGIN + 1:.6f} o half")
    whole = site.get(LOGS).value

    def act(events):
        if len(events) == 0:
            with open(path, "a") as file:
                file.write(" a line\n")

    events = site.stream(f"{LOGS}/stream", 1, then=act, after=whole["end"])

    assert texts(whole) == ["old"]
    assert texts(events[0].value) == ["half a line"]
