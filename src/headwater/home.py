"""Opens the store and the ledger that the settings name; the only place that knows which."""

import importlib
import os
import stat
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from headwater.ledger.sqlite import SqliteLedger
from headwater.model.errors import FormatUnknown, NotFound, SettingMistake, UserMistake
from headwater.model.ids import Digest
from headwater.model.ports import Ledger, Place
from headwater.model.private_files import close_empty_folder, make_private_folder, private, require_own
from headwater.places import KeptPlace, is_far, open_place
from headwater.settings import MARKER, SERVER_CACHE_MB, Setting, Settings, read_settings
from headwater.store.artifacts import ArtifactStore
from headwater.store.objects import ObjectStore

#: Version of the folder's layout; a newer one is refused.
FORMAT = 1
#: Imported only for the store of a server.
_FOLDER = "headwater.remote.folder"
_LEDGER = "headwater.remote.ledger"
_FILES = "headwater.remote.far_files"
_OBJECTS = "headwater.remote.objects"
_TRIM = "headwater.remote.trim"
#: Room kept for the last words of a run on a full disk.
_RESERVE_BYTES = 1024 * 1024


class Identity(Protocol):
    """A server, and who one is there; see `remote/folder.py`."""

    @property
    def url(self) -> str: ...

    @property
    def user(self) -> str: ...

    def open(self, *, is_patient: bool = False) -> object: ...


class Trimmed(Protocol):
    """What was removed of what is kept here; see `remote/trim.py`."""

    @property
    def objects(self) -> int: ...

    @property
    def bytes(self) -> int: ...

    @property
    def removed(self) -> int: ...

    @property
    def removed_bytes(self) -> int: ...

    @property
    def spared(self) -> int: ...


class FarFiles(Protocol):
    """Files of runs that a server has; see `remote/far_files.py`."""

    def bring(self, run: str, name: str, path: str) -> None: ...


