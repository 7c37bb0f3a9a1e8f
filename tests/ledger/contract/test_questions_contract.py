"""What the ledger answers; for every ledger."""

import pytest

from headwater.model.artifact import Header, Ref
from headwater.model.errors import NotFound, TagRefused
from headwater.model.events import DriverChanged
from headwater.model.order import CodeSource
from headwater.model.outcome import TaskError, Usage
from headwater.model.ports import Commit
from headwater.model.rows import ArtifactRow, Page, RunQuery, TaskQuery
from tests.ledger.ledger_stories import (
    begin,
    commit,
    decided,
    digest,
    failed,
    finished,
    gate,
    reused,
    run_started,
    small_ref,
    started,
    succeeded,
)


def test_a_run_row_says_what_the_first_event_said(ledger):
    lease, _ = begin(
        ledger,
        parameters={"alpha": small_ref("0.5")},
        tags=("b", "a"),
        system_tags=("user:ada",),
        namespace="user:ada",
        note="why",
        origin="Churn/9",
    )
    row = ledger.run(lease.run)

    assert (row.path, row.status, row.user, row.host, row.started_at) == ("Churn/1", "running", "ada", "here", 1.0)
    assert (row.tags, row.system_tags) == (("a", "b"), ("user:ada",))
    assert (row.namespace, row.note, row.origin) == ("user:ada", "why", "Churn/9")
    assert {"alpha": small_ref("0.5")} == row.parameters
    assert row == ledger.find_run("Churn", 1)


def test_a_run_without_its_driver_is_interrupted_until_somebody_takes_it(ledger):
    lease, _ = begin(ledger)
    lease.release()

    assert ledger.run(lease.run).status == "interrupted"
    assert [lease.run] == [row.run for row in ledger.runs(RunQuery(status="interrupted")).rows]
    assert ledger.runs(RunQuery(status="running")).rows == ()
    ledger.take(lease.run, 5.0)
    assert ledger.run(lease.run).status == "running"


def test_tasks_that_run_for_nobody_are_lost_until_somebody_takes_the_run(ledger):
    lease, _ = begin(ledger, started("start", 1))

    def seen():
        by_status = {
            status: [row.key for row in ledger.tasks(TaskQuery(lease.run, status=status)).rows]
            for status in ("running", "lost")
        }
        return by_status, ledger.tasks(TaskQuery(lease.run)).rows[0].status, dict(ledger.run(lease.run).task_counts)

    assert seen() == ({"running": ["start"], "lost": []}, "running", {"running": 1})
    lease.release()
    assert seen() == ({"running": [], "lost": ["start"]}, "lost", {"lost": 1})
    assert ledger.attempts(lease.run, "start")[-1].status == "lost"


def test_a_run_says_at_which_gates_it_waits_and_until_when(ledger):
    lease, _ = begin(ledger, started("start", 1))
    ledger.append(lease, Commit([gate("b", expires_at=90.0), gate("a"), gate("c/start.0", expires_at=80.0)]))
    ledger.append(lease, Commit([gate("c/start.1", expires_at=95.0)]))
    seen = [(row.gates, row.gate_expires_at) for row in [ledger.run(lease.run)]]
    for key in ("c/start.0", "b", "c/start.1", "a", "never"):
        ledger.append(lease, Commit([decided(key)]))
        row = ledger.run(lease.run)
        seen.append((row.gates, row.gate_expires_at))

    assert seen == [
        (("b", "a", "c"), 80.0),
        (("b", "a", "c"), 90.0),
        (("a", "c"), 95.0),
        (("a",), None),
        ((), None),
        ((), None),
    ]


def test_a_run_waits_when_nobody_drives_it_and_nothing_but_gates_is_open(ledger):
    lease, _ = begin(ledger, started("start", 1), gate("deploy"))

    def status():
        found = [row.run for row in ledger.runs(RunQuery(status=ledger.run(lease.run).status)).rows]
        assert found == [lease.run]
        return ledger.run(lease.run).status

    seen = [status()]
    lease.release()
    seen.append(status())
    lease, _ = ledger.take(lease.run, 5.0)
    ledger.append(lease, Commit([succeeded("start")]))
    lease.release()
    seen.append(status())
    lease, epoch = ledger.take(lease.run, 6.0)
    ledger.append(lease, Commit([DriverChanged(6.0, "here", 1, epoch), decided("deploy")]))
    lease.release()
    seen.append(status())

    assert seen == ["running", "interrupted", "waiting", "interrupted"]
    assert ledger.oldest_live_run() == 1.0


