"""Starts a run of a deployment because somebody asks for it."""

import os
from collections.abc import Mapping

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.launches import plan_launch
from headwater.deployments.owners import person_of
from headwater.deployments.stored import find_deployment
from headwater.home import Home
from headwater.model.errors import DeploymentRefused
from headwater.model.ids import new_ulid
from headwater.model.launch import Firing, Trigger

#: What firings of people are recorded as.
SOURCE = "person"


def start_run_of(
    home: Home, target: str, parameters: Mapping[str, msgspec.Raw], *, user: str, at: float, key: str = ""
) -> Firing:
    """Record a run of what an alias names; it is queued until a daemon takes it. A paused alias may be run so.

    Args:
        home: the store.
        target: the alias.
        parameters: JSON values by parameter's name, instead of those that were deployed.
        user: who asks.
        at: now, Unix time.
        key: the same for every try of this person to start this run, which starts once; empty = it is another run.

    Raises:
        NotFound: there is no such alias.
        DeploymentRefused: parameters that cannot be, or an alias that names nothing yet.
    """
    state = Aliases(home.ledger).require(target)
    if state.deployment is None:
        raise DeploymentRefused(
            f"{state.target} names no deployment yet: deployment {state.pending.number if state.pending else '?'} "
            "waits for an approval",
            hint=f"headwater approve {state.target}",
        )
    if home.is_far:
        person_of(home).show(state)
    planned = plan_launch(
        home,
        state,
        find_deployment(home.ledger, state.name, state.number),
        key=f"{state.target}/{SOURCE}:{f'{user}:{key}' if key else new_ulid(at, os.urandom(10))}",
        source=SOURCE,
        trigger=Trigger(kind="person", source=user),
        at=at,
        parameters=parameters,
    )
    return home.ledger.launch([planned])[0]
