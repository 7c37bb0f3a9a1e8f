def run(history, alpha, score, **facts):
    run = history.run(parameters={"alpha": alpha}, **facts)
    run.task("start", {"score": score, "same": "as ever"}, summary={"f1": score})
    run.finish()


def test_runs_are_compared_by_what_differs(site, history):
    run(history, 0.5, 0.7, environment={"python": "3.11.7", "numpy": "1.26"})
    run(history, 0.9, 0.8, environment={"python": "3.11.7", "numpy": "2.0"})

    found = site.get("/compare", run=["Churn/1", "Churn/2"]).value

    assert [each["path"] for each in found["runs"]] == ["Churn/1", "Churn/2"]
    assert found["parameters"] == [{"name": "alpha", "values": [0.5, 0.9]}]
    assert found["metrics"] == [{"name": "f1", "values": [0.7, 0.8]}]
    assert found["environment"] == [{"name": "numpy", "values": ["1.26", "2.0"]}]
    assert [each["name"] for each in found["artifacts"]] == ["start.score"]
    assert [value["preview"] for value in found["artifacts"][0]["values"]] == ["0.7", "0.8"]
    assert found["timing"] == [{"name": "start", "values": [1.0, 1.0]}]
    assert (found["counts"]["artifacts"], found["is_cut"]) == (1, False)


def test_two_to_twenty_runs_are_compared(site, history):
    for _ in range(3):
        run(history, 0.5, 0.7)

    assert site.get("/compare", run=["Churn/1", "Churn/2", "Churn/3"]).status == 200
    assert site.get("/compare", run="Churn/1").status == 400
    assert site.get("/compare", run=["Churn/1", "Churn/1"]).status == 400
    assert site.get("/compare", run=[f"Churn/{number}" for number in range(1, 22)]).status == 400
    assert site.get("/compare", run=["Churn/1", "Churn/9"]).status == 404
    assert site.get("/compare", run=["Churn/1", "Churn"]).status == 400
    assert site.get("/compare").status == 400


def test_a_run_that_one_does_not_see_is_not_compared(site, history):
    run(history, 0.5, 0.7)
    run(history, 0.5, 0.7)
    site.people["eve"] = {"fraud": "viewer"}

    assert site.get("/compare", run=["Churn/1", "Churn/2"], who="eve").status == 404


def test_long_values_are_cut(site, history):
    run(history, "x" * 100_000, 0.7)
    run(history, "y" * 100_000, 0.7)

    assert len(site.get("/compare", run=["Churn/1", "Churn/2"]).body) < 10_000
