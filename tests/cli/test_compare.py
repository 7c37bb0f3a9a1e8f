import json


def test_what_differs_between_runs_is_shown_side_by_side(story, call):
    story.run(parameters={"alpha": 0.5}, environment={"numpy": "1"}).whole()
    story.run(parameters={"alpha": 0.7}, environment={"numpy": "2"}).whole()

    out = call("compare", "Churn/1", "Churn/2").out

    for line in ("parameters  Churn/1  Churn/2", "alpha           0.5      0.7", "numpy        1        2"):
        assert line.split() in [found.split() for found in out.splitlines()]
    assert "artifacts" not in out


def test_the_json_has_one_value_a_run(story, call):
    story.run(parameters={"alpha": 0.5}).whole()
    story.run().whole()

    compared = json.loads(call("compare", "Churn/1", "Churn/2", "--json").out)

    assert compared["runs"] == ["Churn/1", "Churn/2"]
    assert compared["parameters"] == [{"name": "alpha", "values": [0.5, None]}]
    assert compared["metrics"] == []


def test_many_differences_are_cut_unless_all_are_wanted(story, call):
    story.run(environment={f"package{number}": "1" for number in range(30)}).whole()
    story.run().whole()

    cut = call("compare", "Churn/1", "Churn/2").out
    whole = call("compare", "Churn/1", "Churn/2", "--all").out

    assert "and 10 more: --all" in cut
    assert cut.count("package") == 20
    assert whole.count("package") == 30


def test_equal_runs_say_so_and_one_run_is_refused(story, call):
    story.run().whole()
    story.run().whole()

    assert call("compare", "Churn/1", "Churn/2").out.startswith("the runs differ in nothing but their times")
    assert call("compare", "Churn/1").code == 2
