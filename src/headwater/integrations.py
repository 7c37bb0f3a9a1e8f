"""Names that flows written for other schedulers import."""

from collections.abc import Mapping

from headwater.model.current import current
from headwater.model.errors import HeadwaterError
from headwater.publishing import publish_event


class ArgoEvent:
    """An event, built up and published: `ArgoEvent("data_ready").add_to_payload("day", day).publish()`.

    Args:
        name: What happened.
        url: Accepted and ignored: events go to the store.
        payload: JSON values by field.
        access_token: Accepted and ignored.
    """

    def __init__(
        self,
        name: str,
        url: str | None = None,
        payload: Mapping[str, object] | None = None,
        access_token: str | None = None,
    ) -> None:
        self._name = name
        self._payload: dict[str, object] = dict(payload or {})

    def add_to_payload(self, key: str, value: object) -> "ArgoEvent":
        """Add a field, and give the event."""
        self._payload[key] = value
        return self

    def safe_publish(self, payload: Mapping[str, object] | None = None, ignore_errors: bool = True) -> str | None:
        """Publish it inside a run of a deployment; anywhere else do nothing and give None."""
        return self.publish(payload, force=False, ignore_errors=ignore_errors)

    def publish(
        self, payload: Mapping[str, object] | None = None, force: bool = True, ignore_errors: bool = True
    ) -> str | None:
        """Publish it, and give its id.

        Args:
            payload: More fields, for this time only.
            force: False: only inside a run of a deployment.
            ignore_errors: Give None for what cannot be published, instead of raising it.

        Raises:
            HeadwaterError: it cannot be published, and errors are not ignored.
        """
        if not force and current.get("deployment") is None:
            return None
        try:
            return publish_event(self._name, {**self._payload, **(payload or {})}).id
        except HeadwaterError:
            if not ignore_errors:
                raise
            return None
