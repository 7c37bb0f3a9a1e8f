"""Fetches what attempts that ran elsewhere wrote, as far as the server has it."""

import os

from headwater.model.errors import NotFound
from headwater.model.ids import RunId
from headwater.model.private_files import make_private_folder
from headwater.remote.connection import Request, Server
from headwater.remote.wire import PREFIX


class FarFiles:
    """The files of runs that one server has."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def bring(self, run: RunId, name: str, path: str) -> None:
        """Append to a file what the server has behind its end; makes the file with its first byte.

        Of a run that is driven from here the server has no more than is here, and nothing happens.
        """
        offset = os.path.getsize(path) if os.path.exists(path) else 0
        while piece := self._piece(run, name, offset):
            make_private_folder(os.path.dirname(path))
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                # At its place, not at the end: whoever writes the file meanwhile writes the same bytes there.
                offset += os.pwrite(descriptor, piece, offset)
            finally:
                os.close(descriptor)

    def _piece(self, run: RunId, name: str, offset: int) -> bytes:
        request = Request("GET", f"{PREFIX}/remote/runs/{run}/files/{name}?offset={offset}")
        try:
            return self._server.exchange(request, lambda response: response.read())
        except NotFound:
            return b""
