from tests.client.history import FOREACH


def test_a_task_tells_which_of_its_step_come_before_and_after(site, history):
    run = history.run("Fan", FOREACH, parameters={"alpha": 0.5})
    run.task("start", {"items": [0, 1, 2]})
    keys = [f"score/start.{index}" for index in range(3)]
    run.tasks(keys, {key: {"score": 1} for key in keys}, "start")
    run.task("join")

    def beside(task):
        found = site.get(f"/runs/Fan/1/tasks/{task}/beside").value
        return [found[side] and found[side]["path"] for side in ("previous", "next")]

    assert beside("score/2") == [None, "Fan/1/score/3"]
    assert beside("score/3") == ["Fan/1/score/2", "Fan/1/score/4"]
    assert beside("score/4") == ["Fan/1/score/3", None]
    assert beside("join/5") == [None, None]
    assert site.get("/runs/Fan/1/tasks/score/9/beside").status == 404