def test_a_run_that_ended_waits_at_no_gate(ledger):
    lease, _ = begin(ledger, gate("deploy", expires_at=90.0))
    ledger.append(lease, Commit([finished("cancelled")]))
    row = ledger.run(lease.run)

    assert (row.status, row.gates, row.gate_expires_at) == ("cancelled", (), None)
    assert list(ledger.check()) == []


def test_a_finished_run_says_how_it_ended(ledger):
    lease, _ = begin(ledger, started("start", 1), failed("start"))
    ledger.append(lease, Commit([finished("failed", failed_key="start", cause="exception", message="no luck")]))
    row = ledger.run(lease.run)

    assert (
        row.status,
        row.finished_at,
        row.failed_key,
        row.cause,
        row.message,
    ) == ("failed", 9.0, "start", "exception", "no luck")
    assert row.task_counts == {"failed": 1}


def test_the_summaries_of_tasks_are_the_runs_metrics_and_later_ones_win(ledger):
    lease, _ = begin(ledger, started("a", 1), started("b", 2))
    ledger.append(lease, Commit([succeeded("a", summary={"f1": 0.5, "name": "x"})]))
    ledger.append(lease, Commit([succeeded("b", summary={"f1": 0.75, "ok": True, "none": None})]))

    assert ledger.run(lease.run).metrics == {"f1": 0.75, "name": "x", "ok": True, "none": None}


def test_a_run_that_is_not_there_names_near_ones(ledger):
    for _ in range(3):
        begin(ledger)
    with pytest.raises(NotFound) as missing:
        ledger.find_run("Churn", 4)
    with pytest.raises(NotFound) as unknown:
        ledger.find_run("Chrun", 1)

    assert missing.value.choices == ("Churn/3", "Churn/2", "Churn/1")
    assert unknown.value.choices == ("Churn",)


def test_flows_are_listed_by_name(ledger):
    for flow in ("Beta", "Alpha", "Beta"):
        begin(ledger, flow=flow)

    assert ledger.flows() == ["Alpha", "Beta"]


def test_runs_come_newest_first_in_pages_that_miss_and_repeat_nothing(ledger):
    for _ in range(7):
        begin(ledger)
    pages = [ledger.runs(RunQuery(limit=3))]
    begin(ledger)
    while pages[-1].cursor is not None:
        pages.append(ledger.runs(RunQuery(limit=3, cursor=pages[-1].cursor)))

    assert [[row.label for row in page.rows] for page in pages] == [[7, 6, 5], [4, 3, 2], [1]]


def test_a_page_that_just_holds_all_is_the_last(ledger):
    for _ in range(3):
        begin(ledger)

    assert ledger.runs(RunQuery(limit=3)).cursor is None


def test_pages_by_a_status_that_no_row_holds_are_full_too(ledger):
    leases = [begin(ledger)[0] for _ in range(9)]
    for lease in leases[::2]:
        lease.release()
    first = ledger.runs(RunQuery(status="interrupted", limit=3))
    second = ledger.runs(RunQuery(status="interrupted", limit=3, cursor=first.cursor))

    assert [[row.label for row in page.rows] for page in (first, second)] == [[9, 7, 5], [3, 1]]
    assert second.cursor is None


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        (RunQuery(flow="Churn"), [4, 3, 2, 1]),
        (RunQuery(flow="Other"), []),
        (RunQuery(user="bob"), [2]),
        (RunQuery(status="succeeded"), [3]),
        (RunQuery(tags=("red",)), [2, 1]),
        (RunQuery(tags=("red", "user:ada")), [1]),
        (RunQuery(since=3.0), [4, 3]),
        (RunQuery(until=3.0), [2, 1]),
        (RunQuery(since=2.0, until=3.0, user="bob"), [2]),
        (RunQuery(parameters={"alpha": digest("1")}), [4, 1]),
        (RunQuery(parameters={"alpha": digest("1"), "beta": digest("2")}), [4]),
        (RunQuery(parameters={"beta": digest("1")}), []),
    ],
)
def test_runs_are_found_by_what_is_known_of_them(ledger, query, labels):
    begin(ledger, at=1.0, tags=("red",), system_tags=("user:ada",), parameters={"alpha": small_ref("1")})
    begin(ledger, at=2.0, tags=("red",), user="bob")
    begin(ledger, finished(), at=3.0)
    begin(ledger, at=4.0, parameters={"alpha": small_ref("1"), "beta": small_ref("2")})

    assert labels == [row.label for row in ledger.runs(query).rows]


