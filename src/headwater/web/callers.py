"""The caller as the rooms below know people: their name, what they see of the store, the token that they sent."""

from headwater.client.session import View
from headwater.deployments.owners import Person
from headwater.deployments.tokens import KeptTokens
from headwater.home import Home
from headwater.model.deployment import AliasState
from headwater.model.ports import Ledger
from headwater.web.asked import Asked
from headwater.web.scope.visible import project_of_name


class CallersHome(Home):
    """The store with the caller as its user, through what the caller may see of the ledger."""

    def __init__(self, home: Home, user: str, ledger: Ledger) -> None:
        super().__init__(home.path, user, home.settings)
        self._ledger = ledger
        self._place = home.place
        self._artifacts = home.artifacts

    def close(self) -> None:
        """Leave open what belongs to the server."""


class ToldTokens(KeptTokens):
    """Tokens that are told to the caller in the answer and kept nowhere: the server has no drawer of anybody's."""

    def __init__(self) -> None:
        #: Made while the request was carried out, by target.
        self.made: dict[str, str] = {}

    def get(self, target: str) -> str | None:
        """Give a token that was made just now; others nobody has kept."""
        return self.made.get(target)

    def require_writable(self) -> None:
        """Nothing has to be written."""

    def keep(self, target: str, token: str) -> None:
        """Note a token that is to be told."""
        self.made[target] = token

    def forget(self, target: str) -> None:
        """Nothing was kept."""


class Caller(Person):
    """Who asks; other people's names they change with the token that they sent along, or as admins of the project."""

    def __init__(self, asked: Asked, token: str, project: str | None = None) -> None:
        """Take what it needs.

        Args:
            asked: the request.
            token: production token that came with it; empty = none did.
            project: of what is to be changed; None = the one in its name.
        """
        self.name = asked.access.user
        self.told = ToldTokens()
        self.kept = self.told
        self._access = asked.access
        self._given = token or None
        self._project = project

    def require(self, state: AliasState, deed: str) -> None:
        """Refuse a deed of somebody who may not; admins of the alias's project need no token."""
        project = project_of_name(state.name) if self._project is None else self._project
        if not self._access.allows("admin", project):
            super().require(state, deed)


def home_of(asked: Asked) -> Home:
    """Give the store as the caller sees it."""
    return CallersHome(asked.home, asked.access.user, asked.ledger)


def view_of(asked: Asked) -> View:
    """Give what reads the store as the caller sees it, all namespaces."""
    return View(home_of(asked), None)
