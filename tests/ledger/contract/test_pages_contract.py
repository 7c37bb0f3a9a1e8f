"""What pages ask of many runs, tasks and artifacts at once; for every ledger."""

import msgspec
import pytest

from headwater.model.artifact import Header, Ref
from headwater.model.errors import NotFound, UserMistake
from headwater.model.events import Cancel, DriverChanged
from headwater.model.outcome import TaskError, Usage
from headwater.model.overviews import ArtifactQuery, Seconds
from headwater.model.ports import Commit
from headwater.model.production import Project
from headwater.model.rows import FiringQuery, MetricCondition, RunQuery, TaskQuery
from tests.ledger.ledger_stories import (
    begin,
    commit,
    digest,
    event,
    failed,
    finished,
    gate,
    planned,
    record,
    reused,
    skipped,
    small_ref,
    started,
    succeeded,
)


def of(project):
    return Project(project, "user.ada") if project else None


def paths(ledger, **asked):
    return [row.path for row in ledger.runs(RunQuery(**asked)).rows]


def all_pages(ask, query):
    """Follow the cursors to the end."""
    pages = [ask(query)]
    while pages[-1].cursor is not None:
        pages.append(ask(msgspec.structs.replace(query, cursor=pages[-1].cursor)))
    return [list(page.rows) for page in pages]


# Runs


def test_only_runs_of_the_named_projects_are_told_of(ledger):
    for project in ("", "fraud", "fraud_research", "fraud"):
        begin(ledger, project=of(project), flow=project.title() or "None")

    assert paths(ledger, projects=("fraud",)) == ["Fraud/2", "Fraud/1"]
    assert paths(ledger, projects=("",)) == ["None/1"]
    assert paths(ledger, projects=("fraud_research", "")) == ["Fraud_Research/1", "None/1"]
    assert paths(ledger, projects=()) == []
    assert ledger.count_runs(RunQuery(projects=("fraud",))) == 2
    assert len(paths(ledger)) == 4


def test_runs_of_several_statuses_are_found_those_that_no_row_holds_too(ledger):
    begin(ledger, finished("failed"))
    begin(ledger, finished())
    begin(ledger)
    lease, _ = begin(ledger)
    lease.release()
    waiting, _ = begin(ledger, gate("deploy"))
    waiting.release()
    ledger.launch([planned("k", flow="Churn")])

    assert paths(ledger, statuses=("failed", "interrupted")) == ["Churn/4", "Churn/1"]
    assert paths(ledger, statuses=("queued", "waiting", "running")) == ["Churn/6", "Churn/5", "Churn/3"]
    assert paths(ledger, statuses=("succeeded", "failed"), status="failed") == ["Churn/1"]
    assert paths(ledger, statuses=("succeeded",), status="failed") == []
    assert ledger.count_runs(RunQuery(statuses=("failed", "interrupted", "waiting"))) == 3


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("CHURN/2", ["Churn/2"]),
        ("n/2", ["Churn/2"]),
        ("zoë", ["Churn/2"]),
        ("ZOË", ["Churn/2"]),
        ("ÉMI", ["Churn/3"]),
        ("why", ["Churn/1"]),
        ("runtime", []),
        ("%", ["Churn/1"]),
        ("_", []),
        ("churn", ["Churn/3", "Churn/2", "Churn/1"]),
    ],
)
def test_runs_are_searched_by_path_user_tag_and_note_in_any_case(ledger, part, found):
    begin(ledger, note="Why 50 %?", system_tags=("runtime:headwater",))
    begin(ledger, user="Zoë")
    begin(ledger, tags=("émigré",))

    assert found == paths(ledger, search=part)


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ([("f1", ">", 0.5)], [3]),
        ([("f1", ">=", 0.5)], [3, 2]),
        ([("f1", "<", 0.6)], [2]),
        ([("f1", "<=", 2)], [3, 2]),
        ([("f1", "=", 0.5)], [2]),
        ([("f1", ">", 0.1), ("rows", "=", 7)], [2]),
        ([("kind", "=", "linear")], [3]),
        ([("kind", ">", 0)], []),
        ([("rows", "=", "7")], []),
        ([("good", "=", True)], [2]),
        ([("good", "=", False)], [3]),
        ([("good", "=", 1)], []),
        ([('f1" or "1"="1', ">", 0)], []),
    ],
)
def test_runs_are_found_by_their_metrics(ledger, conditions, found):
    begin(ledger)
    begin(ledger, started("a", 1), succeeded("a", summary={"f1": 0.5, "rows": 7, "good": True}))
    begin(ledger, started("a", 1), succeeded("a", summary={"f1": 0.75, "kind": "linear", "good": False}))
    metrics = tuple(MetricCondition(*condition) for condition in conditions)

    assert found == [row.label for row in ledger.runs(RunQuery(metrics=metrics)).rows]