def test_a_task_row_says_what_its_events_said(ledger):
    usage = Usage(2.0, 3.0, "there", 5, compute=0.5)
    lease, _ = begin(ledger, started("start", 1), succeeded("start", "train"))
    ledger.append(lease, Commit([started("train", 2, parents=["start"], at=4.0)]))
    end = succeeded("train", "end", at=5.0, usage=usage, reads={"data": digest("d")})
    ledger.append(lease, Commit([end]))
    (row,) = ledger.tasks(TaskQuery(lease.run, step="train")).rows

    assert (
        row.key,
        row.label,
        row.attempt,
        row.status,
        row.started_at,
        row.finished_at,
    ) == ("train", 2, 0, "succeeded", 4.0, 5.0)
    assert (row.parent, row.parents) == ("start", ("start",))
    assert (end.transition, usage, {"data": digest("d")}) == (row.transition, row.usage, row.reads)


def test_a_retried_task_keeps_all_its_attempts(ledger):
    error = TaskError("ValueError", "no")
    lease, _ = begin(ledger, started("train", 1))
    ledger.append(lease, Commit([failed("train", error=error, retry_at=9.0, usage=Usage(pid=11))]))
    assert [attempt.status for attempt in ledger.attempts(lease.run, "train")] == ["failed"]
    assert ledger.tasks(TaskQuery(lease.run)).rows[0].status == "retrying"
    ledger.append(lease, Commit([started("train", 1, attempt=1, at=9.0)]))
    ledger.append(lease, Commit([succeeded("train", attempt=1, at=12.0, usage=Usage(pid=12))]))
    first, second = ledger.attempts(lease.run, "train")

    assert (0, "failed", 2.0, 3.0, error, 11) == (
        first.attempt,
        first.status,
        first.started_at,
        first.finished_at,
        first.error,
        first.usage.pid,
    )
    assert (
        second.attempt,
        second.status,
        second.started_at,
        second.finished_at,
        second.error,
        second.usage.pid,
    ) == (1, "succeeded", 9.0, 12.0, None, 12)
    assert ledger.run(lease.run).task_counts == {"succeeded": 1}


def test_several_turns_of_one_task_in_one_commit_give_the_same_rows_as_in_many(ledger):
    turns = [
        started("train", 1),
        failed("train", retry_at=4.0),
        started("train", 1, attempt=1, at=4.0),
        failed("train", attempt=1, at=5.0, retry_at=6.0),
        DriverChanged(5.5, "here", 1, 2),
        started("train", 1, attempt=2, at=6.0),
        DriverChanged(6.5, "here", 2, 3),
        started("train", 1, attempt=3, at=7.0),
        succeeded("train", attempt=3, at=8.0),
    ]
    one, _ = begin(ledger)
    many, _ = begin(ledger)
    ledger.append(one, Commit(turns))
    for turn in turns:
        ledger.append(many, Commit([turn]))

    def told(run):
        rows = ledger.tasks(TaskQuery(run)).rows
        statuses = [(row.attempt, row.status, row.started_at, row.finished_at) for row in ledger.attempts(run, "train")]
        return [(row.status, row.attempt, row.finished_at) for row in rows], statuses, ledger.run(run).task_counts

    assert told(one.run) == told(many.run)
    assert [status for _, status, *_ in told(one.run)[1]] == ["failed", "failed", "lost", "succeeded"]


