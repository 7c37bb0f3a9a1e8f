"""Publishes events from Python; apart from the deployer, whose imports no step should wait for."""

import time
from collections.abc import Mapping

from headwater.client.session import current_view
from headwater.deployments.publishing import publish
from headwater.home import open_home
from headwater.model.current import current
from headwater.model.launch import PublishedEvent


def publish_event(name: str, payload: Mapping[str, object] | None = None, id: str | None = None) -> PublishedEvent:
    """Publish an event, inside a step or anywhere else; durable on return.

    Deployments with `@trigger(event=name)` start. Published inside a step of a flow with `@project`, only those of the
    same project and branch hear it. An event whose id is there already is given as it was, and starts nothing again.

    Args:
        name: What happened, `data_ready`.
        payload: JSON values by field, up to 64 KiB; triggers take parameters from them.
        id: The same for every try to publish this event; by default a new one.

    Raises:
        UserMistake: a name, id or payload that cannot be.
        NotFound: there is no store.
    """
    # Opened for this event alone: what the step does next may fork.
    home = open_home(current_view().home_path)
    if current.get("home") is not None:
        home.be_patient()
    try:
        return publish(home.ledger, name, payload or {}, user=home.user, at=time.time(), event_id=id)
    finally:
        home.close()