def test_runs_are_found_by_what_the_preview_of_a_parameter_says(ledger):
    for text in ("0.5", "0.55", "red"):
        headers = {digest(text): Header(preview=text)}
        begin(ledger, parameters={"alpha": small_ref(text)}, small={digest(text): b""}, headers=headers)

    assert paths(ledger, parameter_text={"alpha": "0.5"}) == ["Churn/1"]
    assert paths(ledger, parameter_text={"alpha": "red"}) == ["Churn/3"]
    assert paths(ledger, parameter_text={"beta": "red"}) == []


def begin_many(ledger):
    """Six runs of three flows and users: three finished, one interrupted, three with a metric."""
    for number, (flow, user, took) in enumerate(
        [
            ("Beta", "ann", 5.0),
            ("Alpha", "bob", None),
            ("Beta", "bob", 1.0),
            ("alpine", "ann", None),
            ("Beta", "Zoe", 9.0),
            ("Alpha", "ann", None),
        ]
    ):
        summary = {"f1": number / 10} if number in (1, 3, 4) else {"f1": "none"}
        at = 100.0 * number
        lease, _ = begin(ledger, started("a", 1), succeeded("a", summary=summary), flow=flow, user=user, at=at)
        if number == 1:
            lease.release()
        elif took is not None:
            ledger.append(lease, Commit([finished("failed" if took == 1.0 else "succeeded", at=at + took)]))


@pytest.mark.parametrize(
    ("sort", "ascending"),
    [
        ("started", ["Beta/1", "Alpha/1", "Beta/2", "alpine/1", "Beta/3", "Alpha/2"]),
        ("finished", ["Beta/1", "Beta/2", "Beta/3", "Alpha/1", "alpine/1", "Alpha/2"]),
        ("duration", ["Beta/2", "Beta/1", "Beta/3", "Alpha/1", "alpine/1", "Alpha/2"]),
        ("flow", ["Alpha/1", "Alpha/2", "alpine/1", "Beta/1", "Beta/2", "Beta/3"]),
        ("user", ["Beta/1", "alpine/1", "Alpha/2", "Alpha/1", "Beta/2", "Beta/3"]),
        ("status", ["alpine/1", "Alpha/2", "Alpha/1", "Beta/1", "Beta/3", "Beta/2"]),
    ],
)
@pytest.mark.parametrize("limit", [1, 4, 6])
def test_runs_are_sorted_both_ways_over_all_pages(ledger, sort, ascending, limit):
    begin_many(ledger)

    for is_ascending, expected in ((True, ascending), (False, ascending[::-1])):
        pages = all_pages(ledger.runs, RunQuery(sort=sort, is_ascending=is_ascending, limit=limit))
        assert expected == [row.path for page in pages for row in page]
        assert all(len(page) == limit for page in pages[:-1])


def test_runs_without_the_metric_come_last_both_ways(ledger):
    begin_many(ledger)

    def sorted_by_metric(is_ascending):
        query = RunQuery(sort="metric", sort_metric="f1", is_ascending=is_ascending, limit=2)
        return [row.path for page in all_pages(ledger.runs, query) for row in page]

    assert sorted_by_metric(True) == ["Alpha/1", "alpine/1", "Beta/3", "Beta/1", "Beta/2", "Alpha/2"]
    assert sorted_by_metric(False) == ["Beta/3", "alpine/1", "Alpha/1", "Alpha/2", "Beta/2", "Beta/1"]


