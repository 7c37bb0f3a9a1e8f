"""The daemon's processes, for real: who starts whom, who outlives whom, and what comes of a run."""

import os
import select
import signal

import pytest

from headwater.deployments.aliases import Aliases
from headwater.deployments.launches import plan_launch
from headwater.deployments.stored import find_deployment
from headwater.model.events import Decide, DriverChanged, GateReached, RunStarted, TaskReused, TaskStarted
from headwater.model.ids import new_ulid
from headwater.model.launch import Trigger
from headwater.model.rows import RunQuery
from headwater.production.alerts.channel_book import SECRET_VARIABLES
from tests.production.daemon_scene import FLOW, DaemonScene, assert_no_finished_task_again, command_line, firings, rows

HEAD = """
import os

from headwater import FlowSpec, approval, current, run_policy, step


def note(line):
    descriptor = os.open(os.environ["EXECUTIONS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{line}\\n".encode())
    os.close(descriptor)

"""
HOLD = (
    HEAD
    + """
class HoldFlow(FlowSpec):
    @step
    def start(self):
        note(current.pathspec)
        self.next(self.hold)

    @step
    def hold(self):
        note(current.pathspec)
        with open(os.environ["TOLD"], "w") as told:
            told.write("holds ")
        with open(os.environ["LET_GO"]) as pipe:
            pipe.read(1)
        self.next(self.end)

    @step
    def end(self):
        note(current.pathspec)
        self.where = os.getcwd()
        self.secrets = sorted(name for name in os.environ if name.startswith("HEADWATER_ALERT"))
"""
)
FAILING = (
    HEAD
    + """
@run_policy(retries=2, minutes_between_retries=1)
class FailingFlow(FlowSpec):
    @step
    def start(self):
        note(current.pathspec)
        self.next(self.work)

    @step
    def work(self):
        note(current.pathspec)
        with open(os.environ["EXECUTIONS"]) as file:
            if file.read().count("/work/") < 3:
                raise RuntimeError("not yet")
        self.next(self.end)

    @step
    def end(self):
        pass
"""
)
GATED = (
    HEAD
    + """
class GatedFlow(FlowSpec):
    @step
    def start(self):
        note(current.pathspec)
        self.next(self.publish)

    @approval(role="deployer")
    @step
    def publish(self):
        note(current.pathspec)
        self.next(self.end)

    @step
    def end(self):
        pass
"""
)
SECRETS = """
import os

from headwater import FlowSpec, secrets, step


class SecretFlow(FlowSpec):
    @step
    def start(self):
        self.seen = sorted({"ONE_PASSWORD", "TWO_PASSWORD", "THREE_PASSWORD"} & set(os.environ))
        self.next(self.end)

    @secrets(sources=["env.%s"])
    @step
    def end(self):
        pass
"""


class Scene(DaemonScene):
    """A scene whose steps can be held and let go."""

    def __init__(self, folder, rate=600.0):
        super().__init__(folder, rate)
        for name in ("told", "go"):
            os.mkfifo(folder / name)
        self._told = os.open(folder / "told", os.O_RDWR | os.O_NONBLOCK)
        self._go = os.open(folder / "go", os.O_RDWR | os.O_NONBLOCK)

    def environ(self, **more):
        return super().environ(TOLD=str(self.folder / "told"), LET_GO=str(self.folder / "go"), **more)

    def run(self, target):
        """Ask for a run as a person does."""
        with self.opened() as home:
            state = Aliases(home.ledger).require(target)
            deployment = find_deployment(home.ledger, state.name, state.number)
            key = f"{target}/person:{new_ulid(self.begin, os.urandom(10))}"
            planned = plan_launch(
                home, state, deployment, key=key, source="person", trigger=Trigger("person", "ann"), at=self.clock.now()
            )
            (firing,) = home.ledger.launch([planned])
        return firing

    def wait_told(self, patience=60):
        assert select.select([self._told], [], [], patience)[0], self.console()
        return os.read(self._told, 4096).decode().split()

    def let_go(self):
        os.write(self._go, b"x")

    def wait_for_log(self, words):
        return self.wait_for(lambda home: words in self.console())

    def events(self, run):
        with self.opened() as home:
            return [event for _, event in home.ledger.events(run)]

    def close(self):
        super().close()
        os.close(self._told)
        os.close(self._go)


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path)
    yield made
    made.close()


def pid_of(scene, role):
    """Wait until there is a process of this role, and give it."""
    alive = scene.wait_for(
        lambda home: [pid for pid in scene.victims(None, "everything", None) if role in command_line(pid)]
    )
    (pid,) = alive
    return pid


