"""A project that is edited and deployed again and again, by several people, into one store."""

import os
import sys
import textwrap
from itertools import count

from headwater.deployments.aliases import Aliases
from headwater.deployments.changes import Changes
from headwater.deployments.deploy import deploy
from headwater.deployments.owners import Person
from headwater.deployments.preparing import DeployRequest, Watch
from headwater.flow.load import load_flow
from headwater.home import Home, make_home
from headwater.model.events import RunFinished, TaskStarted, TaskSucceeded
from headwater.model.launch import PublishedEvent
from headwater.model.outcome import Usage
from headwater.model.ports import Commit

#: 2025-01-01T00:00:00Z.
BEGIN = 1735689600.0

PLAIN = """
    from headwater import FlowSpec, Parameter, step

    class Churn(FlowSpec):
        alpha = Parameter("alpha", default=0.5)

        @step
        def start(self):
            self.next(self.end)

        @step
        def end(self):
            pass
"""

_numbers = count()


def flow_text(decorators="", parameters='alpha = Parameter("alpha", default=0.5)', name="Churn", imports=""):
    """Give the source of a small flow."""
    return f"""
from headwater import *
{imports}

{decorators}
class {name}(FlowSpec):
    {parameters}

    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass
"""


class Desk:
    """One project folder and one store; time goes on by a second with each deed."""

    def __init__(self, folder, home=None):
        self.folder = folder / "project"
        self.folder.mkdir()
        (self.folder / "pyproject.toml").write_text("")
        self.edits = 0
        self.file = self.folder / f"churn_{next(_numbers)}.py"
        self.home_folder = str(home or folder / "home")
        make_home(self.home_folder)
        self.home = Home(self.home_folder, "ann")
        self.config = folder / "config"
        self.now = BEGIN

    def write(self, text=None, **parts):
        """Write the flow's file."""
        self.file.write_text(textwrap.dedent(flow_text(**parts) if text is None else text))
        # Python takes compiled code for the same by second and size; edits here may differ in neither.
        self.edits += 1
        os.utime(self.file, (self.edits, self.edits))
        return self

    def tick(self):
        self.now += 1
        return self.now

    def load(self):
        sys.modules.pop(self.file.stem, None)
        return load_flow(str(self.file))

    def person(self, name="ann", token=None):
        environ = {"XDG_CONFIG_HOME": str(self.config / name)}
        return Person(Home(self.home_folder, name), environ, token)

    def deploy(self, user="ann", token=None, watch=None, **request):
        flow, code = self.load()
        home = self.home if user == "ann" else Home(self.home_folder, user)
        person = self.person(user, token)
        return deploy(home, flow, code, DeployRequest(**request), person, self.tick(), watch or Watch())

    def production(self, **more):
        return self.deploy(is_production=True, **more)

    @property
    def aliases(self):
        return Aliases(self.home.ledger)

    def changes(self, user="ann", token=None):
        return Changes(self.home.ledger, self.person(user, token))

    def publish(self, name="data_ready"):
        at = self.tick()
        return self.home.ledger.publish(PublishedEvent(id=f"{name}-{at}", name=name, at=at))

    def finish(self, run, metrics=None, end="succeeded"):
        """Drive a queued run to its end without running anything."""
        at = self.tick()
        lease, _ = self.home.ledger.take(run, at)
        events = [
            TaskStarted(at, "start", "start", 1, 0),
            TaskSucceeded(at, "start", 0, usage=Usage(at, at), summary=metrics or {}),
            RunFinished(at + 1, end),
        ]
        self.home.ledger.append(lease, Commit(events=events))
        lease.release()
