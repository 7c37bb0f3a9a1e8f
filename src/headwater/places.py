"""Opens the place of a home's folder: its disk, or what is kept here of a server's store."""

import importlib
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from headwater.model.errors import ArtifactMissing
from headwater.model.ids import Digest
from headwater.model.ports import Buffer
from headwater.model.private_files import make_private_folder
from headwater.store.keys import digest_of_key, object_key
from headwater.store.place_disk import DiskPlace

#: As in `remote/folder.py`, which is imported only where it is there.
MARKER = "server.json"
#: Names of objects that are still to be sent.
PENDING = "pending"
_FOLDER = "headwater.remote.folder"
_OBJECTS = "headwater.remote.objects"


class FarObjects(Protocol):
    """Objects of a store elsewhere."""

    def send(self, digest: Digest, path: str) -> None: ...

    def fetch(self, digest: Digest, path: str) -> bool: ...


def is_far(home: str) -> bool:
    """Tell whether a home's folder stands for a server's store."""
    return os.path.exists(os.path.join(home, MARKER))


def open_place(home: str, *, is_patient: bool = False) -> DiskPlace:
    """Give the place of a home's folder; of a server's, what is here, with the rest to be fetched when it is read.

    `is_patient`: a server that does not answer is waited for as the driver of a run waits, not as a command does.
    """
    if not is_far(home):
        return DiskPlace(os.path.join(home, "objects"))
    return KeptPlace(home, lambda: _far(home, is_patient))


def _far(home: str, is_patient: bool) -> FarObjects:
    folder = importlib.import_module(_FOLDER)
    identity = folder.identify(home, folder.read_marker(home), os.environ)
    objects: FarObjects = importlib.import_module(_OBJECTS).RemoteObjects(identity.open(is_patient=is_patient))
    return objects


class KeptPlace(DiskPlace):
    """A disk that has what was read and written here of a store elsewhere.

    What is written is noted as pending before it is written, and sent by `deliver`: whoever commits calls it first.
    """

    def __init__(self, home: str, connect: Callable[[], FarObjects]) -> None:
        super().__init__(os.path.join(home, "objects"))
        self._pending = os.path.join(home, PENDING)
        self._connect = connect
        self._far: FarObjects | None = None
        self._process = os.getpid()

    def put_many(self, items: Iterable[tuple[str, Sequence[Buffer]]]) -> None:
        super().put_many(self._noted(items))

    def bring(self, key: str) -> bool:
        digest = digest_of_key(key)
        if digest is None:
            return False
        make_private_folder(self.root)
        coming = f"{self.root}/.tmp-{digest}-{os.getpid():x}-{os.urandom(4).hex()}"
        if not self._objects().fetch(digest, coming):
            return False
        self.adopt(key, coming)
        return True

    def deliver(self, far: FarObjects | None = None) -> None:
        """Send everything that is pending; what another process sends at the same time is sent twice, stored once.

        Args:
            far: where to; None = as it was opened.

        Raises:
            ServerNotReached: the server does not answer; what was not sent stays pending.
        """
        try:
            waiting = sorted(os.listdir(self._pending))
        except FileNotFoundError:
            return
        for digest in waiting:
            self.send(digest, far)

    def send(self, digest: Digest, far: FarObjects | None = None) -> None:
        """Send one object; arguments as `deliver`.

        Raises:
            ArtifactMissing: it is not here.
        """
        path = self.path(object_key(digest))
        note = os.path.join(self._pending, digest)
        if not os.path.exists(path):
            if os.path.exists(note):  # noted, and never written: its writer was killed, or writes it now
                return
            raise ArtifactMissing(digest)
        (far or self._objects()).send(digest, path)
        try:
            os.unlink(note)
        except FileNotFoundError:
            return

    def _objects(self) -> FarObjects:
        if self._far is None or self._process != os.getpid():
            self._far, self._process = self._connect(), os.getpid()
        return self._far

    def _noted(self, items: Iterable[tuple[str, Sequence[Buffer]]]) -> Iterable[tuple[str, Sequence[Buffer]]]:
        make_private_folder(self._pending)
        for key, parts in items:
            digest = digest_of_key(key)
            if digest is not None:
                note = os.path.join(self._pending, digest)
                os.close(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            yield key, parts