def test_a_stopped_daemon_leaves_runs_to_the_next_one_which_continues_them_under_their_names(scene):
    scene.deploy(HOLD)
    daemon = scene.start()
    fired = scene.run("HoldFlow@production")
    assert scene.wait_told() == ["holds"]

    assert scene.stop(daemon) == 0
    assert scene.processes_left() == []
    with scene.opened() as home:
        assert home.ledger.run(fired.run).status == "interrupted"

    scene.start()
    assert scene.wait_told() == ["holds"]
    scene.let_go()
    (row,) = scene.wait_for_runs(1)
    assert row.run == fired.run
    assert [line.split("/")[2] for line in scene.executions.read_text().split()] == ["start", "hold", "hold", "end"]
    assert [event.epoch for event in scene.events(row.run) if isinstance(event, DriverChanged)] == [2]


def test_a_driver_finishes_its_run_when_everything_above_it_is_killed_and_the_next_daemon_leaves_it_alone(scene):
    scene.deploy(HOLD)
    daemon = scene.start()
    fired = scene.run("HoldFlow@production")
    scene.wait_told()
    for role in ("supervisor", "scheduler", "launcher"):
        for pid in scene.victims(daemon, role, None):
            os.kill(pid, signal.SIGKILL)
    daemon.wait()

    scene.start()
    scene.wait_for_log("leads")
    scene.let_go()
    scene.wait_for_runs(1)

    assert [event for event in scene.events(fired.run) if isinstance(event, DriverChanged)] == []
    assert len(scene.executions.read_text().split()) == 3


def test_a_child_that_dies_is_started_again_and_takes_no_other_with_it(scene):
    scene.deploy(HOLD)
    scene.start()
    scene.wait_for_log("leads")
    scheduler, alerter = pid_of(scene, "scheduler"), pid_of(scene, "alerter")

    os.kill(alerter, signal.SIGKILL)
    scene.wait_for_log("alerter was killed by SIGKILL: started again at once")

    assert pid_of(scene, "scheduler") == scheduler
    scene.run("HoldFlow@production")
    scene.wait_told()
    scene.let_go()
    scene.wait_for_runs(1)


def test_a_second_scheduler_waits_and_takes_over_within_seconds_of_a_kill(scene):
    scene.deploy(HOLD)
    first = scene.start("scheduler")
    scene.wait_for_log(f"leads, process {first.pid}")
    second = scene.start("scheduler")
    scene.wait_for_log(f"process {first.pid} is the scheduler: waiting")

    first.kill()
    scene.wait_for(lambda home: home.ledger.leader("scheduler") == second.pid, patience=20)

    scene.run("HoldFlow@production")
    scene.wait_told()
    scene.let_go()
    scene.wait_for_runs(1)


def test_a_failed_run_is_tried_again_and_keeps_what_it_had_finished(scene):
    scene.deploy(FAILING)
    scene.start()
    fired = scene.run("FailingFlow@production")

    def succeeded(home):
        found = rows(home)
        return found if found[-1].status == "succeeded" else None

    found = scene.wait_for(succeeded)

    first, second, third = found
    assert [row.status for row in found] == ["failed", "failed", "succeeded"]
    assert first.run == fired.run
    assert [second.origin, third.origin] == [first.path, second.path]
    keys = [row.launch.idempotency_key for row in found[1:]]
    assert keys == [f"{first.path}/retry:1", f"{first.path}/retry:2"]
    steps = [line.split("/")[2] for line in scene.executions.read_text().split()]
    assert steps == ["start", "work", "work", "work"]
    events = scene.events(third.run)
    assert [event.step for event in events if isinstance(event, TaskReused)] == ["start"]
    # It waits for the minute that the policy asks for.
    (began,) = [event.at for event in events if isinstance(event, TaskStarted) and event.step == "work"]
    assert began >= second.finished_at + 60


def test_a_run_at_a_gate_costs_no_process_until_somebody_decides(scene):
    scene.deploy(GATED)
    scene.start()
    fired = scene.run("GatedFlow@production")
    scene.wait_for_log("waits at a gate")
    with scene.opened() as home:
        assert home.ledger.run(fired.run).status == "waiting"
        assert home.ledger.owner(fired.run) is None
        (gate,) = [event for event in scene.events(fired.run) if isinstance(event, GateReached)]
        home.ledger.request(fired.run, Decide(scene.clock.now(), "ann", gate.step, "approved"))

    scene.wait_for_runs(1)
    assert [line.split("/")[2] for line in scene.executions.read_text().split()] == ["start", "publish"]


