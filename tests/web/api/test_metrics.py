import os
from array import array

from headwater.store.points import NO_STEP, Points, encode_points
from headwater.web.reading.metric_files import thinned
from tests.client.history import BEGIN


def log_points(home, run, key, names, rows, attempt=0):
    """Append (name number, step, value) rows to an attempt's points."""
    folder = home.run_folder(run.started.run)
    os.makedirs(folder, exist_ok=True)
    numbers, steps, values = zip(*rows, strict=True)
    times = array("d", [BEGIN + number for number in range(len(rows))])
    points = Points(tuple(names), array("H", numbers), array("q", steps), times, array("d", values))
    with open(os.path.join(folder, f"{run.label_by_key[key]}.{attempt}.points"), "ab") as file:
        file.write(encode_points(points))


def trained(history, **facts):
    run = history.run(**facts)
    run.task("start")
    run.begin("train", ["start"])
    return run


def test_the_metrics_of_a_run_are_listed(site, home, history):
    run = trained(history)
    log_points(home, run, "train", ["loss", "a/b"], [(0, 1, 0.5), (1, 1, 7.0)])
    log_points(home, run, "start", ["loss"], [(0, 1, 0.5)])

    assert site.get("/runs/Churn/1/metrics").value == {
        "rows": [{"name": "a/b", "tasks": 1}, {"name": "loss", "tasks": 2}],
        "summary": {},
        "is_cut": False,
    }


def test_a_metric_is_a_curve_of_each_task(site, home, history):
    run = trained(history)
    log_points(home, run, "train", ["loss", "a/b"], [(0, 1, 0.5), (1, 1, 7.0), (0, 2, 0.25)])
    log_points(home, run, "train", ["loss"], [(0, NO_STEP, float("nan"))])

    found = site.get("/runs/Churn/1/metrics/loss").value

    curve = found["rows"][0]
    assert (curve["task"], curve["steps"], curve["values"]) == (
        "Churn/1/train/2",
        [1, 2, None],
        [0.5, 0.25, None],
    )
    assert site.get("/runs/Churn/1/metrics/a/b").value["rows"][0]["values"] == [7.0]
    assert site.get("/runs/Churn/1/metrics/nothing").value["rows"] == []


def test_curves_come_page_by_page(site, home, history):
    run = trained(history)
    for key in ("start", "train"):
        log_points(home, run, key, ["loss"], [(0, 1, 0.5)])

    first = site.get("/runs/Churn/1/metrics/loss", limit=1).value
    rest = site.get("/runs/Churn/1/metrics/loss", limit=1, cursor=first["cursor"]).value

    assert [row["label"] for row in first["rows"] + rest["rows"]] == [1, 2]
    assert rest["cursor"] is None
    assert [row["label"] for row in site.get("/runs/Churn/1/metrics/loss", task=2).value["rows"]] == [2]


def test_a_reused_task_shows_the_points_of_where_it_ran(site, home, history):
    run = history.run()
    run.task("start")
    log_points(home, run, "start", ["loss"], [(0, 1, 0.5)])
    run.finish("failed")
    again = history.run(origin="Churn/1")
    again.reuse("start", run)

    assert [row["task"] for row in site.get("/runs/Churn/2/metrics/loss").value["rows"]] == ["Churn/2/start/1"]


def test_thinning_out_keeps_every_peak_and_both_ends():
    values = array("d", [0.0] * 100_000)
    values[54_321], values[77_777], values[-1] = 9.0, -9.0, 3.0

    kept = thinned(values, 100)

    assert len(kept) <= 100
    assert {0, 54_321, 77_777, 99_999} <= set(kept)
    assert list(kept) == sorted(set(kept))


def test_thinning_out_keeps_peaks_beside_what_is_no_number():
    values = array("d", [float("nan")] * 1000)
    values[500], values[501] = 5.0, float("inf")

    assert 500 in thinned(values, 10)
    assert len(thinned(values, 10)) <= 10


def test_points_are_followed_as_they_are_logged(site, home, history):
    run = trained(history)
    log_points(home, run, "train", ["loss"], [(0, 1, 0.5)])

    def act(events):
        if len(events) == 1:
            log_points(home, run, "train", ["loss"], [(0, 2, 0.25)])
            run.succeed("train")
            run.task("end", after=["train"])
            run.finish()

    events = site.stream("/runs/Churn/1/points/stream", 3, then=act, after="1.0:0")

    assert [event.value.get("values") for event in events] == [[0.5], [0.25], None]
    assert events[2].name == "end"
    rest = site.stream("/runs/Churn/1/points/stream", 2, last_id=events[0].id)
    assert [event.value.get("values") for event in rest] == [[0.25], None]