@pytest.mark.parametrize("sort", ["started", "finished", "user", "status"])
def test_runs_that_start_between_two_pages_shift_nothing(ledger, sort):
    begin_many(ledger)
    query = RunQuery(sort=sort, limit=2)
    everything = [row.path for row in ledger.runs(RunQuery(sort=sort)).rows]
    first = ledger.runs(query)
    begin(ledger, flow="Alpha", user="zzz", at=700.0)
    rest = all_pages(ledger.runs, msgspec.structs.replace(query, cursor=first.cursor))

    seen = [row.path for page in [first.rows, *rest] for row in page]
    assert everything == [path for path in seen if path != "Alpha/3"]


@pytest.mark.parametrize("cursor", ["x", "7", "zz", "00", "5b315d", "e4bd", "ff" * 500, "7b7d", "\ud800", "5b22"])
def test_what_is_no_cursor_is_a_mistake_that_says_so(ledger, cursor):
    begin(ledger)
    lease, _ = begin(ledger)

    for ask in (
        lambda: ledger.runs(RunQuery(cursor=cursor)),
        lambda: ledger.runs(RunQuery(cursor=cursor, sort="user")),
        lambda: ledger.tasks(TaskQuery(lease.run, cursor=cursor)),
        lambda: ledger.artifacts_named(ArtifactQuery(cursor=cursor)),
        lambda: ledger.firings(FiringQuery(cursor=cursor)),
    ):
        with pytest.raises(UserMistake, match="cursor"):
            ask()


def test_the_cursor_of_another_question_is_refused_that_of_a_shorter_page_is_taken(ledger):
    begin_many(ledger)
    cursor = ledger.runs(RunQuery(limit=2, user="ann")).cursor

    for other in (RunQuery(cursor=cursor), RunQuery(cursor=cursor, user="ann", sort="user")):
        with pytest.raises(UserMistake, match="another list"):
            ledger.runs(other)
    assert paths(ledger, user="ann", cursor=cursor, limit=50, projects=("",)) == ["Beta/1"]


@pytest.mark.parametrize("position", [[], [1], [1, 2, 3], [None, 1], [[1], 1], [1, 10**30], ["text", "text"]])
def test_a_forged_position_in_a_cursor_crashes_nothing(ledger, position):
    begin_many(ledger)
    query = RunQuery(limit=2, sort="duration")
    question, *_ = msgspec.json.decode(bytes.fromhex(ledger.runs(query).cursor))
    cursor = msgspec.json.encode([question, *position]).hex()

    try:
        rows = ledger.runs(msgspec.structs.replace(query, cursor=cursor)).rows
    except UserMistake:
        rows = ()
    assert rows == ()


def test_a_cursor_tells_nothing_of_runs_that_the_reader_may_not_see(ledger):
    seen = []
    for hidden in (0, 1, 50):
        for _ in range(hidden):
            begin(ledger, project=of("secret"), flow="Secret")
        runs = [f"01{hidden:024}", f"02{hidden:024}"]
        for run in runs:
            begin(
                ledger,
                started("a", 1),
                succeeded("a", artifacts={"x": small_ref("x")}),
                run=run,
                project=of(f"open{hidden}"),
                flow=f"Open{hidden}",
            )
        queries = (
            (ledger.runs, RunQuery(limit=1, projects=(f"open{hidden}",))),
            (ledger.artifacts_named, ArtifactQuery(limit=1, projects=(f"open{hidden}",))),
        )
        told = [bytes.fromhex(ask(query).cursor).decode().replace(runs[1], "RUN") for ask, query in queries]
        seen.append(told)

    assert seen[0] == seen[1] == seen[2]


