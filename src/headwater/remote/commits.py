"""Sends what points to objects: these go first, and those that the server does not have are sent again."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import msgspec

from headwater.model.errors import ArtifactMissing
from headwater.model.ids import Digest
from headwater.remote.connection import Server
from headwater.remote.objects import RemoteObjects
from headwater.remote.wire import PREFIX

Answer = TypeVar("Answer", bound=msgspec.Struct)


class Delivery(Protocol):
    """Objects that were written here and are to be on the server before anything points to them."""

    def deliver(self, far: RemoteObjects) -> None:
        """Send all that is pending."""

    def send(self, digest: Digest, far: RemoteObjects) -> None:
        """Send one, whether it was sent before or not."""


class Commits:
    """The way of commits to one server."""

    def __init__(self, delivery: Delivery | None, production_tokens: Sequence[str]) -> None:
        """Take what it needs.

        Args:
            delivery: sends the objects; None = they are there.
            production_tokens: shown to the server with what is written; may grow.
        """
        self._delivery = delivery
        self._production_tokens = production_tokens

    def send(
        self,
        server: Server,
        path: str,
        question: msgspec.Struct,
        answer: type[Answer],
        *,
        silence_seconds: float | None = None,
    ) -> Answer:
        """Send the objects and then the commit, for as long as the server's patience lasts; raises as `Server.ask`.

        Args:
            server: where to.
            path: below `remote/`.
            question: holds the commit.
            answer: what comes back.
            silence_seconds: how long the server may take to say something to the commit; None = as to anything.
        """
        sent: set[Digest] = set()
        far = RemoteObjects(server)
        if self._delivery is not None:
            self._delivery.deliver(far)
        while True:
            try:
                return server.ask(
                    f"{PREFIX}/remote/{path}",
                    question,
                    answer,
                    production_tokens=self._production_tokens,
                    silence_seconds=silence_seconds,
                )
            except ArtifactMissing as missing:
                if self._delivery is None or missing.digest in sent:
                    raise
                sent.add(missing.digest)
                self._delivery.send(missing.digest, far)
