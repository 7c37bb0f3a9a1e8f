import asyncio
import os
import sys

import pytest

from headwater import FlowSpec, Parameter, Runner, approval, current, project, step
from headwater.model.errors import HeadwaterError, ParameterMistake, UserMistake
from tests.runner.small_flow import SmallFlow

FILE = os.path.join(os.path.dirname(__file__), "small_flow.py")


class HereFlow(FlowSpec):
    """Defined in a test, without a file of its own."""

    start_at = Parameter("start_at", default=1)

    @step
    def start(self):
        self.process = os.getpid()
        self.value = self.start_at + 1
        self.next(self.end)

    @step
    def end(self):
        pass


@pytest.fixture
def home(tmp_path):
    return str(tmp_path / "home")


def test_a_file_runs_to_its_end_and_gives_its_run(home):
    with Runner(FILE, show_output=False, home=home, env={"SMALL_FLOW_PLACE": "here"}) as runner:
        executing = runner.run(alpha=2, settings="--odd text", tags=["first", "second"], note="why")

    assert (executing.status, executing.returncode) == ("successful", 0)
    assert (executing.run.data.total, executing.run["start"].task.data.place) == (12, "here")
    assert executing.run.parameters == {"alpha": 2.0, "settings": "--odd text", "is_broken": False}
    assert (executing.run.user_tags, executing.run.note) == ({"first", "second"}, "why")
    assert "doubled 1" in executing.stderr


def test_a_failed_run_is_given_too_and_resumes(home):
    with Runner(FILE, show_output=False, home=home) as runner:
        failed = runner.run(is_broken=True)
        resumed = runner.resume(origin_run_id=failed.run.id, is_broken=False)

    assert (failed.status, failed.returncode, failed.run.status) == ("failed", 1, "failed")
    assert "broken on purpose" in failed.run["join"].task.exception.stacktrace
    assert (resumed.status, resumed.run.origin_pathspec) == ("successful", failed.run.pathspec)
    assert resumed.run["start"].task.origin_pathspec == failed.run["start"].task.pathspec


def test_output_is_shown_as_it_comes(home, capsys):
    with Runner(FILE, home=home) as runner:
        executing = runner.run()
        shown = capsys.readouterr()

    assert (shown.out, shown.err) == (executing.stdout, executing.stderr)


def test_what_ends_before_a_run_began_says_why(home):
    with Runner(FILE, show_output=False, home=home) as runner, pytest.raises(HeadwaterError, match="alpha"):
        runner.run(alpha="much")


def test_an_option_that_is_none_names_the_nearest():
    with pytest.raises(UserMistake, match="did you mean `max_workers`"):
        Runner(FILE, max_worker=1)


def test_a_started_run_is_waited_for_and_its_output_streamed(home):
    async def start_and_wait():
        async with Runner(FILE, show_output=False, home=home) as runner:
            executing = await runner.async_run()
            lines = [line async for _, line in executing.stream_log("stderr")]
            await executing.wait()
            return executing.status, lines, executing.stderr

    status, lines, stderr = asyncio.run(start_and_wait())

    assert status == "successful"
    assert lines == stderr.splitlines()


def test_a_stream_goes_on_where_an_earlier_one_stopped(home):
    async def stream_twice():
        async with Runner(FILE, show_output=False, home=home) as runner:
            executing = await (await runner.async_run()).wait()
            (first, _), *rest = [found async for found in executing.stream_log("stderr")]
            again = [found async for found in executing.stream_log("stderr", first)]
            return rest, again

    rest, again = asyncio.run(stream_twice())

    assert rest == again
    assert rest