def test_open_tasks_are_cancelled_when_the_run_ends(ledger):
    lease, _ = begin(ledger, started("a", 1), started("b", 2), started("c", 3), failed("b", retry_at=9.0), failed("c"))
    ledger.append(lease, Commit([finished("failed")]))

    assert [row.status for row in ledger.tasks(TaskQuery(lease.run)).rows] == ["cancelled", "cancelled", "failed"]
    assert ledger.run(lease.run).task_counts == {"cancelled": 2, "failed": 1}


def test_tasks_come_by_label_in_pages(ledger):
    lease, _ = begin(ledger, *(started(f"body/start.{index}", 5 - index) for index in range(5)))
    first = ledger.tasks(TaskQuery(lease.run, limit=3))
    second = ledger.tasks(TaskQuery(lease.run, limit=3, cursor=first.cursor))

    assert [[row.label for row in page.rows] for page in (first, second)] == [[1, 2, 3], [4, 5]]
    assert second.cursor is None


@pytest.mark.parametrize(
    ("asked", "labels"),
    [
        ({}, [1, 2, 3]),
        ({"step": "train"}, [2, 3]),
        ({"status": "running"}, [3]),
        ({"status": "succeeded", "step": "train"}, [2]),
        ({"keys": ("start", "train/start.1", "nothing")}, [1, 3]),
        ({"label": 2}, [2]),
        ({"follows": "start"}, [2, 3]),
        ({"follows": "train/start.0"}, []),
    ],
)
def test_tasks_are_found_by_what_is_known_of_them(ledger, asked, labels):
    lease, _ = begin(ledger, started("start", 1), succeeded("start", "train", width=2))
    ledger.append(
        lease,
        Commit([started("train/start.0", 2, parents=["start"]), started("train/start.1", 3, parents=["start"])]),
    )
    ledger.append(lease, Commit([succeeded("train/start.0", "join")]))

    assert labels == [row.label for row in ledger.tasks(TaskQuery(lease.run, **asked)).rows]


def test_a_task_that_never_was_has_no_followers(ledger):
    lease, _ = begin(ledger)

    assert Page(()) == ledger.tasks(TaskQuery(lease.run, follows="nothing"))


def test_artifacts_come_with_their_headers_and_only_from_where_they_were_set(ledger):
    lease, _ = begin(ledger, started("start", 1))
    model = Ref(digest("model"), "numpy/1", "numpy.ndarray", 10, (digest("b1"), digest("b2")))
    ledger.append(
        lease,
        Commit([succeeded("start", artifacts={"model": model})], headers={digest("model"): Header(shape=(3,))}),
    )
    ledger.append(lease, Commit([started("train", 2, parents=["start"])]))
    ledger.append(lease, commit(succeeded("train", artifacts={"x": small_ref("x"), "y": small_ref("y")}), texts="xy"))
    found = ledger.artifacts(lease.run, ["start", "train"])

    assert ArtifactRow(lease.run, "start", "model", model, Header(shape=(3,))) == found[0]
    assert [(row.key, row.name) for row in found] == [("start", "model"), ("train", "x"), ("train", "y")]
    assert [row.name for row in ledger.artifacts(lease.run, ["start", "train"], "y")] == ["y"]
    assert ledger.artifacts(lease.run, []) == []


def test_the_indexed_items_of_a_foreach_are_no_artifact_of_the_task(ledger):
    lease, _ = begin(ledger, started("start", 1))
    ledger.append(lease, commit(succeeded("start", "body", width=2, items=small_ref("[1,2]")), texts=["[1,2]"]))

    assert ledger.artifacts(lease.run, ["start"]) == []
    assert ledger.visible(lease.run, "start") == {}
    assert [held.path for held in ledger.references()] == ["Churn/1/start/1/_items"]