def test_what_no_column_can_hold_is_a_mistake_not_a_crash(ledger):
    lease, _ = begin(ledger)

    for ask in (
        lambda: ledger.find_run("Churn", 10**30),
        lambda: ledger.find_run("Chu\ud800rn", 1),
        lambda: ledger.runs(RunQuery(parameters={"alpha": "no digest"})),
        lambda: ledger.runs(RunQuery(metrics=(MetricCondition("f1", "; DROP", 1),))),
        lambda: ledger.runs(RunQuery(sort="id; DROP")),
        lambda: ledger.tasks(TaskQuery(lease.run, sort="id; DROP")),
        lambda: ledger.tasks(TaskQuery(lease.run, label=10**30)),
        lambda: ledger.users_of("no digest"),
        *(lambda limit=limit: ledger.runs(RunQuery(limit=limit)) for limit in (0, -1, -5)),
        lambda: ledger.tasks(TaskQuery(lease.run, limit=-5)),
        lambda: ledger.artifacts_named(ArtifactQuery(limit=-5)),
        lambda: ledger.firings(FiringQuery(limit=-5)),
    ):
        with pytest.raises(UserMistake):
            ask()


def test_runs_are_counted_no_further_than_asked(ledger):
    for _ in range(5):
        begin(ledger)

    assert ledger.count_runs(RunQuery(limit=1)) == 5
    assert ledger.count_runs(RunQuery(), at_most=3) == 3
    assert ledger.count_runs(RunQuery(flow="Other")) == 0


def test_names_for_menus_come_by_how_often_they_are_used_and_from_what_may_be_seen(ledger):
    def one(user, tags, project, **summary):
        begin(
            ledger,
            started("a", 1),
            succeeded("a", summary=summary),
            user=user,
            tags=tags,
            system_tags=("hidden",),
            project=of(project),
        )

    one("bob", ("red",), "", f1=0.5)
    one("ann", ("blue", "red"), "", loss=1, f1=1)
    one("ann", (), "secret", key=1)

    query = RunQuery(projects=("",))
    assert ledger.metric_names(query) == ["f1", "loss"]
    assert ledger.tag_names(query) == ["red", "blue"]
    assert ledger.user_names(query) == ["ann", "bob"]
    assert ledger.user_names(RunQuery()) == ["ann", "bob"]
    assert ledger.metric_names(RunQuery(user="ann"), limit=2) == ["f1", "key"]


# Flows


def test_a_flow_is_told_by_its_last_runs(ledger):
    for number in range(23):
        begin(ledger, finished("failed" if number % 10 == 0 else "succeeded"), flow="Churn")
    begin(ledger, flow="Churn")
    begin(ledger, flow="Alpha")
    alpha, churn = ledger.flow_rows()

    assert (alpha.flow, alpha.runs, alpha.finished, alpha.last.path) == ("Alpha", 1, (), "Alpha/1")
    assert (churn.runs, churn.last.path, churn.last.status, churn.projects) == (24, "Churn/24", "running", ("",))
    assert list(range(23, 3, -1)) == [run.label for run in churn.finished]
    assert (churn.succeeded, churn.finished[2].status) == (18, "failed")


def test_of_a_flow_only_the_runs_that_may_be_seen_count(ledger):
    begin(ledger, finished(), flow="Churn", project=of("open"))
    begin(ledger, finished(), flow="Churn", project=of("secret"))
    begin(ledger, finished(), flow="Hidden", project=of("secret"))
    (row,) = ledger.flow_rows(("open", ""))

    assert (row.flow, row.runs, row.last.path, len(row.finished), row.projects) == ("Churn", 1, "Churn/1", 1, ("open",))
    assert ledger.flow_rows(()) == []


def test_flows_come_by_name_in_parts(ledger):
    for flow in "DBAC":
        begin(ledger, flow=flow)

    assert [row.flow for row in ledger.flow_rows(limit=2)] == ["A", "B"]
    assert [row.flow for row in ledger.flow_rows(after="B", limit=2)] == ["C", "D"]


# Tasks