class Home:
    """A store and a ledger: a folder, or one that stands for a server; each part is opened on first use."""

    def __init__(self, path: str, user: str, settings: Settings | None = None) -> None:
        self.path = path
        self.user = user
        #: None when the folder was named in code rather than by settings.
        self.settings = settings
        #: Production tokens that the user gave, and that were right; a server wants to see them with what is written.
        self.production_tokens: list[str] = []
        #: Which server the folder stands for, and who the user is there; None = the store is in the folder.
        self._identity: Identity | None = None
        if is_far(path):
            far = importlib.import_module(_FOLDER)
            self._identity = far.identify(path, far.read_marker(path), os.environ)
            self.user = self._identity.user
        self._is_patient = False
        self._opened: object | None = None
        self._files: FarFiles | None = None
        self._ledger: Ledger | None = None
        self._place: Place | None = None
        self._artifacts: ArtifactStore | None = None

    @property
    def name(self) -> str:
        """What people call it: the folder, or the server's address."""
        return self.path if self._identity is None else self._identity.url

    @property
    def is_far(self) -> bool:
        """The store is on a server; the folder keeps a part of it."""
        return self._identity is not None

    def require_near(self, deed: str) -> None:
        """Refuse what is done where the store is, and makes no sense from another machine.

        Raises:
            UserMistake: the store is on a server.
        """
        if self.is_far:
            raise UserMistake(f"{deed} where the store is: {self.name} is on another machine", hint="do it there")

    @property
    def ledger(self) -> Ledger:
        """Events and answers."""
        if self._ledger is None:
            self._ledger = SqliteLedger(self.path) if self._identity is None else self._far_ledger(self._identity)
        return self._ledger

    @property
    def place(self) -> Place:
        """Bytes."""
        if self._place is None:
            self._place = open_place(self.path) if self._identity is None else self._kept_place()
        return self._place

    @property
    def objects(self) -> ObjectStore:
        """Content-addressed objects."""
        return self.artifacts.objects

    @property
    def artifacts(self) -> ArtifactStore:
        """Values."""
        if self._artifacts is None:
            self._artifacts = ArtifactStore(self.place, self._small)
        return self._artifacts

    def run_folder(self, run: str) -> str:
        """Folder of a run's logs and metric points (made by whoever writes there first)."""
        return os.path.join(self.path, "runs", run)

    def keep_page_url(self, url: str) -> None:
        """Tell other processes where this one shows the page; overwritten by the next one that does."""
        staged = f"{self._page_file}.{os.getpid()}"
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {url}\n")
        os.replace(staged, self._page_file)

    def page_url(self) -> str | None:
        """Give where the page is shown, `http://127.0.0.1:8501`: by the server or the daemon; None when nobody does."""
        if self._identity is not None:
            return self._identity.url
        pid, url = self._kept_page()
        try:
            os.kill(int(pid), 0)
        except (OSError, ValueError):
            return None
        return url or None

    def last_page_url(self) -> str | None:
        """Give where the daemon last showed the page, whether or not it does; None when it never did."""
        return self._kept_page()[1] or None

    def _kept_page(self) -> tuple[str, str]:
        try:
            with open(self._page_file, encoding="utf-8") as file:
                pid, _, url = file.read().strip().partition(" ")
        except OSError:
            return "", ""
        return pid, url

    @property
    def _page_file(self) -> str:
        return os.path.join(self.path, "page.address")

    def bring_file(self, run: str, name: str) -> None:
        """Have what the server has of a file of a run's folder here; nothing where the store is this machine's."""
        if self._identity is not None:
            far = importlib.import_module(_FILES)
            self._files = self._files or far.FarFiles(self._server())
            self._files.bring(run, name, os.path.join(self.run_folder(run), name))

    def free_reserve(self) -> bool:
        """Give up the room that is kept for the last words of a run on a full disk; False when it is used up."""
        try:
            os.unlink(os.path.join(self.path, "reserve"))
        except FileNotFoundError:
            return False
        return True

    def keep_reserve(self) -> None:
        """Keep that room; silent when the disk has not even that."""
        path = os.path.join(self.path, "reserve")
        if os.path.exists(path):
            return
        try:
            with open(path, "wb", opener=private) as file:
                os.posix_fallocate(file.fileno(), 0, _RESERVE_BYTES)
        except OSError:
            self.free_reserve()

    def be_patient(self) -> None:
        """Wait for a server that does not answer as the driver of a run does: for tasks, before they read anything."""
        self._is_patient = True

    def stop_waiting(self) -> None:
        """Let whoever waits for a server that does not answer give up now; nothing where there is no server."""
        if self.is_far and self._ledger is not None:
            self._ledger.stop_waiting()  # type: ignore[attr-defined]

    def deliver_left(self, run: str) -> bool:
        """Deliver what a driver on this machine kept of a run while its server did not answer, and could not deliver.

        False: there is nothing, or the run was taken over meanwhile, which is told.
        """
        if not self.is_far:
            return False
        is_delivered: bool = self.ledger.deliver_left(run)  # type: ignore[attr-defined]
        return is_delivered

    def trim(self, limit_bytes: int, now: float, *, is_dry_run: bool) -> Trimmed:
        """Remove what was not used for longest of what is kept here of a server's store, down to a bound.

        Everything that goes is fetched again when it is read; what is still to be sent stays.
        """
        trimmed: Trimmed = importlib.import_module(_TRIM).trim(self.path, limit_bytes, now, is_dry_run=is_dry_run)
        return trimmed

    @property
    def cache_bytes(self) -> int:
        """How much of a server's objects is kept here."""
        return int(SERVER_CACHE_MB if self.settings is None else self.settings.server_cache.value) * 1_000_000

    def close(self) -> None:
        """Close what was opened, and keep what is here of a server's store within its bound."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = self._opened = None
        if self.is_far:
            importlib.import_module(_TRIM).trim_sometimes(self.path, self.cache_bytes, time.time())

    def _server(self) -> object:
        """The server, one for all parts: what drives a run is patient in all of them."""
        assert self._identity is not None
        if self._opened is None:
            self._opened = self._identity.open(is_patient=self._is_patient)
        return self._opened

    def _kept_place(self) -> KeptPlace:
        return KeptPlace(self.path, lambda: importlib.import_module(_OBJECTS).RemoteObjects(self._server()))

    def _far_ledger(self, identity: Identity) -> Ledger:
        ledger: Ledger = importlib.import_module(_LEDGER).HttpLedger(
            self._server(),
            folder=self.path,
            user=identity.user,
            delivery=self.place if isinstance(self.place, KeptPlace) else None,
            production_tokens=self.production_tokens,
        )
        return ledger

    def _small(self, digests: Sequence[Digest]) -> Mapping[Digest, bytes]:
        return self.ledger.small(digests)


def open_home(
    path: str | None = None, *, user: str | None = None, environ: Mapping[str, str] | None = None, make: bool = False
) -> Home:
    """Open the store that is named, else the one that the settings name.

    Args:
        path: folder; None = as the settings say.
        user: name of the person; None = as the settings say.
        environ: the environment; None = this process's.
        make: make the folder when it is not there.

    Raises:
        NotFound: there is no such folder, and it is not to be made.
        SettingMistake: the folder cannot be used, or others than this user own it or could write to it.
        FormatUnknown: a newer Headwater made it.
    """
    settings = read_settings({"home": path, "user": user}, os.environ if environ is None else environ, os.getcwd())
    folder = settings.home.value
    if settings.server.value:
        use_server(settings.server.value, folder)
    elif make:
        make_home(folder)
    elif not os.path.isdir(folder):
        raise NotFound(
            f"there is no store at {folder} yet", hint="the first run makes it, and so does `headwater init`"
        )
    require_own(folder)
    _check_format(folder)
    home = Home(folder, settings.user.value, settings)
    if home.is_far:
        home.settings = msgspec.structs.replace(settings, user=Setting(home.user, home.name))
    return home


def use_server(url: str, folder: str) -> None:
    """Let a folder stand for a server's store; leaves one that does as it is.

    Raises:
        SettingMistake: the address is none.
    """
    far = importlib.import_module(_FOLDER)
    marker = far.read_marker(folder)
    if marker is None or marker.url != url:
        make_home(folder)
        make_private_folder(os.path.join(folder, "locks"))
        far.write_marker(folder, far.Marker(url))


def make_home(folder: str) -> None:
    """Make a store's folder, readable by its owner only; leaves an existing one as it is.

    Raises:
        SettingMistake: the folder cannot be made or written, or others than this user own it or could write to it.
    """
    marker = os.path.join(folder, MARKER)
    if not os.path.exists(marker):
        close_empty_folder(folder)
    require_own(folder)
    if os.path.exists(marker):
        if not os.access(folder, os.W_OK | os.X_OK):
            hint = "name another folder in HEADWATER_HOME, or look at its owner and its disk: `headwater doctor`"
            raise SettingMistake(f"the store at {folder} cannot be written", hint=hint)
        return
    try:
        make_private_folder(folder)
        if not stat.S_ISDIR(os.stat(folder).st_mode):
            raise NotADirectoryError(folder)
        staged = f"{marker}.{os.getpid()}"
        with open(staged, "wb", opener=private) as file:
            file.write(msgspec.json.encode({"kind": "headwater_home", "v": FORMAT}))
            os.fsync(file.fileno())
        os.replace(staged, marker)
    except OSError as error:
        raise SettingMistake(
            f"no store can be made at {folder}: {error.strerror}", hint="name another folder in HEADWATER_HOME"
        ) from error


def _check_format(folder: str) -> None:
    try:
        with open(os.path.join(folder, MARKER), "rb") as file:
            found = msgspec.json.decode(file.read(), type=dict[str, object])
    except FileNotFoundError:
        return
    except (OSError, msgspec.DecodeError) as error:
        raise SettingMistake(f"{os.path.join(folder, MARKER)} does not read: {error}") from error
    version = found.get("v")
    if not isinstance(version, int) or version > FORMAT:
        raise FormatUnknown(
            f"{folder} has format {version}, this Headwater knows up to {FORMAT}", hint="pip install -U headwater"
        )