def test_a_task_sees_what_it_set_and_what_it_inherited(ledger):
    lease, _ = begin(ledger, started("start", 1))
    ledger.append(lease, Commit([succeeded("start", "a", artifacts={"x": small_ref("1"), "y": small_ref("1")})]))
    ledger.append(lease, Commit([started("a", 2, parents=["start"])]))
    ledger.append(lease, Commit([succeeded("a", "b", artifacts={"y": small_ref("2")})]))
    ledger.append(lease, Commit([started("b", 3, parents=["a"])]))
    ledger.append(lease, Commit([succeeded("b", "end", artifacts={"z": small_ref("3")})]))
    seen = ledger.visible(lease.run, "b")

    assert {name: (row.key, text) for name, row in seen.items() for text in "123" if row.ref == small_ref(text)} == {
        "x": ("start", "1"),
        "y": ("a", "2"),
        "z": ("b", "3"),
    }


def test_a_join_inherits_nothing(ledger):
    lease, _ = begin(ledger, started("a", 1), started("b", 2))
    ledger.append(lease, Commit([succeeded("a", "j", artifacts={"x": small_ref("1")}), succeeded("b", "j")]))
    ledger.append(lease, Commit([started("j", 3, parents=["a", "b"])]))
    ledger.append(lease, Commit([started("k", 4, parents=["a"], inherits=False)]))

    assert ledger.visible(lease.run, "j") == {}
    assert ledger.visible(lease.run, "k") == {}
    assert (lambda row: (row.parent, row.parents))(ledger.tasks(TaskQuery(lease.run, step="j")).rows[0]) == (
        None,
        ("a", "b"),
    )
    assert (lambda row: (row.parent, row.parents))(ledger.tasks(TaskQuery(lease.run, step="k")).rows[0]) == (
        None,
        ("a",),
    )


def test_a_wide_join_finds_all_tasks_that_it_follows_and_they_find_it(ledger):
    lease, _ = begin(ledger, started("start", 1), succeeded("start", "fan", width=2))
    label = 1
    closing = {}
    for outer in range(2):
        label += 1
        fan = f"fan/start.{outer}"
        ledger.append(lease, Commit([started(fan, label, parents=["start"]), succeeded(fan, "body", width=100)]))
        closing[outer] = []
        for inner in range(100):
            label += 1
            key = f"body/start.{outer}/fan.{inner}"
            # Every tenth goes through another step before it comes to the join.
            target = "more" if inner % 10 == 0 else "join"
            ledger.append(lease, Commit([started(key, label, parents=[fan]), succeeded(key, target)]))
            if target == "more":
                label += 1
                key, before = f"more/start.{outer}/fan.{inner}", key
                ledger.append(lease, Commit([started(key, label, parents=[before]), succeeded(key, "join")]))
            closing[outer].append(key)
    for outer in range(2):
        label += 1
        parents = closing[outer]
        event = started(f"join/start.{outer}", label, parents=parents[:64], parent_count=len(parents))
        ledger.append(lease, Commit([event]))

    for outer in range(2):
        join = f"join/start.{outer}"
        assert set(closing[outer]) == set(ledger.parents_of(lease.run, join))
        assert len(ledger.parents_of(lease.run, join)) == 100
        for key in (closing[outer][0], closing[outer][99]):
            assert [join] == [row.key for row in ledger.tasks(TaskQuery(lease.run, follows=key)).rows]


def test_a_task_of_few_parents_lists_them_in_the_order_of_its_inputs(ledger):
    lease, _ = begin(ledger, started("a", 1), started("b", 2), succeeded("a", "j"), succeeded("b", "j"))
    ledger.append(lease, Commit([started("j", 3, parents=["b", "a"])]))

    assert ledger.parents_of(lease.run, "j") == ["b", "a"]
    assert [row.key for row in ledger.tasks(TaskQuery(lease.run, follows="b")).rows] == ["j"]
    assert ledger.parents_of(lease.run, "a") == []


def test_lineage_finds_who_set_and_who_read_a_value(ledger):
    lease, _ = begin(ledger, started("a", 1))
    ledger.append(lease, Commit([succeeded("a", "b", artifacts={"x": small_ref("v")})]))
    ledger.append(lease, Commit([started("b", 2, parents=["a"])]))
    ledger.append(lease, Commit([succeeded("b", reads={"x": digest("v")})]))
    other, _ = begin(
        ledger, reused("a", 1, "b", origin="Churn/1/a/1", artifacts={"x": small_ref("v")}, reads={"p": digest("p")})
    )

    assert [(other.run, "a", "x", True), (lease.run, "a", "x", True), (lease.run, "b", "x", False)] == ledger.users_of(
        digest("v")
    )
    assert [(other.run, "a", "p", False)] == ledger.users_of(digest("p"))
    assert len(ledger.users_of(digest("v"), limit=1)) == 1
    assert ledger.users_of(digest("nobody")) == []