def begin_tasks(ledger):
    """Five tasks: start, three in a foreach (one fails twice and is lost or runs), one reused."""
    lease, _ = begin(
        ledger,
        started("start", 1, at=2.0, ready_at=1.5),
        succeeded("start", "train", at=3.0, usage=Usage(queue=0.5, compute=1.0, peak_memory_bytes=30)),
    )
    ledger.append(lease, Commit([started(f"train/start.{n}", n + 2, at=4.0 + n, ready_at=3.0) for n in range(3)]))
    usage = Usage(queue=1.0, compute=2.0, save=0.25, peak_memory_bytes=70)
    ledger.append(lease, Commit([succeeded("train/start.0", "join", at=9.0, usage=usage)]))
    error = TaskError("builtins.ValueError", "Amount MISSING in Zürich")
    ledger.append(lease, Commit([failed("train/start.1", at=7.0, error=error, retry_at=8.0, usage=usage)]))
    ledger.append(lease, Commit([started("train/start.1", 3, attempt=1, at=8.0, ready_at=7.5)]))
    ledger.append(lease, Commit([failed("train/start.1", attempt=1, at=8.5, error=error)]))
    ledger.append(lease, Commit([reused("other", 5, origin="Churn/9/other/1", parents=["start"])]))
    return lease


def test_tasks_are_found_by_several_statuses(ledger):
    lease = begin_tasks(ledger)

    def labels(*statuses, **asked):
        return [row.label for row in ledger.tasks(TaskQuery(lease.run, statuses=statuses, **asked)).rows]

    assert labels("failed", "running") == [3, 4]
    assert labels("lost") == []
    assert labels("failed", "succeeded", status="failed") == [3]
    lease.release()
    assert labels("failed", "running") == [3]
    assert labels("failed", "lost") == [3, 4]


@pytest.mark.parametrize(
    ("part", "labels"),
    [("TRAIN/3", [3]), ("start.1", [3]), ("zürich", [3]), ("MISSING", [3]), ("valueerror", [3]), ("rain", [2, 3, 4])],
)
def test_tasks_are_searched_by_name_key_and_error_in_any_case(ledger, part, labels):
    lease = begin_tasks(ledger)

    assert labels == [row.label for row in ledger.tasks(TaskQuery(lease.run, search=part)).rows]


@pytest.mark.parametrize(
    ("sort", "ascending"),
    [
        ("label", [1, 2, 3, 4, 5]),
        ("duration", [5, 3, 1, 2, 4]),
        ("started", [1, 5, 2, 4, 3]),
        ("peak_memory", [3, 4, 5, 1, 2]),
    ],
)
@pytest.mark.parametrize("limit", [1, 3, 5])
def test_tasks_are_sorted_both_ways_over_all_pages(ledger, sort, ascending, limit):
    lease = begin_tasks(ledger)

    for is_ascending, expected in ((True, ascending), (False, ascending[::-1])):
        query = TaskQuery(lease.run, sort=sort, is_ascending=is_ascending, limit=limit)
        assert expected == [row.label for page in all_pages(ledger.tasks, query) for row in page]


def test_a_run_is_summed_up_by_step_and_status(ledger):
    lease = begin_tasks(ledger)

    def told():
        return [(row.step, row.status, row.count, row.reused) for row in ledger.step_counts(lease.run)]

    assert told() == [
        ("start", "succeeded", 1, 0),
        ("train", "succeeded", 1, 0),
        ("train", "failed", 1, 0),
        ("train", "running", 1, 0),
        ("other", "succeeded", 1, 1),
    ]
    lease.release()
    assert told()[3] == ("train", "lost", 1, 0)


def test_the_sums_of_a_step_have_its_span_and_its_seconds(ledger):
    lease, _ = begin(ledger, *(started(f"a/start.{n}", n + 1, at=10.0 - n) for n in range(2)))
    usage = Usage(queue=1.0, environment=2.0, importing=3.0, input_load=4.0, compute=5.0, save=6.0)
    ledger.append(lease, Commit([succeeded(f"a/start.{n}", at=20.0 - n, usage=usage) for n in range(2)]))
    (row,) = ledger.step_counts(lease.run)

    assert (row.count, row.first_started_at, row.last_finished_at) == (2, 9.0, 20.0)
    assert Seconds(2.0, 4.0, 6.0, 8.0, 10.0, 12.0) == row.seconds


