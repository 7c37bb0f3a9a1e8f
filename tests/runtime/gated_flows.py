"""Flows with gates, limits and hooks; a step notes in a file that it ran."""

import os
import time

from headwater import FlowSpec, Parameter, approval, current, exit_hook, project, promote_if, retry, step


def note(text):
    with open(os.environ["NOTES"], "a", encoding="utf-8") as file:
        file.write(f"{text}\n")


def tell(run):
    note(f"told of {run.pathspec}: {run.successful}")
    print("told")


def shout():
    print("shouted")
    print("and failed")
    raise ValueError("nobody listens")


def hang():
    print("hanging", flush=True)
    time.sleep(600)


class Gated(FlowSpec):
    f1 = Parameter("f1", default=0.9)

    @step
    def start(self):
        note("start")
        current.metrics.summary(f1=self.f1)
        self.next(self.release)

    @approval(role="lead", expires="2h")
    @promote_if("f1 >= 0.7")
    @step
    def release(self):
        note("release")
        self.next(self.end)

    @step
    def end(self):
        note("end")


class Twice(FlowSpec):
    """The same gate before each of two passes."""

    @step
    def start(self):
        self.number = 0
        self.next(self.work)

    @approval
    @step
    def work(self):
        note("work")
        self.number += 1
        self.way = "again" if self.number < 2 else "done"
        self.next({"again": self.work, "done": self.end}, condition="way")

    @step
    def end(self):
        pass


class Quick(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @approval(expires=0.1)
    @step
    def end(self):
        pass


class FailsAfterGate(FlowSpec):
    @step
    def start(self):
        self.next(self.release)

    @approval
    @step
    def release(self):
        raise ValueError("not today")
        self.next(self.end)

    @step
    def end(self):
        pass


class Slow(FlowSpec):
    """`work` says that it began, and goes on for as long as the file `go` is missing."""

    @step
    def start(self):
        self.next(self.work)

    @retry(times=1)
    @step
    def work(self):
        note(f"work {current.retry_count}")
        print("began", flush=True)
        while not os.path.exists(os.environ["GO"]):
            time.sleep(0.01)
        self.next(self.end)

    @step
    def end(self):
        pass


@project(name="fraud")
@exit_hook(on_success=[tell, shout], on_error=[shout])
class Hooked(FlowSpec):
    fails = Parameter("fails", default=False)
    table = Parameter("table", default=lambda context: f"{current.branch_name}.scores")

    @step
    def start(self):
        self.known = (
            current.project_name,
            current.branch_name,
            current.is_production,
            current.is_user_branch,
            current.project_flow_name,
        )
        if self.fails:
            raise ValueError("asked to")
        self.next(self.end)

    @step
    def end(self):
        pass


@exit_hook(on_success=[hang])
class Hanging(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass


class Broken(FlowSpec):
    @step
    def start(self):
        raise ValueError("broken")
        self.next(self.end)

    @step
    def end(self):
        pass


class Deployed(FlowSpec):
    @step
    def start(self):
        self.known = {
            "deployment": current.deployment,
            "key": current.idempotency_key,
            "date": current.logical_date,
            "is_production": current.is_production,
            "project": current.project_name,
            "trigger": current.trigger.event.name if current.trigger else None,
            "file": __file__,
        }
        self.next(self.end)

    @step
    def end(self):
        pass
