"""Objects of a server's store: sent from files and fetched into files, in bounded memory."""

import os
from http.client import HTTPResponse, IncompleteRead

from headwater.model.errors import ArtifactMissing
from headwater.model.ids import Digest
from headwater.remote.connection import BLOCK_BYTES, Request, Server
from headwater.remote.wire import PREFIX, ObjectSize

#: Objects up to this size are sent without asking whether they are there: that would take as long.
_ASK_FROM_BYTES = 256 << 10


class RemoteObjects:
    """The objects of one server that the bearer of a token may read."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def send(self, digest: Digest, path: str) -> None:
        """Send a file as the object of this digest; a large one that is there already is not sent again.

        Raises:
            ServerNotReached: the server does not answer.
        """
        size = os.path.getsize(path)
        if size > _ASK_FROM_BYTES and self._is_there(digest):
            return
        self._server.exchange(
            Request("PUT", f"{PREFIX}/remote/objects/{digest}", file=path), lambda response: response.read()
        )

    def fetch(self, digest: Digest, path: str) -> bool:
        """Write an object into a new file; False when it is not there, or not to be read. Verified by who reads it.

        What came before a connection broke is not fetched again.

        Raises:
            ServerNotReached: the server does not answer.
        """
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            while True:
                offset = os.lseek(descriptor, 0, os.SEEK_END)
                request = Request("GET", f"{PREFIX}/remote/objects/{digest}?offset={offset}")
                if self._server.exchange(request, lambda response: _copied(response, descriptor)):
                    return True
        except ArtifactMissing:
            os.unlink(path)
            return False
        finally:
            os.close(descriptor)

    def _is_there(self, digest: Digest) -> bool:
        try:
            self._server.look(f"{PREFIX}/remote/objects/{digest}/size", ObjectSize)
        except ArtifactMissing:
            return False
        return True


def _copied(response: HTTPResponse, descriptor: int) -> bool:
    """Copy an answer to the end of a file; False when it broke off after it had given something."""
    got = 0
    expected = int(response.headers.get("Content-Length", "-1"))
    try:
        while block := response.read(BLOCK_BYTES):
            got += len(block)
            view = memoryview(block)
            while view:
                view = view[os.write(descriptor, view) :]
    except (OSError, IncompleteRead):
        if not got:
            raise
        response.close()
        return False
    return got == expected