def test_many_runs_are_told_by_step_and_status_at_once(ledger):
    first = begin_tasks(ledger)
    second, _ = begin(ledger, started("start", 1))
    empty, _ = begin(ledger)
    second.release()

    assert ledger.step_statuses([second.run, first.run, empty.run, "unknown", first.run]) == {
        first.run: {
            "start": {"succeeded": 1},
            "train": {"succeeded": 1, "failed": 1, "running": 1},
            "other": {"succeeded": 1},
        },
        second.run: {"start": {"lost": 1}},
    }


def test_every_attempt_has_its_span(ledger):
    lease = begin_tasks(ledger)
    spans = ledger.task_spans(lease.run)

    assert [
        (span.label, span.attempt, span.status, span.ready_at, span.started_at, span.finished_at) for span in spans
    ] == [
        (1, 0, "succeeded", 1.5, 2.0, 3.0),
        (2, 0, "succeeded", 3.0, 4.0, 9.0),
        (3, 0, "failed", 3.0, 5.0, 7.0),
        (3, 1, "failed", 7.5, 8.0, 8.5),
        (4, 0, "running", 3.0, 6.0, None),
        (5, 0, "succeeded", 0.0, 2.0, 2.0),
    ]
    assert [span.is_reused for span in spans] == [False] * 5 + [True]
    assert (spans[1].step, spans[1].key, spans[5].parent) == ("train", "train/start.0", "start")
    assert (Seconds(queue=1.0, compute=2.0, save=0.25), Seconds()) == (spans[2].seconds, spans[3].seconds)


def test_an_attempt_that_was_lost_and_begun_again_has_one_span(ledger):
    lease, _ = begin(ledger, started("a", 1, at=2.0))
    ledger.append(lease, Commit([DriverChanged(5.0, "here", 1, 2), started("a", 1, at=6.0)]))

    assert [(span.attempt, span.started_at) for span in ledger.task_spans(lease.run)] == [(0, 6.0)]


def test_spans_come_in_parts_of_whole_tasks(ledger):
    lease = begin_tasks(ledger)

    assert [span.label for span in ledger.task_spans(lease.run, after_label=1, limit=2)] == [2, 3, 3]
    assert [span.label for span in ledger.task_spans(lease.run, after_label=3, limit=2)] == [4, 5]
    assert ledger.task_spans(lease.run, after_label=5) == []


def test_a_task_says_when_it_became_ready(ledger):
    lease = begin_tasks(ledger)

    assert [row.ready_at for row in ledger.tasks(TaskQuery(lease.run)).rows] == [1.5, 3.0, 7.5, 3.0, 0.0]


def test_sums_of_a_run_that_is_not_there_are_not_found(ledger):
    for ask in (ledger.step_counts, ledger.task_spans):
        with pytest.raises(NotFound):
            ask("unknown")


# Artifacts


def begin_artifacts(ledger):
    """Three runs of two flows: `x` (str) everywhere, `model` (Net) in two, parameters and items that are none."""
    model = Ref(digest("m"), "pickle/1", "net.Net", 9)
    for flow, project in (("Churn", ""), ("Fraud", "fraud"), ("Churn", "")):
        lease, first = begin(
            ledger,
            started("start", 1, at=2.0),
            succeeded("start", "train", width=1, items=small_ref("i"), at=3.0, artifacts={"x": small_ref("v")}),
            started("train/start.0", 2, parents=["start"]),
            flow=flow,
            project=of(project),
            parameters={"alpha": small_ref("p")},
        )
        made = {"y": small_ref("y"), "x": small_ref(f"{flow}{first.label}")}
        if first.label == 1:
            made["model"] = model
        ledger.append(lease, commit(succeeded("train/start.0", at=5.0, artifacts=made), previews=["v"]))
    return lease