def test_a_reused_task_is_finished_and_says_where_it_ran(ledger):
    lease, _ = begin(ledger, reused("start", 1, "end", origin="Churn/1/start/1", artifacts={"x": small_ref("v")}))
    (row,) = ledger.tasks(TaskQuery(lease.run)).rows

    assert (row.status, row.origin, row.transition.targets) == ("succeeded", "Churn/1/start/1", ("end",))
    assert list(ledger.visible(lease.run, "start")) == ["x"]
    assert ledger.run(lease.run).task_counts == {"succeeded": 1}


def test_a_caught_failure_is_finished_and_not_successful(ledger):
    lease, _ = begin(ledger, started("start", 1))
    error = TaskError("ValueError", "no")
    ledger.append(lease, Commit([succeeded("start", "end", is_caught=True, error=error, cause="exception")]))
    (row,) = ledger.tasks(TaskQuery(lease.run)).rows

    assert ("caught", "exception", error) == (row.status, row.cause, row.error)


def test_user_tags_are_removed_then_added(ledger):
    lease, _ = begin(ledger, tags=("a",), system_tags=("user:ada",))

    assert ledger.tag_run(lease.run, ["b", "c", "user:ada"], ["a", "never"]) == ("b", "c")
    assert ledger.tag_run(lease.run, ["c"], ["c", "b"]) == ("c",)
    assert (lambda row: (row.tags, row.system_tags))(ledger.run(lease.run)) == (("c",), ("user:ada",))


@pytest.mark.parametrize(
    ("add", "remove"),
    [([""], []), (["x" * 501], []), ([f"tag {number}" for number in range(50)], []), (["new"], ["user:ada"])],
)
def test_tags_that_cannot_be_are_refused_and_nothing_changes(ledger, add, remove):
    lease, _ = begin(ledger, tags=("a",), system_tags=("user:ada",))
    with pytest.raises(TagRefused):
        ledger.tag_run(lease.run, add, [*remove, "a"] if remove else remove)

    assert (lambda row: (row.tags, row.system_tags))(ledger.run(lease.run)) == (("a",), ("user:ada",))


