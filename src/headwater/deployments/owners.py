"""Who may move an alias: the person who made it, and whoever has its token."""

import os
from collections.abc import Mapping

from headwater.deployments.names import PRODUCTION
from headwater.deployments.tokens import KeptTokens, is_token
from headwater.home import Home
from headwater.model.deployment import AliasState
from headwater.model.errors import DeploymentRefused


class Person:
    """Somebody who asks for a change of an alias, with the token that they gave.

    Args:
        home: the store; its user is the person.
        environ: where `HEADWATER_TOKEN` and the folder of kept tokens are looked up.
        token: what the command line gave; None = the environment, then the file.
    """

    #: Where tokens are shown that were right, so that a server can see them too.
    _shown: list[str] | None = None

    def __init__(self, home: Home, environ: Mapping[str, str], token: str | None = None) -> None:
        self._shown = home.production_tokens
        self.name = home.user
        self.kept = KeptTokens(environ, home.path)
        self._given = token or environ.get("HEADWATER_TOKEN") or None

    def require(self, state: AliasState, deed: str) -> None:
        """Refuse a deed of somebody who may not; a token that was right is kept, so that it is given once.

        Raises:
            DeploymentRefused: says who owns the alias and how to get the token.
        """
        if self.name == state.owner or not is_taken(state):
            return
        token = self._token(state)
        if token is not None and is_token(token, state.token_hash):
            if token != self.kept.get(state.target):
                self.kept.keep(state.target, token)
            self.show(state)
            return
        raise DeploymentRefused(_refusal(state, self.name, deed, token), hint=_remedy(state))

    def show(self, state: AliasState) -> None:
        """Show a server the token of an alias, when one was given or is kept; whether it is needed, the server says."""
        token = self._token(state)
        if token is not None and self._shown is not None and token not in self._shown:
            self._shown.append(token)

    def _token(self, state: AliasState) -> str | None:
        given = self._given.strip() if self._given else None
        return given or self.kept.get(state.target)


def is_taken(state: AliasState) -> bool:
    """Tell whether an alias belongs to somebody: it names a deployment, or waits to."""
    return state.deployment is not None or state.pending is not None


def person_of(home: Home, token: str | None = None) -> Person:
    """Give the person who runs this process."""
    return Person(home, os.environ, token)


def _refusal(state: AliasState, user: str, deed: str, token: str | None) -> str:
    text = f"{state.target} belongs to {state.owner}: {user} cannot {deed} it"
    if state.token_hash is None:
        return text
    return f"{text} without its token" if token is None else f"{text}: the token is not its token"


def _remedy(state: AliasState) -> str:
    own = "deploy a branch of your own: `headwater deploy FILE.py` without `--production`"
    if state.alias != PRODUCTION and state.token_hash is None:
        return f"{own}; or {state.owner} makes a token: `headwater deployment token {state.target} --new`"
    ask = f"ask {state.owner} for it (`headwater deployment token {state.target}` prints it)"
    return f"{ask} and give it as `--token` or in HEADWATER_TOKEN; or {own}"