EVERYTHING = [
    *("Churn/2/train/2/x", "Churn/2/train/2/y", "Churn/2/start/1/x"),
    *("Fraud/1/train/2/model", "Fraud/1/train/2/x", "Fraud/1/train/2/y", "Fraud/1/start/1/x"),
    *("Churn/1/train/2/model", "Churn/1/train/2/x", "Churn/1/train/2/y", "Churn/1/start/1/x"),
]


@pytest.mark.parametrize("limit", [1, 3, 50])
@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, lambda path: True),
        ({"name": "x"}, lambda path: path.endswith("/x")),
        ({"name": "model"}, lambda path: path.endswith("/model")),
        ({"name": "mod"}, lambda path: False),
        ({"type": "str"}, lambda path: not path.endswith("/model")),
        ({"type": "net.Net", "name": "model"}, lambda path: path.endswith("/model")),
        ({"type": "net.Net", "name": "x"}, lambda path: False),
        ({"search": "MOD"}, lambda path: path.endswith("/model")),
        ({"search": "net.n"}, lambda path: path.endswith("/model")),
        ({"flow": "Fraud"}, lambda path: path.startswith("Fraud")),
        ({"flow": "Churn", "search": "x"}, lambda path: path.startswith("Churn") and path.endswith("x")),
        ({"projects": ("fraud",)}, lambda path: path.startswith("Fraud")),
        ({"projects": ("",), "name": "model"}, lambda path: path == "Churn/1/train/2/model"),
        ({"projects": ()}, lambda path: False),
        ({"name": "alpha"}, lambda path: False),
    ],
)
def test_artifacts_of_all_runs_are_listed_newest_first(ledger, asked, wanted, limit):
    begin_artifacts(ledger)
    pages = all_pages(ledger.artifacts_named, ArtifactQuery(limit=limit, **asked))

    assert [path for path in EVERYTHING if wanted(path)] == [row.path for page in pages for row in page]


def test_a_listed_artifact_says_where_and_when_it_was_made(ledger):
    lease = begin_artifacts(ledger)
    *_, last = ledger.artifacts_named(ArtifactQuery(run=lease.run)).rows

    assert (last.run, last.flow, last.run_label, last.step, last.label, last.key, last.name) == (
        *(lease.run, "Churn", 2, "start", 1, "start", "x"),
    )
    assert (small_ref("v"), 3.0, "v", "") == (last.ref, last.at, last.header.preview, last.project)


def test_artifacts_of_more_names_than_are_looked_up_one_by_one_are_found_too(ledger):
    names = {f"part_{number:02}": small_ref(str(number)) for number in range(60)}
    begin(ledger, started("start", 1), succeeded("start", artifacts={**names, "other": small_ref("o")}))
    pages = all_pages(ledger.artifacts_named, ArtifactQuery(search="part_", limit=25))

    assert list(names) == [row.name for page in pages for row in page]


def test_users_of_a_value_are_told_of_in_the_projects_that_may_be_seen(ledger):
    begin_artifacts(ledger)
    everywhere = [(key, name) for _, key, name, _ in ledger.users_of(digest("v"))]

    assert everywhere == [("start", "x")] * 3
    assert len(ledger.users_of(digest("v"), projects=("fraud",))) == 1
    assert len(ledger.users_of(digest("v"), projects=("",), limit=1)) == 1
    assert ledger.users_of(digest("v"), projects=()) == []


# Changes


