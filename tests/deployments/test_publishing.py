import msgspec
import pytest

from headwater.deployments.publishing import MOST_PAYLOAD_BYTES, publish
from headwater.integrations import ArgoEvent
from headwater.model.current import facts
from headwater.model.errors import UserMistake
from headwater.model.masking import Masker, masking


@pytest.fixture
def tell(desk):
    def tell(name="data_ready", payload=None, **more):
        return publish(desk.home.ledger, name, payload or {}, user="ann", at=desk.tick(), **more)

    return tell


def values(event):
    return {field: msgspec.json.decode(value) for field, value in event.payload.items()}


def test_an_event_is_kept_with_its_payload_and_who_published_it(desk, tell):
    event = tell(payload={"day": "2025-01-01", "rows": 7, "parts": [1, None], "ok": True})

    assert values(event) == {"day": "2025-01-01", "rows": 7, "parts": [1, None], "ok": True}
    assert (event.source, event.run, event.scope) == ("user:ann", None, None)
    assert desk.home.ledger.published() == [event]


def test_an_event_with_the_same_id_is_the_same_event(desk, tell):
    first = tell(payload={"n": 1}, event_id="a")

    assert tell(payload={"n": 2}, event_id="a") == first
    assert len(desk.home.ledger.published()) == 1


def test_events_without_an_id_are_told_apart(desk, tell):
    assert tell().id != tell().id


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", "é", "a\n", "run.finished", "a" * 256, 7, None])
def test_a_name_that_cannot_be_is_refused(desk, tell, name):
    with pytest.raises(UserMistake, match="name of an event"):
        tell(name)
    assert desk.home.ledger.published() == []


@pytest.mark.parametrize("name", ["data_ready", "a.b.c", "a:b", "orders/daily", "X" * 255])
def test_usual_names_are_fine(tell, name):
    assert tell(name).name == name


@pytest.mark.parametrize("event_id", ["", "a b", "run:01J", "a\n", "a" * 256])
def test_an_id_that_cannot_be_is_refused(tell, event_id):
    with pytest.raises(UserMistake, match="id of an event"):
        tell(event_id=event_id)


@pytest.mark.parametrize("payload", [{"x": object()}, {"": 1}, {3: "x"}, {"x": {object()}}])
def test_a_payload_that_is_no_json_is_refused_with_its_field(desk, tell, payload):
    with pytest.raises(UserMistake, match="data_ready"):
        tell(payload=payload)
    assert desk.home.ledger.published() == []


def test_a_payload_that_is_too_large_is_refused(tell):
    tell(payload={"x": "a" * (MOST_PAYLOAD_BYTES - 3)})
    with pytest.raises(UserMistake, match="65537 bytes"):
        tell(payload={"x": "a" * (MOST_PAYLOAD_BYTES - 2)})


INSIDE = {"flow_name": "Churn", "run_id": "17"}


def test_inside_a_step_an_event_carries_the_run(tell):
    with facts(INSIDE):
        event = tell()

    assert (event.source, event.run, event.scope) == ("Churn", "Churn/17", None)


def test_only_the_same_project_and_branch_hear_what_a_step_of_it_publishes(tell):
    with facts({**INSIDE, "project_name": "fraud", "branch_name": "user.ann"}):
        desk_run = tell()
    with facts({**INSIDE, "project_name": "fraud", "branch_name": "x", "deployment": "fraud.Churn@production"}):
        deployed = tell()

    assert (desk_run.scope, desk_run.source) == ("fraud.user.ann", "Churn")
    assert (deployed.scope, deployed.source) == ("fraud.prod", "fraud.Churn@production")


def test_what_a_shadow_publishes_starts_nobody(tell):
    with facts({**INSIDE, "deployment": "Churn@shadow.4"}):
        assert tell().scope == "Churn.shadow.4"
    with facts({**INSIDE, "deployment": "Churn@production"}):
        assert tell().scope is None


def test_secrets_of_the_step_are_masked_in_what_it_publishes(tell):
    with masking(Masker(["hunter22", "12345678"])):
        event = tell(payload={"url": "db://ann:hunter22@host", "number": 12345678, "list": [12345678], "ok": 1})

    assert values(event) == {"url": "db://ann:***@host", "number": "***", "list": "***", "ok": 1}


@pytest.fixture
def stored(desk, monkeypatch):
    monkeypatch.setenv("HEADWATER_HOME", desk.home_folder)
    monkeypatch.setenv("HEADWATER_USER", "ann")
    return desk.home.ledger.published


def test_events_of_other_schedulers_are_published(stored):
    event = ArgoEvent("data_ready", payload={"a": 1}).add_to_payload("b", "x")
    event_id = event.publish(payload={"c": None})

    assert [(each.id, values(each)) for each in stored()] == [(event_id, {"a": 1, "b": "x", "c": None})]


def test_a_safe_publish_does_nothing_outside_of_a_deployments_run(stored):
    assert ArgoEvent("data_ready").safe_publish() is None
    with facts(INSIDE):
        assert ArgoEvent("data_ready").safe_publish() is None
    assert stored() == []
    with facts({**INSIDE, "deployment": "Churn@production"}):
        assert ArgoEvent("data_ready").safe_publish() == stored()[0].id


def test_errors_are_ignored_unless_they_are_asked_for(stored):
    assert ArgoEvent("a b").publish() is None
    with pytest.raises(UserMistake):
        ArgoEvent("a b").publish(ignore_errors=False)
