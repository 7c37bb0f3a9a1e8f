from headwater.web.api.run_stream import last_event


def keys(events):
    return [task["key"] for event in events for task in event.value.get("tasks", ())]


def test_a_stream_tells_what_happens_from_now_on(site, history):
    run = history.run()
    run.task("start")

    def act(events):
        if len(events) == 1:
            run.begin("train", ["start"])
        if len(events) == 2:
            run.succeed("train")
            run.task("end", after=["train"])
            run.finish()

    events = site.stream("/runs/Churn/1/stream", 4, then=act)

    assert [event.name for event in events] == ["changes", "changes", "changes", "end"]
    assert events[0].value["run"]["path"] == "Churn/1"
    assert events[0].value["tasks"] == []
    assert keys(events[1:2]) == ["train"]
    assert keys(events[2:3]) == ["train", "end"]
    assert events[2].value["run"]["status"] == "succeeded"


def test_a_stream_goes_on_behind_the_last_event_without_loss_or_doubles(site, history):
    run = history.run()
    run.task("start")
    run.task("train", after=["start"])

    first = site.stream("/runs/Churn/1/stream", 1, after=1)
    run.task("end", after=["train"])
    run.finish()
    rest = site.stream("/runs/Churn/1/stream", 2, last_id=first[0].id)

    assert (first[0].value["after"], first[0].value["to"], first[0].id) == (1, 5, "5")
    assert (rest[0].value["after"], rest[0].value["to"]) == (5, 8)
    assert keys(first) == ["start", "train"]
    assert keys(rest) == ["end"]
    assert rest[1].name == "end"


def test_many_events_come_in_bounded_messages(site, history):
    run = history.run("Fan", {"start": ("foreach", ["score"]), "score": ("linear", ["end"]), "end": ("end", [])})
    run.task("start")
    run.tasks([f"score/start.{index}" for index in range(700)], {}, "start")

    events = site.stream("/runs/Fan/1/stream", 3, after=0)

    spans = [(event.value["after"], event.value["to"]) for event in events]
    assert spans == [(0, 500), (500, 1000), (1000, 1403)]
    assert {f"score/start.{index}" for index in range(700)} <= set(keys(events))


def test_a_note_is_told_though_it_is_no_event(site, history):
    run = history.run()
    run.task("start")

    def act(events):
        if len(events) == 1:
            site.home.ledger.annotate(run.started.run, "look at this")

    events = site.stream("/runs/Churn/1/stream", 2, then=act)

    assert events[1].value["run"]["note"] == "look at this"
    assert events[1].id == events[0].id


def test_the_last_event_is_found_whatever_their_number(home, history):
    run = history.run()
    for count in range(2, 40):
        run.begin("start")
        assert last_event(home.ledger, run.started.run) == count
