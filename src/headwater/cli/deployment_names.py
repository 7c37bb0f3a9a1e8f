"""What people type to name an alias."""

from headwater.deployments.aliases import Aliases
from headwater.model.deployment import AliasState
from headwater.model.errors import DeploymentRefused
from headwater.model.ports import Ledger


def find_state(ledger: Ledger, text: str) -> AliasState:
    """Find `Churn@production`, or `Churn` when it has one alias.

    Raises:
        NotFound: there is none; names near ones.
        DeploymentRefused: `Churn` has several.
    """
    aliases = Aliases(ledger)
    if "@" in text:
        return aliases.require(text)
    states = aliases.of(text)
    if len(states) == 1:
        return states[0]
    if states:
        known = ", ".join(state.target for state in states)
        raise DeploymentRefused(f"`{text}` has several aliases", hint=f"name one: {known}")
    return aliases.require(f"{text}@production")