@pytest.mark.parametrize("letter", ["\n", "\r", "\0", "\x1b", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066", "\ud800"])
def test_tags_that_no_reader_sees_as_they_are_are_refused(ledger, letter):
    lease, _ = begin(ledger)
    with pytest.raises(TagRefused, match=f"U\\+{ord(letter):04X}") as refused:
        ledger.tag_run(lease.run, [f"good{letter}"], [])

    assert str(refused.value).isprintable() or "\n\nhint" in str(refused.value)
    assert letter not in str(refused.value).replace("\n", "", 2)
    assert ledger.run(lease.run).tags == ()


@pytest.mark.parametrize("tag", ["émigré", "数据", "👩‍🔬", "a b", "نموذج", "<b>", "'; drop", "n\u00a0b", "e\u0301"])
def test_tags_of_all_languages_are_taken(ledger, tag):
    lease, _ = begin(ledger)

    assert ledger.tag_run(lease.run, [tag], []) == (tag,)


def test_tags_from_before_are_shown_and_taken_away(ledger):
    lease, _ = begin(ledger, tags=("two\nlines",))

    assert ledger.run(lease.run).tags == ("two\nlines",)
    assert ledger.tag_run(lease.run, [], ["two\nlines"]) == ()


def test_fifty_tags_of_five_hundred_characters_are_taken(ledger):
    lease, _ = begin(ledger, system_tags=("user:ada",))
    tags = [f"{number:02}" + "x" * 498 for number in range(50)]

    assert tuple(tags) == ledger.tag_run(lease.run, tags, [])


def test_a_finished_run_can_be_tagged_and_annotated(ledger):
    lease, _ = begin(ledger, finished())
    ledger.tag_run(lease.run, ["good"], [])
    ledger.annotate(lease.run, "the one")

    assert (lambda row: (row.tags, row.note))(ledger.run(lease.run)) == (("good",), "the one")


def test_small_objects_are_read_back_and_missing_ones_left_out(ledger):
    begin(ledger, small={digest("1"): b"1", digest("2"): b"22"})

    assert {digest("1"): b"1", digest("2"): b"22"} == ledger.small([digest("2"), digest("3"), digest("1")])
    assert {(digest("1"), 1), (digest("2"), 2)} == set(ledger.small_sizes())


def test_only_small_objects_that_nobody_holds_are_deleted(ledger):
    texts = ["parameter", "artifact", "items", "tree", "nobody"]
    begin(
        ledger,
        started("start", 1),
        succeeded("start", "body", width=1, items=small_ref("items"), artifacts={"x": small_ref("artifact")}),
        parameters={"alpha": small_ref("parameter")},
        code=CodeSource("/project", "churn.py", "churn", "Churn", digest("tree")),
        small={digest(text): text.encode() for text in texts},
        headers={digest(text): Header() for text in texts},
    )
    deleted = ledger.delete_small([digest(text) for text in [*texts, "never"]])

    assert [digest("nobody")] == deleted
    assert {digest(text) for text in texts[:4]} == {found for found, _ in ledger.small_sizes()}


def test_everything_that_a_run_holds_is_named(ledger):
    begin(
        ledger,
        started("start", 1),
        succeeded("start", "body", width=1, items=small_ref("items"), artifacts={"x": small_ref("artifact")}),
        parameters={"alpha": small_ref("parameter")},
        code=CodeSource("/project", "churn.py", "churn", "Churn", digest("tree")),
    )
    held = {reference.path: reference for reference in ledger.references()}

    assert {"Churn/1/_code", "Churn/1/_parameters/alpha", "Churn/1/start/1/_items", "Churn/1/start/1/x"} == set(held)
    assert digest("tree") == held["Churn/1/_code"].tree
    assert small_ref("artifact") == held["Churn/1/start/1/x"].ref


def test_the_oldest_run_that_is_not_finished_is_known(ledger):
    assert ledger.oldest_live_run() is None
    begin(ledger, finished(), at=1.0)
    lease, _ = begin(ledger, at=2.0)
    begin(ledger, at=3.0)
    lease.release()

    assert ledger.oldest_live_run() == 2.0


def test_a_check_of_a_whole_ledger_finds_nothing(ledger):
    lease, _ = begin(
        ledger,
        started("start", 1),
        small={digest("v"): b"v"},
        parameters={"p": small_ref("v")},
    )
    ledger.append(lease, Commit([failed("start", retry_at=5.0)]))
    ledger.append(lease, Commit([started("start", 1, attempt=1)]))
    end = succeeded("start", attempt=1, artifacts={"x": small_ref("v")}, reads={"p": digest("v")}, summary={"f1": 1})
    ledger.append(lease, Commit([end, finished()]))
    begin(ledger)

    assert list(ledger.check()) == []


def test_a_run_whose_driver_is_gone_is_worth_knowing(ledger):
    lease, _ = begin(ledger, started("start", 1))
    lease.release()
    (finding,) = ledger.check()

    assert (finding.kind, finding.where, finding.severity) == ("run-without-driver", "Churn/1", "info")
    assert "Churn/1/start/1" in finding.found
    assert "headwater resume Churn/1" in finding.remedy


def test_a_small_object_that_is_missing_is_named_by_what_holds_it(ledger):
    begin(ledger, started("start", 1), succeeded("start", artifacts={"x": small_ref("v")}), finished())
    (finding,) = ledger.check(is_quick=True)

    assert ("missing-object", "Churn/1/start/1/x", digest("v")) == (finding.kind, finding.where, finding.digest)


def test_the_same_run_is_not_started_twice(ledger):
    first = run_started()
    ledger.start_run(Commit([first]))
    with pytest.raises(Exception, match=r"started before|UNIQUE"):
        ledger.start_run(Commit([first]))

    assert len(ledger.runs(RunQuery()).rows) == 1