def test_waiting_too_long_stops_the_run(home, tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    flow = tmp_path / "waiting.py"
    flow.write_text(
        "from headwater import FlowSpec, step\n\n\n"
        "class Waiting(FlowSpec):\n"
        "    @step\n"
        "    def start(self):\n"
        f"        open({str(gate)!r}).read()\n"
        "        self.next(self.end)\n\n"
        "    @step\n"
        "    def end(self):\n"
        "        pass\n"
    )

    async def wait_shortly():
        async with Runner(str(flow), show_output=False, home=home) as runner:
            executing = await runner.async_run()
            with pytest.raises(TimeoutError):
                await executing.wait(timeout=0.01)
            return executing

    executing = asyncio.run(wait_shortly())

    assert executing.status == "timeout"
    assert executing.run.status == "cancelled"


def test_a_class_runs_in_this_process(home):
    executing = Runner(HereFlow, in_process=True, home=home).run(start_at=4, tags="here")

    assert (executing.status, executing.run.data.value, executing.run.data.process) == ("successful", 5, os.getpid())
    assert executing.run.user_tags == {"here"}


def test_a_file_runs_in_this_process(home, capsys):
    executing = Runner(FILE, in_process=True, home=home).run()

    assert executing.run.data.total == 12
    assert capsys.readouterr().out == "doubled 1\ndoubled 2\ndoubled 3\n"


def test_a_failure_in_this_process_is_kept_in_the_run(home):
    executing = Runner(SmallFlow, in_process=True, home=home).run(is_broken=True)

    assert (executing.status, executing.returncode) == ("failed", 1)
    assert executing.run["join"].task.exception.exception == "broken on purpose"


def test_environment_and_folder_of_a_run_in_this_process_are_put_back(home, tmp_path, monkeypatch):
    monkeypatch.setenv("SMALL_FLOW_PLACE", "before")
    before, folder = dict(os.environ), os.getcwd()

    executing = Runner(
        SmallFlow, in_process=True, home=home, env={"SMALL_FLOW_PLACE": "env", "SMALL_FLOW_NEW": "1"}, cwd=str(tmp_path)
    ).run()

    assert executing.run["start"].task.data.place == "env"
    assert (dict(os.environ), os.getcwd()) == (before, folder)


def test_a_wrong_parameter_in_this_process_stores_nothing(home):
    with pytest.raises(ParameterMistake):
        Runner(SmallFlow, in_process=True, home=home).run(alpha="much")

    assert not os.path.exists(os.path.join(home, "runs"))


def test_a_class_that_is_written_in_no_file_is_refused(monkeypatch):
    monkeypatch.setattr(sys.modules[HereFlow.__module__], "__file__", None)

    with pytest.raises(UserMistake, match="written in no file"):
        Runner(HereFlow, in_process=True)


@pytest.mark.parametrize("in_process", [False, True])
def test_a_step_sees_its_own_run_and_the_home_of_its_run(home, monkeypatch, in_process):
    monkeypatch.setenv("HEADWATER_USER", "ann")
    file = os.path.join(os.path.dirname(__file__), "looking_flow.py")

    with Runner(file, show_output=False, home=home, in_process=in_process) as runner:
        data = runner.run().run.data

    assert (data.run_path, data.task_path) == ("LookingFlow/1", "LookingFlow/1/end/2")
    assert (data.status, data.seen, data.namespace, data.runs) == ("running", 1, "user:ann", ["LookingFlow/1"])
    assert (data.run.pathspec, data.run.successful) == ("LookingFlow/1", True)


@project(name="fraud")
class WaitingFlow(FlowSpec):
    """Waits before its end."""

    @step
    def start(self):
        self.branch = (current.branch_name, current.is_production)
        self.next(self.end)

    @approval
    @step
    def end(self):
        pass


@pytest.mark.parametrize("in_process", [True, False])
@pytest.mark.parametrize(
    ("options", "branch"),
    [({}, ("user.ann", False)), ({"branch": "new"}, ("test.new", False)), ({"production": True}, ("prod", True))],
)
def test_a_run_that_waits_for_an_approval_has_neither_succeeded_nor_failed(home, in_process, options, branch):
    environ = {"HEADWATER_USER": "ann"}
    flow = WaitingFlow if in_process else f"{__file__}:WaitingFlow"
    with Runner(flow, show_output=False, home=home, env=environ, in_process=in_process, **options) as runner:
        executing = runner.run()

    assert (executing.status, executing.returncode) == ("waiting", 0)
    assert not executing.run.finished
    assert executing.run["start"].task.data.branch == branch
