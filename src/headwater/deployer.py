"""Deploys flows and starts runs of deployments from Python."""

import os
import sys
import time
from collections.abc import Iterator

from headwater.client.objects import Run
from headwater.client.session import View, current_view
from headwater.deployments.aliases import Aliases
from headwater.deployments.deploy import deploy
from headwater.deployments.names import split_target
from headwater.deployments.owners import Person
from headwater.deployments.person_runs import start_run_of
from headwater.deployments.preparing import DeployRequest
from headwater.deployments.values import raw_values
from headwater.flow.load import load_flow
from headwater.home import open_home
from headwater.model.errors import UserMistake
from headwater.model.rows import RunQuery
from headwater.runtime.environment import installed_packages


class DeployedFlow:
    """What an alias names, to be started and looked at from Python.

    Args:
        target: `Churn@production`.

    Raises:
        NotFound: nothing is deployed as that.
    """

    def __init__(self, target: str) -> None:
        self._view = View(current_view().home_path, None)
        state = Aliases(self._view.ledger).require(str(split_target(target)))
        #: `Churn@production`.
        self.target = state.target
        #: `Churn`, in a project `fraud.Churn`.
        self.name = state.name

    @property
    def number(self) -> int | None:
        """The deployment that the alias names now; None while its first one waits for an approval."""
        state = Aliases(self._view.ledger).require(self.target)
        return state.number if state.deployment is not None else None

    def trigger(self, **parameters: object) -> Run:
        """Start a run now, with these parameters instead of the deployed ones; the daemon drives it.

        Raises:
            DeploymentRefused: parameters that cannot be.
        """
        home = self._view.home
        firing = start_run_of(home, self.target, raw_values(parameters), user=home.user, at=time.time())
        assert firing.run_path is not None  # the ledger fills it in
        return Run(firing.run_path, _namespace_check=False)

    def runs(self) -> Iterator[Run]:
        """Give the alias's runs, newest first."""
        cursor = None
        while True:
            page = self._view.ledger.runs(RunQuery(target=self.target, cursor=cursor))
            for row in page.rows:
                yield Run(row.path, _namespace_check=False)
            cursor = page.cursor
            if cursor is None:
                return

    def __repr__(self) -> str:
        return f"DeployedFlow({self.target!r})"


class Deployer:
    """Deploys the flow of a file.

    Args:
        flow_file: the file; `churn.py:Churn` when it has several flows.

    Raises:
        FlowNotImported: there is no such file or flow.
    """

    def __init__(self, flow_file: str) -> None:
        file, _, name = flow_file.partition(":")
        self._flow, self._code = load_flow(file, name or None)

    def deploy(
        self,
        *,
        branch: str | None = None,
        production: bool = False,
        token: str | None = None,
        note: str = "",
        tags: tuple[str, ...] = (),
        **parameters: object,
    ) -> DeployedFlow:
        """Deploy it; equal to what the alias names already, nothing is done.

        Args:
            branch: `--branch`; None = your own.
            production: `--production`.
            token: of somebody else's deployment.
            note: why.
            tags: of all its runs.
            **parameters: defaults of all its runs.

        Raises:
            FlowMistakes, ParameterMistake, DeploymentRefused, EnvironmentMistake: nothing was changed.
        """
        if branch is not None and production:
            raise UserMistake("branch and production are two places", hint="name one")
        home = open_home(current_view().home_path, make=True)
        request = DeployRequest(
            branch=branch,
            is_production=production,
            given=parameters,
            tags=tags,
            note=note,
            environment=installed_packages(sys.path),
        )
        try:
            done = deploy(home, self._flow, self._code, request, Person(home, os.environ, token), time.time())
        finally:
            home.close()
        return DeployedFlow(done.state.target)
