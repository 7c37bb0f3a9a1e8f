"""Folders and files that nobody but their owner can look into, whatever the umask is."""

import os

from headwater.model.errors import SettingMistake


def make_private_folder(folder: str) -> None:
    """Make a folder for its owner alone, and those above it that are missing; leaves one that is there as it is.

    `os.makedirs` gives its mode to the last folder only: with a umask of 000 anybody could rename what lies in the
    ones above it.

    Raises:
        OSError: it cannot be made, or something else has its name.
    """
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        if not os.path.isdir(folder):
            raise
    except FileNotFoundError:
        above = os.path.dirname(os.path.abspath(folder))
        make_private_folder(above)
        # The name may end in a slash.
        make_private_folder(os.path.abspath(folder))


def private(path: str, flags: int) -> int:
    """Open a file, as `open(..., opener=private)` does: one that is made is its owner's alone."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def close_empty_folder(folder: str) -> None:
    """Take others' rights to an empty folder of this user away; leaves any other one as it is."""
    try:
        if os.stat(folder).st_uid == os.geteuid() and not os.listdir(folder):
            os.chmod(folder, 0o700)
    except OSError:
        return


def require_own(folder: str) -> None:
    """Refuse a store that somebody else owns or could write to, whoever asks; silent when it is not there.

    What lies in a store is loaded and run by whoever opens it, and what root writes there its owner could not read.

    Raises:
        SettingMistake: it is not this user's alone.
    """
    try:
        found = os.stat(folder)
    except OSError:
        return
    if found.st_uid != os.geteuid():
        owner = _name_of(found.st_uid)
        said = f"the store at {folder} belongs to {owner}, and this is {_name_of(os.geteuid())}"
        hint = f"work as its owner (`sudo -u {owner} headwater ...`), or name a folder of your own in HEADWATER_HOME"
        raise SettingMistake(said, hint=hint)
    if found.st_mode & 0o022:
        said = f"others can write to the store at {folder} (mode {found.st_mode & 0o777:03o})"
        raise SettingMistake(said, hint=f"chmod go-w '{folder}', unless somebody put anything into it")


def _name_of(uid: int) -> str:
    import pwd  # only who is refused needs it

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"
