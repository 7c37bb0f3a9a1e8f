import pytest

from headwater.client import session
from headwater.client.objects import Flow, Metaflow, Run, Task
from headwater.model.errors import NamespaceMismatch, NotFound, TagRefused, UserMistake


@pytest.fixture
def two_users(history):
    history.run(user="ann").finish()
    history.run(user="bob", tags=["shared"]).finish()
    history.run("Other", user="bob").finish()


def test_the_default_namespace_is_the_users(two_users):
    assert session.default_namespace() == "user:ann"
    assert session.get_namespace() == "user:ann"


def test_a_namespace_hides_the_runs_of_others(two_users):
    session.namespace("user:ann")

    assert [run.id for run in Flow("Churn")] == ["1"]
    assert [flow.id for flow in Metaflow()] == ["Churn"]
    assert Flow("Churn").latest_run.id == "1"
    with pytest.raises(NamespaceMismatch, match="user:ann"):
        Run("Churn/2")
    with pytest.raises(NamespaceMismatch):
        Flow("Other")


def test_without_a_namespace_all_runs_are_seen(two_users):
    session.namespace(None)

    assert [run.id for run in Flow("Churn")] == ["2", "1"]
    assert [flow.id for flow in Metaflow()] == ["Churn", "Other"]


def test_any_tag_can_be_a_namespace(two_users):
    session.namespace("shared")

    assert [run.id for run in Flow("Churn")] == ["2"]


def test_an_object_keeps_the_namespace_that_was_in_force_when_it_was_made(two_users):
    session.namespace("user:ann")
    flow = Flow("Churn")
    session.namespace(None)

    assert [run.id for run in flow] == ["1"]


def test_an_object_tells_whether_it_is_in_the_namespace(two_users):
    session.namespace("user:ann")

    assert Run("Churn/1").is_in_namespace()
    assert not Run("Churn/2", _namespace_check=False).is_in_namespace()


@pytest.mark.parametrize("wrong", ["", 3])
def test_what_is_no_tag_is_no_namespace(home, wrong):
    with pytest.raises(UserMistake):
        session.namespace(wrong)


def test_metadata_names_the_home(home, two_users, tmp_path):
    assert f"local@{home.path}" == session.get_metadata()
    assert f"local@{tmp_path}/nothing" == session.metadata(f"local@{tmp_path}/nothing")
    with pytest.raises(NotFound, match="no store"):
        Flow("Churn")

    session.metadata(home.path)

    assert Flow("Churn").id == "Churn"


def test_a_service_cannot_be_read(home):
    with pytest.raises(UserMistake):
        session.metadata("service@somewhere")


def test_children_show_the_tags_of_their_run_as_they_are_now(history):
    run = history.run(tags=["first"])
    run.task("start", {"x": 1})
    task, artifact = Task("Churn/1/start/1"), Task("Churn/1/start/1")["x"]

    Run("Churn/1").add_tag("späte 🏷")

    assert {"first", "späte 🏷"} == task.user_tags == artifact.user_tags == task.parent.user_tags
    assert {"first", "späte 🏷", "user:ann"} == task.tags
    assert {"user:ann"} == task.system_tags


def test_tags_are_added_removed_and_replaced(history):
    history.run(tags=["a"])
    run = Run("Churn/1")

    run.add_tags(["b", b"c"])
    run.remove_tag("a")
    run.remove_tags(["b"])
    run.replace_tag("c", "d")
    run.replace_tags(["d"], ["e", "f"])

    assert {"e", "f"} == run.user_tags


def test_a_system_tag_stays(history):
    history.run(tags=["a"])
    run = Run("Churn/1")

    run.add_tag("user:ann")
    with pytest.raises(TagRefused):
        run.replace_tags(["user:ann"], ["b"])

    assert ({"a"}, {"user:ann"}) == (run.user_tags, run.system_tags)