def test_a_damaged_package_is_not_run_and_the_run_names_the_file(scene):
    deployed = scene.deploy(HOLD)
    file = deployed.deployment.code.file
    with scene.opened() as home:
        digest = deployed.listing.files[file].digest
        path = os.path.join(home.path, "objects", digest[:2], digest)
    os.chmod(path, 0o600)
    with open(path, "r+b") as stored:
        stored.write(b"damage!")
    scene.start()
    scene.run("HoldFlow@production")

    (row,) = scene.wait_for_runs(1, "failed")

    assert file in row.message
    assert row.cause == "damaged_input"
    assert scene.executions.read_text() == ""


def test_a_run_keeps_its_deployment_when_the_alias_moves_on(scene):
    first = scene.deploy(HOLD)
    daemon = scene.start()
    fired = scene.run("HoldFlow@production")
    scene.wait_told()
    scene.stop(daemon)
    second = scene.deploy(HOLD.replace("note(current.pathspec)\n        self.where", 'note("new")\n        self.where'))
    assert second.deployment.number == first.deployment.number + 1

    scene.start()
    scene.wait_told()
    scene.let_go()
    scene.wait_for_runs(1)

    assert "new" not in scene.executions.read_text().split()
    (started,) = [event for event in scene.events(fired.run) if isinstance(event, RunStarted)]
    assert started.launch.number == first.deployment.number


def test_tasks_run_in_the_package_and_do_not_see_the_passwords_of_the_daemons_channels(scene):
    deployed = scene.deploy(HOLD)
    scene.start("scheduler", **dict.fromkeys(SECRET_VARIABLES, "https://example.com/secret"))
    fired = scene.run("HoldFlow@production")
    scene.wait_told()
    scene.let_go()
    scene.wait_for_runs(1)

    with scene.opened() as home:
        end = next(event for event in scene.events(fired.run) if getattr(event, "step", "") == "end")
        seen = {name: home.artifacts.load(row.ref) for name, row in home.ledger.visible(fired.run, end.key).items()}
        assert seen["where"] == os.path.join(home.path, "packages", deployed.deployment.code.tree)
        assert seen["secrets"] == []


def test_a_shadow_finds_none_of_productions_secrets_in_its_environment_unless_they_are_granted(scene):
    target = scene.deploy(SECRETS % "ONE_PASSWORD, TWO_PASSWORD").state.target
    ways = {"shadow_of": target, "is_production": False}
    shadow = scene.deploy(SECRETS % "THREE_PASSWORD", **ways)  # it only says nothing of production's
    granted = scene.deploy(SECRETS % "THREE_PASSWORD", **ways, has_secrets=True)
    names = ["ONE_PASSWORD", "THREE_PASSWORD", "TWO_PASSWORD"]
    scene.start("scheduler", **dict.fromkeys(names, "moss-in-rain"))

    runs = [scene.run(each.state.target).run for each in (shadow, granted)]
    scene.wait_for(lambda home: all(row.finished_at for row in rows(home)))

    with scene.opened() as home:
        assert [home.ledger.run(run).status for run in runs] == ["failed", "succeeded"]
        seen = [home.artifacts.load(home.ledger.visible(run, "start")["seen"].ref) for run in runs]
        assert seen == [[], names]


def test_after_a_night_without_a_daemon_the_missed_slot_runs_once(tmp_path):
    scene = Scene(tmp_path, rate=1.0)
    scene.begin -= 8 * 3600
    scene.deploy(
        FLOW.format(cron="0 * * * *", ends="2999-01-01", overlap="skip", parallel=None, name="Night", missed="latest")
    )
    try:
        for _ in range(2):
            daemon = scene.start()
            scene.wait_for_runs(1)
            scene.stop(daemon)
        with scene.opened() as home:
            slots = {each.slot: each.verdict for each in firings(home)}
            assert len(rows(home)) == 1
    finally:
        scene.close()

    hour = scene.begin // 3600 * 3600
    assert list(slots) == [hour + number * 3600 for number in range(1, len(slots) + 1)]
    assert list(slots.values()) == ["missed"] * (len(slots) - 1) + ["started"]


def test_a_run_that_a_person_drives_is_left_alone_when_it_is_interrupted(scene):
    scene.deploy(HOLD)
    file = next(scene.folder.glob("flow_*/flow_*.py"))
    person = scene.command("run", str(file))
    scene.wait_told()
    person.kill()
    person.wait()

    scene.start()
    scene.wait_for_log("leads")
    fired = scene.run("HoldFlow@production")
    scene.wait_told()
    scene.let_go()
    scene.wait_for_runs(1)

    with scene.opened() as home:
        (other,) = [row for row in home.ledger.runs(RunQuery()).rows if row.run != fired.run]
        assert other.status == "interrupted"
        assert_no_finished_task_again(home, scene.executions)
