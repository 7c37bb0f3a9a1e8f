from headwater.web.views.kept_answers import KeptAnswers
from tests.client.history import BEGIN


def counted(history, status):
    """A run, and what gives another answer each time that it is worked out."""
    run = history.run()
    run.task("start")
    if status != "running":
        run.finish(status)
    row = history.home.ledger.run(run.started.run)
    numbers = iter(range(1000))
    return row, lambda: str(next(numbers))


def test_an_answer_about_a_run_that_has_ended_is_worked_out_once(history):
    for status in ("succeeded", "failed", "cancelled"):
        kept = KeptAnswers()
        row, make = counted(history, status)

        assert [kept.of(row, str, make) for _ in range(3)] == ["0", "0", "0"]


def test_what_still_runs_is_looked_at_each_time(history):
    kept = KeptAnswers()
    row, make = counted(history, "running")

    assert [kept.of(row, str, make) for _ in range(3)] == ["0", "1", "2"]


def test_answers_of_other_runs_and_kinds_are_others(history):
    kept = KeptAnswers()
    one, make = counted(history, "succeeded")
    other, _ = counted(history, "succeeded")

    assert (kept.of(one, str, make), kept.of(other, str, make), kept.of(one, bytes, lambda: b"x")) == ("0", "1", b"x")
    assert kept.of(one, str, make) == "0"


def test_only_the_answers_that_were_asked_for_last_are_kept(history):
    kept = KeptAnswers()
    first, make = counted(history, "succeeded")
    many = [type(f"Kind{number}", (str,), {}) for number in range(70)]
    kept.of(first, str, make)
    for kind in many:
        kept.of(first, kind, kind)

    assert len(kept._kept) == 64
    assert kept.of(first, str, make) == "1"


def test_where_the_time_goes_is_told_anew_while_a_run_goes_on(site, history):
    run = history.run()
    run.task("start")
    early = site.get("/runs/Churn/1/blame").value
    run.task("train", after=["start"])
    late = site.get("/runs/Churn/1/blame").value
    run.task("end", after=["train"])
    run.finish()
    told = [site.get("/runs/Churn/1/blame").value for _ in range(2)]

    assert [len(each["steps"]) for each in (early, late, *told)] == [1, 2, 3, 3]
    assert told[0] == told[1]
    assert told[0]["duration"] < BEGIN
