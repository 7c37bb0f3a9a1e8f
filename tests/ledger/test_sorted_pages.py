"""Whatever is sorted, filtered and cut into pages: each row comes once, in the order of a plain sort of all rows."""

import math
from contextlib import contextmanager

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.ledger.memory import MemoryLedger
from headwater.model.artifact import Header, Ref
from headwater.model.errors import CursorRefused
from headwater.model.outcome import TaskError, Usage
from headwater.model.overviews import ArtifactQuery, FlowQuery
from headwater.model.ports import Commit
from headwater.model.production import Project
from headwater.model.rows import STATUSES, FiringQuery, PublishedQuery, RunQuery, TaskQuery
from tests.ledger.ledger_stories import (
    begin,
    digest,
    event,
    failed,
    finished,
    planned,
    skipped,
    small_ref,
    started,
    succeeded,
)

FEW = settings(max_examples=60, deadline=None)
WORDS = st.sampled_from(["alpha", "Alpha", "beta", "Zoë", "émile", "a b", "x%y_z", "'"])
SAME = st.sampled_from(["alpha", "Alpha", "beta"])
NUMBERS = st.sampled_from([0.0, 1.0, 1.5, 2.0, 10.0])
PAGE = st.integers(1, 7)


@contextmanager
def opened():
    ledger = MemoryLedger()
    try:
        yield ledger
    finally:
        ledger.close()


def follow(ask, query, between=lambda: None):
    """Take all pages; something may happen between two of them."""
    page = ask(query)
    found = list(page.rows)
    while page.cursor is not None:
        assert len(page.rows) == query.limit
        between()
        page = ask(msgspec.structs.replace(query, cursor=page.cursor))
        found += page.rows
    return found


def in_order(rows, value, is_ascending):
    """Sort rows that come in rising order of what decides between equal ones; those without a value come last."""
    valued = [row for row in rows if value(row) is not None]
    others = [row for row in rows if value(row) is None]
    ordered = [*sorted(valued, key=value), *others]
    if is_ascending:
        return ordered
    return [*sorted(valued, key=value)[::-1], *others[::-1]]


# Runs and flows

RUNS = st.lists(
    st.tuples(
        st.sampled_from(["Beta", "alpha", "Gamma"]),
        WORDS,
        st.sampled_from(["", "fraud", "Sales"]),
        st.one_of(st.none(), NUMBERS),
        st.one_of(st.none(), NUMBERS),
        st.sampled_from([None, "0.5", "10", "9", "-3", "red", "Blue", "-"]),
    ),
    min_size=3,
    max_size=9,
)


def add_run(ledger, facts):
    flow, user, project, took, metric, parameter = facts
    summary = {} if metric is None else {"f1": metric}
    given = {} if parameter is None else {"parameters": {"alpha": small_ref(parameter)}}
    lease, first = begin(
        ledger,
        started("a", 1),
        succeeded("a", summary=summary),
        flow=flow,
        user=user,
        host=user[::-1],
        project=Project(project, "user.ada") if project else None,
        small={} if parameter is None else {digest(parameter): b""},
        headers={} if parameter is None else {digest(parameter): Header(preview=parameter)},
        at=100.0,
        **given,
    )
    ledger.annotate(first.run, user.upper())
    if took is not None:
        ledger.append(lease, Commit([finished("failed" if took == 1.0 else "succeeded", at=100.0 + took)]))


def number_or_word(text):
    """Numbers come before words."""
    try:
        return (0, float(text), "")
    except ValueError:
        return (1, 0.0, text.lower())


RUN_VALUES = {
    "started": lambda row: 0,
    "finished": lambda row: math.inf if row.finished_at is None else row.finished_at,
    "duration": lambda row: math.inf if row.finished_at is None else row.finished_at - row.started_at,
    "flow": lambda row: row.flow.lower(),
    "user": lambda row: lowered(row.user),
    "status": lambda row: STATUSES.index(row.status),
    "project": lambda row: row.project.lower(),
    "host": lambda row: lowered(row.host),
    "note": lambda row: lowered(row.note),
    "metric": lambda row: row.metrics.get("f1"),
}


