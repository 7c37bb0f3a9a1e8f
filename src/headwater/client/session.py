"""Where client objects look: the home that `metadata()` names, narrowed by `namespace()`."""

import os

from headwater.home import Home, open_home, use_server
from headwater.model.current import current
from headwater.model.errors import UserMistake
from headwater.model.ports import Ledger
from headwater.places import is_far
from headwater.settings import Settings, read_settings, server_folder, without_password
from headwater.store.artifacts import ArtifactStore


class View:
    """A home to read from and the namespace that narrows what is seen; pickles by the home's path."""

    __slots__ = ("_home", "_process", "home_path", "namespace")

    def __init__(self, home: Home | str, namespace: str | None) -> None:
        #: Folder of the home.
        self.home_path = home if isinstance(home, str) else home.path
        #: A tag that runs must have; None = all runs are seen.
        self.namespace = namespace
        self._home = None if isinstance(home, str) else home
        self._process = os.getpid()

    @property
    def home(self) -> Home:
        """The opened home; opened on first use, and again in a forked child.

        Raises:
            NotFound: there is no store at its path.
        """
        if self._home is None or self._process != os.getpid():
            self._home = _session.open(self.home_path)
            self._process = os.getpid()
        return self._home

    @property
    def ledger(self) -> Ledger:
        return self.home.ledger

    @property
    def artifacts(self) -> ArtifactStore:
        return self.home.artifacts

    def __reduce__(self) -> tuple[type["View"], tuple[str, str | None]]:
        return View, (self.home_path, self.namespace)


class _Session:
    """What this process has chosen; the only state that the client keeps."""

    def __init__(self) -> None:
        #: None = the home that the settings name.
        self.home_path: str | None = None
        #: None = the default one; otherwise a tuple with the chosen namespace.
        self.chosen: tuple[str | None] | None = None
        self._homes: dict[tuple[int, str], Home] = {}

    def path(self) -> str:
        """Folder of the home that is read: the chosen one, inside a step that of its run, else as the settings say."""
        chosen = self.home_path or current.get("home")
        if chosen:
            return str(chosen)
        settings = _settings()
        if settings.server.value:
            use_server(settings.server.value, settings.home.value)
        return settings.home.value

    def open(self, path: str) -> Home:
        """Open a home once per process: a forked child must not use its parent's database connection."""
        key = (os.getpid(), path)
        home = self._homes.get(key)
        if home is None:
            home = self._homes[key] = open_home(path)
            if current.get("home") == path:  # inside a step, which has more to lose than a command
                home.be_patient()
        return home


_session = _Session()


def opened_home(path: str) -> Home:
    """Give the home of a folder, opened once a process.

    Raises:
        NotFound: there is no store at its path.
    """
    return _session.open(path)


def current_view() -> View:
    """What client objects made by name look through now."""
    return View(_session.path(), get_namespace())


def namespace(name: str | None) -> str | None:
    """See only runs with this tag from now on, `user:alice` or any other; None sees all. Gives the new namespace."""
    if name is not None and (not isinstance(name, str) or not name):
        raise UserMistake(f"{name!r} is no namespace", hint="give a tag such as `user:alice`, or None to see all runs")
    _session.chosen = (name,)
    return name


def get_namespace() -> str | None:
    """Give the namespace that narrows what is seen; None = nothing does."""
    if _session.chosen is not None:
        return _session.chosen[0]
    return _users_namespace()


def default_namespace() -> str | None:
    """Go back to the user's own runs, and give that namespace."""
    _session.chosen = None
    return _users_namespace()


def metadata(where: str) -> str:
    """Read another home from now on: `local@FOLDER`, just the folder, or a server's address. Gives what it is called.

    The token for a server is that of `headwater login`, or HEADWATER_SERVER_TOKEN.
    """
    if where.startswith(("http://", "https://")):
        url = without_password(where.rstrip("/"), "the address")
        folder = server_folder(url, os.environ)
        use_server(url, folder)
        _session.home_path = folder
        return get_metadata()
    kind, at, path = where.partition("@")
    if not at:
        path = where
    elif kind != "local":
        raise UserMistake(f"`{where}` names no store that can be read", hint="give `local@FOLDER`, or http://...")
    _session.home_path = os.path.abspath(os.path.expanduser(path))
    return get_metadata()


def get_metadata() -> str:
    """Give the home that is read: `local@FOLDER`, or a server's address."""
    path = _session.path()
    return _session.open(path).name if is_far(path) else f"local@{path}"


def default_metadata() -> str:
    """Go back to the home that the settings name, and give what it is called."""
    _session.home_path = None
    return get_metadata()


def _users_namespace() -> str:
    """The namespace of the user, or inside a step that of its run."""
    if current.is_running_flow:
        return str(current.namespace or f"user:{current.username}")
    path = _session.path()
    return f"user:{_session.open(path).user if is_far(path) else _settings().user.value}"


def _settings() -> Settings:
    return read_settings({}, os.environ, os.getcwd())
