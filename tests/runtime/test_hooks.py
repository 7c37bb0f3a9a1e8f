"""Exit hooks are called after the run in processes of their own; whatever they do, the run has ended as it has."""

import os

import pytest

from headwater.model.errors import UserMistake
from headwater.runtime import hooks
from headwater.runtime.execute import RunOptions
from headwater.runtime.hooks import HookEnded, HookWrote
from headwater.store.lines import read_lines
from tests.runtime.gated_flows import Gated, Hanging, Hooked


def ended(desk):
    return [(each.name, each.message) for each in desk.seen if isinstance(each, HookEnded)]


def printed(desk, name):
    return [
        (line.stream, line.text)
        for each in desk.seen
        if isinstance(each, HookWrote) and each.name == name
        for line in each.lines
    ]


def test_hooks_are_called_one_after_the_other_when_the_run_has_ended(desk):
    row = desk.start(Hooked)

    assert row.status == "succeeded"
    assert ended(desk) == [("tell", ""), ("shout", "failed with exit code 1")]
    assert desk.kinds().index("RunFinished") < desk.kinds().index("HookWrote")
    assert desk.noted() == ["told of Hooked/1: True"]
    assert printed(desk, "tell") == [("stdout", "told")]
    # The two streams come through pipes of their own, in no order between them.
    errors = [text for stream, text in printed(desk, "shout") if stream == "stderr"]
    assert errors[-1] == "ValueError: nobody listens"


def test_what_a_hook_prints_is_kept_beside_the_logs_of_the_run(desk):
    row = desk.start(Hooked)
    log = os.path.join(desk.home.run_folder(row.run), "hook.shout.log")

    lines = [line.text for line in read_lines(log, stream="stdout")]
    assert lines == ["shouted", "and failed"]


def test_a_failed_run_calls_the_hooks_for_errors_alone(desk):
    row = desk.start(Hooked, fails=True)

    assert row.status == "failed"
    assert [name for name, _ in ended(desk)] == ["shout"]


def test_a_hook_that_hangs_is_stopped_when_its_time_is_over(desk):
    def see(happening):
        if isinstance(happening, HookWrote):
            desk.now += hooks.HOOK_SECONDS

    desk.on = see
    row = desk.start(Hanging)

    assert row.status == "succeeded"
    assert ended(desk) == [("hang", "was stopped: hooks may take 60 s")]


def test_whoever_interrupts_does_not_wait_for_hooks(desk):
    desk.on = lambda happening: isinstance(happening, HookWrote) and desk.interrupts.add()
    row = desk.start(Hanging)

    assert row.status == "succeeded"
    assert ended(desk) == [("hang", "was stopped: interrupted")]


def test_a_run_knows_its_project_and_branch(desk):
    row = desk.start(Hooked)
    user = desk.home.user

    assert desk.run(row)["start"].task.data.known == ("fraud", f"user.{user}", False, True, f"fraud.user.{user}.Hooked")
    assert {"project:fraud", f"project_branch:user.{user}"} <= set(row.system_tags)


def test_a_run_may_be_on_another_branch(desk):
    row = desk.start(Hooked, options=RunOptions(max_workers=1, branch="prod", is_production=True))

    assert desk.run(row)["start"].task.data.known == ("fraud", "prod", True, False, "fraud.prod.Hooked")
    assert desk.run(row).parameters["table"] == "prod.scores"


def test_a_branch_of_a_flow_in_no_project_is_refused_before_anything_is_stored(desk):
    with pytest.raises(UserMistake, match="Gated belongs to no project") as raised:
        desk.start(Gated, options=RunOptions(max_workers=1, branch="test.x"))

    assert '@project(name="...")' in raised.value.hint
    assert desk.home.ledger.flows() == []