def lowered(text):
    """SQLite's `lower` knows the letters of ASCII."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


@FEW
@given(rows=RUNS, later=RUNS, limit=PAGE, is_ascending=st.booleans(), data=st.data())
def test_runs_come_once_each_in_order_also_while_others_start(rows, later, limit, is_ascending, data):
    sort = data.draw(st.sampled_from([*RUN_VALUES, "parameter"]))
    flow = data.draw(st.sampled_from([None, "Beta"]))
    projects = data.draw(st.sampled_from([None, ("",), ("fraud", "Sales"), ()]))
    with opened() as ledger:
        for facts in rows:
            add_run(ledger, facts)
        everything = ledger.runs(RunQuery(limit=100, is_ascending=True)).rows
        parameter = {row.run: facts[5] for row, facts in zip(everything, rows, strict=True)}

        def value(row):
            if sort != "parameter":
                return RUN_VALUES[sort](row)
            text = parameter[row.run]
            return None if text is None else number_or_word(text)

        query = RunQuery(
            sort=sort,
            sort_metric="f1",
            sort_parameter="alpha",
            is_ascending=is_ascending,
            limit=limit,
            flow=flow,
            projects=projects,
        )
        coming = iter(later)
        found = follow(ledger.runs, query, lambda: [add_run(ledger, facts) for facts in [next(coming, None)] if facts])
        known = {row.run for row in everything}

        wanted = [
            row for row in everything if flow in (None, row.flow) and (projects is None or row.project in projects)
        ]
        assert [row.run for row in found if row.run in known] == [
            row.run for row in in_order(wanted, value, is_ascending)
        ]
        assert len({row.run for row in found}) == len(found)


@FEW
@given(rows=RUNS, limit=PAGE, is_ascending=st.booleans(), sort=st.sampled_from(["flow", "runs", "last"]))
def test_flows_come_once_each_in_order(rows, limit, is_ascending, sort):
    with opened() as ledger:
        for facts in rows:
            add_run(ledger, facts)
        everything = sorted(ledger.flow_rows(), key=lambda row: row.flow)
        values = {"flow": lambda row: row.flow.lower(), "runs": lambda row: row.runs, "last": lambda row: 100.0}

        found = follow(ledger.list_flows, FlowQuery(sort=sort, is_ascending=is_ascending, limit=limit))

    assert found == in_order(everything, values[sort], is_ascending)


# Tasks and artifacts

TASKS = st.lists(
    st.tuples(
        st.sampled_from(["train", "Score"]),
        NUMBERS,
        st.one_of(st.none(), NUMBERS),
        st.sampled_from([0.0, 1.0, 2.0]),
        st.sampled_from([None, "ValueError", "keyError"]),
        NUMBERS,
    ),
    min_size=3,
    max_size=9,
)

TASK_VALUES = {
    "label": lambda row: row.label,
    "step": lambda row: row.step,
    "status": lambda row: row.status,
    "started": lambda row: row.started_at,
    "finished": lambda row: math.inf if row.finished_at is None else row.finished_at,
    "waited": lambda row: row.started_at - row.ready_at if row.ready_at else None,
    "duration": lambda row: math.inf if row.finished_at is None else row.finished_at - row.started_at,
    "cpu": lambda row: row.usage.user_cpu + row.usage.system_cpu,
    "peak_memory": lambda row: row.usage.peak_memory_bytes,
    "attempts": lambda row: row.attempt,
    "error": lambda row: None if row.error is None else f"{row.error.type}: {row.error.message}".lower(),
}


def events_of(label, facts):
    step, at, took, ready, error, cpu = facts
    key = f"{step}/start~1.{label}"
    usage = Usage(user_cpu=cpu, system_cpu=cpu / 2, peak_memory_bytes=int(cpu))
    yield started(key, label, at=at + 10, ready_at=at + 10 - ready if ready else 0.0)
    if took is None:
        return
    if error is None:
        yield succeeded(key, at=at + 10 + took, usage=usage)
    else:
        yield failed(key, at=at + 10 + took, error=TaskError(error, "no rows"), usage=usage)


@FEW
@given(
    rows=TASKS,
    later=TASKS,
    limit=PAGE,
    is_ascending=st.booleans(),
    is_driven=st.booleans(),
    sort=st.sampled_from(list(TASK_VALUES)),
    step=st.sampled_from([None, "train"]),
)
def test_tasks_come_once_each_in_order_also_while_others_start(rows, later, limit, is_ascending, is_driven, sort, step):
    with opened() as ledger:
        lease, first = begin(ledger, *(each for label, facts in enumerate(rows, 1) for each in events_of(label, facts)))
        if not is_driven:
            lease.release()
        everything = ledger.tasks(TaskQuery(first.run)).rows
        query = TaskQuery(first.run, sort=sort, is_ascending=is_ascending, limit=limit, step=step)
        coming = iter(enumerate(later, len(rows) + 1))

        def add():
            label, facts = next(coming, (0, None))
            if facts is not None and is_driven:
                ledger.append(lease, Commit(list(events_of(label, facts))))

        found = follow(ledger.tasks, query, add)

        wanted = in_order([row for row in everything if step in (None, row.step)], TASK_VALUES[sort], is_ascending)
        assert [row.label for row in found if row.label <= len(rows)] == [row.label for row in wanted]
        assert len({row.label for row in found}) == len(found)


NAMED = st.dictionaries(
    WORDS, st.tuples(st.sampled_from(["int", "pandas.DataFrame"]), st.integers(0, 3)), min_size=1, max_size=3
)


@FEW
@given(
    runs=st.lists(st.tuples(st.sampled_from(["", "fraud"]), st.lists(NAMED, max_size=3)), max_size=4),
    limit=PAGE,
    is_ascending=st.booleans(),
    sort=st.sampled_from(["run", "name", "type", "size"]),
    search=st.sampled_from(["", "alpha", "data"]),
    projects=st.sampled_from([None, ("fraud",), ("",), ()]),
)
def test_artifacts_come_once_each_in_order(runs, limit, is_ascending, sort, search, projects):
    with opened() as ledger:
        for project, tasks in runs:
            events = []
            for label, named in enumerate(tasks, 1):
                key = f"train/start~1.{label}"
                refs = {
                    name: Ref(digest(f"{name}{size}"), "json/1", kind, size) for name, (kind, size) in named.items()
                }
                events += [started(key, label), succeeded(key, artifacts=refs)]
            begin(ledger, *events, project=Project(project, "user.ada") if project else None)
        everything = ledger.artifacts_named(ArtifactQuery(limit=1000)).rows
        query = ArtifactQuery(sort=sort, is_ascending=is_ascending, limit=limit, search=search, projects=projects)

        found = follow(ledger.artifacts_named, query)

    wanted = [
        row
        for row in everything
        if (projects is None or row.project in projects)
        and (search in row.name.casefold() or search in row.ref.type.casefold())
    ]
    keys = {
        "name": lambda row: (row.name, row.ref.type, row.run_label, row.label),
        "type": lambda row: (row.ref.type, row.run_label, row.label, row.name),
        "size": lambda row: (row.ref.size, row.run_label, row.label, row.name),
        # A task's own go by name, both ways.
        "run": lambda row: (row.run_label, row.label, 0),
    }
    by_name = sorted(wanted, key=lambda row: row.name)
    assert found == sorted(by_name, key=keys[sort], reverse=not is_ascending)


# Firings and published events

FIRINGS = st.lists(
    st.tuples(
        st.sampled_from(["Churn@production", "fraud.Bid@user.ann", "ads.Bid@production"]),
        st.sampled_from(["schedule:daily", "event", "Person"]),
        st.one_of(st.none(), NUMBERS),
        st.booleans(),
    ),
    min_size=3,
    max_size=9,
)
FIRING_VALUES = {
    "at": lambda row: 0,
    "slot": lambda row: row.slot,
    "target": lambda row: row.target.lower(),
    "source": lambda row: row.source.lower(),
    "verdict": lambda row: row.verdict,
}


def fire(ledger, number, facts):
    target, source, slot, has_run = facts
    how = planned if has_run else skipped
    ledger.launch([how(f"k{number}", target=target, source=source, slot=slot)])


@FEW
@given(
    rows=FIRINGS,
    later=FIRINGS,
    limit=PAGE,
    is_ascending=st.booleans(),
    sort=st.sampled_from(list(FIRING_VALUES)),
    targets=st.sampled_from([None, ("Churn@production",), ("ads.Bid@production", "fraud.Bid@user.ann"), ()]),
    verdicts=st.sampled_from([(), ("started",), ("skipped", "missed")]),
)
def test_firings_come_once_each_in_order_also_while_others_are_recorded(
    rows, later, limit, is_ascending, sort, targets, verdicts
):
    with opened() as ledger:
        for number, facts in enumerate(rows):
            fire(ledger, number, facts)
        everything = ledger.firings(FiringQuery(is_ascending=True)).rows
        query = FiringQuery(sort=sort, is_ascending=is_ascending, limit=limit, targets=targets, verdicts=verdicts)
        coming = iter(enumerate(later, len(rows)))
        found = follow(ledger.firings, query, lambda: [fire(ledger, *each) for each in [next(coming, None)] if each])
        named = ledger.firing_targets()

    wanted = [
        row
        for row in everything
        if (targets is None or row.target in targets) and (not verdicts or row.verdict in verdicts)
    ]
    known = {row.key for row in everything}
    assert [row for row in found if row.key in known] == in_order(wanted, FIRING_VALUES[sort], is_ascending)
    assert len({row.key for row in found}) == len(found)
    assert {row.target for row in everything} <= set(named)


@FEW
@given(
    rows=st.lists(
        st.tuples(WORDS, WORDS, st.sampled_from([None, "fraud.prod", "ads.user.ann"])), min_size=3, max_size=9
    ),
    limit=PAGE,
    is_ascending=st.booleans(),
    sort=st.sampled_from(["at", "name", "source"]),
    search=st.sampled_from(["", "ALPHA", "%"]),
    projects=st.sampled_from([None, ("fraud",), ()]),
)
def test_events_come_once_each_in_order_also_while_others_are_told(rows, limit, is_ascending, sort, search, projects):
    with opened() as ledger:
        for number, (name, source, scope) in enumerate(rows):
            ledger.publish(event(f"e{number}", name, source=source, scope=scope))
        everything = ledger.published()
        query = PublishedQuery(sort=sort, is_ascending=is_ascending, limit=limit, search=search, projects=projects)
        coming = iter(range(3))

        def tell():
            for number in [next(coming, None)]:
                if number is not None:
                    ledger.publish(event(f"n{number}", "alpha", source="beta"))

        found = follow(ledger.list_published, query, tell)

    values = {"at": lambda row: 0, "name": lambda row: row.name, "source": lambda row: lowered(row.source)}
    part = search.casefold()
    wanted = [
        row
        for row in everything
        if (part in row.name.casefold() or part in row.source.casefold())
        and (projects is None or row.scope is None or row.scope.partition(".")[0] in projects)
    ]
    assert [row for row in found if row.id.startswith("e")] == in_order(wanted, values[sort], is_ascending)
    assert len({row.id for row in found}) == len(found)


# Cursors


@pytest.mark.parametrize(
    ("ask", "query", "other"),
    [
        ("firings", FiringQuery(limit=1), FiringQuery(limit=1, sort="target")),
        ("firings", FiringQuery(limit=1), FiringQuery(limit=1, is_ascending=True)),
        ("firings", FiringQuery(limit=1), FiringQuery(limit=1, source="event")),
        ("list_published", PublishedQuery(limit=1), PublishedQuery(limit=1, sort="name")),
        ("list_published", PublishedQuery(limit=1), PublishedQuery(limit=1, search="a")),
        ("runs", RunQuery(limit=1), RunQuery(limit=1, sort="user")),
        ("list_flows", FlowQuery(limit=1), FlowQuery(limit=1, sort="runs")),
        ("artifacts_named", ArtifactQuery(limit=1, sort="size"), ArtifactQuery(limit=1, sort="type")),
        (
            "artifacts_named",
            ArtifactQuery(limit=1, sort="size"),
            ArtifactQuery(limit=1, sort="size", is_ascending=True),
        ),
    ],
)
def test_a_cursor_of_another_order_or_filter_is_refused(ask, query, other):
    with opened() as ledger:
        for number in range(2):
            fire(ledger, number, ("Churn@production", "event", None, False))
            ledger.publish(event(f"e{number}"))
            artifacts = {"x": Ref(digest("x"), "json/1", "int", 1)}
            begin(ledger, started("a", 1), succeeded("a", artifacts=artifacts), flow=f"Flow{number}")
        cursor = getattr(ledger, ask)(query).cursor

        assert getattr(ledger, ask)(msgspec.structs.replace(query, limit=5, cursor=cursor)).rows
        for wrong in (cursor, "odd", "5b315d", cursor + "00"):
            with pytest.raises(CursorRefused):
                getattr(ledger, ask)(msgspec.structs.replace(other, cursor=wrong))