class Follower:
    """Goes on from the last change that it got."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.number = ledger.last_change()

    def new(self):
        found = self.ledger.changes(self.number)
        assert [one.number for one in found] == sorted({one.number for one in found})
        assert self.number == self.ledger.last_change() or found[-1].number == self.ledger.last_change()
        self.number = self.ledger.last_change()
        return found


def test_every_write_about_a_run_is_a_change_of_it(ledger):
    follower = Follower(ledger)
    lease, _ = begin(ledger, started("start", 1), tags=("red",), system_tags=("user:ada",), project=of("fraud"))

    def told():
        return [(one.kind, one.run, one.flow, one.label, one.project, one.event, one.status) for one in follower.new()]

    of_run = ("run", lease.run, "Churn", 1, "fraud")
    assert told() == [(*of_run, 2, "running")]
    assert told() == []
    ledger.append(lease, Commit([succeeded("start")]))
    assert told() == [(*of_run, 3, "running")]
    ledger.tag_run(lease.run, ["blue"], [])
    assert told() == [(*of_run, 3, "running")]
    ledger.tag_run(lease.run, [], ["blue"])
    assert told() == [(*of_run, 3, "running")]
    ledger.annotate(lease.run, "why")
    assert told() == [(*of_run, 3, "running")]
    ledger.request(lease.run, Cancel(5.0, "bob"))
    assert told() == [(*of_run, 3, "running")]
    lease.release()
    lease, _ = ledger.take(lease.run, 9.0)
    assert told() == [(*of_run, 3, "running")]
    ledger.append(lease, Commit([finished()]))
    assert told() == [(*of_run, 4, "succeeded"), ("published", lease.run, "Churn", 1, "fraud", 0, "")]
    ledger.annotate(lease.run, "good")
    assert told() == [(*of_run, 4, "succeeded")]


def test_a_run_that_was_written_often_since_is_one_change(ledger):
    follower = Follower(ledger)
    first, _ = begin(ledger)
    second, _ = begin(ledger)
    for number in range(5):
        ledger.append(first, Commit([started(f"a/start.{number}", number + 1)]))

    assert [(one.run, one.event) for one in follower.new()] == [(second.run, 1), (first.run, 6)]


def test_records_events_and_firings_are_changes(ledger):
    follower = Follower(ledger)
    ledger.write_records([record("a", kind="alias"), record("a", 2, kind="alias")])
    ledger.publish(event("e", scope="fraud.prod"))
    firing, _ = ledger.launch([planned("k", project=of("fraud")), skipped("s")])
    *records, published, run, first, second = follower.new()

    assert [(one.kind, one.record_kind, one.record_key, one.record_version, one.project) for one in records] == [
        ("record", "alias", "a", 1, None),
        ("record", "alias", "a", 2, None),
    ]
    assert (published.kind, published.name, published.published, published.scope, published.project) == (
        *("published", "sales.loaded", 1, "fraud.prod", None),
    )
    assert sorted((one.kind, one.firing, one.target, one.run, one.project) for one in (run, first, second)) == [
        ("firing", "k", "Churn@production", firing.run, "fraud"),
        ("firing", "s", "Churn@production", None, None),
        ("run", "", "", firing.run, "fraud"),
    ]


def test_an_event_that_a_run_published_tells_the_run(ledger):
    lease, _ = begin(ledger, project=of("fraud"))
    follower = Follower(ledger)
    ledger.publish(event("e", run="Churn/1"))
    ledger.publish(event("f", run="Churn/7"))
    ledger.publish(event("g", run="nonsense"))

    assert [(one.run, one.project) for one in follower.new()] == [(lease.run, "fraud"), (None, None), (None, None)]


def test_changes_come_in_parts_without_loss_or_doubles_while_runs_are_written(ledger):
    leases = [begin(ledger)[0] for _ in range(7)]
    at, seen = 0, {}
    for turn in range(30):
        ledger.append(leases[turn * 3 % 7], Commit([started(f"a/start.{turn}", turn + 1)]))
        for one in ledger.changes(at, limit=2):
            assert one.number > at
            at = one.number
            assert one.event > seen.get(one.run, 0)
            seen[one.run] = one.event
    while part := ledger.changes(at, limit=2):
        at = part[-1].number
        seen.update((one.run, one.event) for one in part)

    assert {lease.run: max(number for number, _ in ledger.events(lease.run)) for lease in leases} == seen


def test_a_write_that_fails_leaves_no_change(ledger):
    lease, _ = begin(ledger)
    follower = Follower(ledger)
    with pytest.raises(KeyError):
        ledger.append(lease, Commit([succeeded("never started")]))

    assert follower.new() == []
