"""Secrets from the environment and from files of the user."""

import os
import shlex
import stat
from collections.abc import Mapping

import msgspec

from headwater.flow.secret_sources import env_names
from headwater.model.errors import SecretMissing
from headwater.model.secret import SecretSource

#: Longer files are not what they are taken for.
_MOST_BYTES = 1 << 20


def read_variables(source: SecretSource, environ: Mapping[str, str]) -> dict[str, str]:
    """Take variables of the environment that the run was started in, renamed as the options say.

    Raises:
        SecretMissing: names those that are not set, or empty.
    """
    names = env_names(source)
    missing = [name for name in names if not environ.get(name)]
    if missing:
        are = "are" if len(missing) > 1 else "is"
        listed = ", ".join(f"`{name}`" for name in missing)
        hint = f"set {'them' if len(missing) > 1 else 'it'} where the run is started (for `headwater up`: in its unit)"
        raise SecretMissing(f"{listed} {are} not set", hint=hint)
    return {source.options.get(name, name): environ[name] for name in names}


def read_file(source: SecretSource) -> dict[str, str]:
    """Read a file of lines `NAME=VALUE`, or of one JSON object, that belongs to the user and that nobody else can read.

    Raises:
        SecretMissing: it is not there, not private, or not of that form; says which line, never what it holds.
    """
    path = os.path.expanduser(source.id)
    text = _read_private(path)
    values = object_in_json(text) if text.lstrip().startswith("{") else _lines(text)
    return renamed(values, source)


def renamed(values: Mapping[str, str], source: SecretSource) -> dict[str, str]:
    """Give values under the names that a source's options have for them.

    Raises:
        SecretMissing: the options rename what is not there.
    """
    own = ("json", "env_var_name", "region") if source.type != "file" else ()
    names = {name: new for name, new in source.options.items() if name not in own}
    missing = [name for name in names if name not in values]
    if missing:
        raise SecretMissing(f"it holds no `{missing[0]}`", hint=f"it holds: {', '.join(values) or 'nothing'}")
    return {names.get(name, name): value for name, value in values.items()}


def object_in_json(text: str) -> dict[str, str]:
    """Read a JSON object of names and values; numbers and truths become texts.

    Raises:
        SecretMissing: it is not of that form.
    """
    try:
        decoded = msgspec.json.decode(text, type=dict[str, str | int | float | bool])
    except (msgspec.DecodeError, UnicodeError):
        # The decoder's own message is left out: it may quote what it read.
        message = "it is not a JSON object of names and values"
        raise SecretMissing(message, hint='write {"DB_PASSWORD": "..."}; values are texts or numbers') from None
    return {name: _text(value) for name, value in decoded.items()}


def _text(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_private(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise SecretMissing(f"it cannot be read: {error.strerror}", hint=f"make it with `umask 077`: {path}") from None
    try:
        _check_private(path, os.fstat(descriptor))
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(_MOST_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > _MOST_BYTES:
        raise SecretMissing(f"it is larger than {_MOST_BYTES >> 20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SecretMissing("it is not text") from None


def _check_private(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise SecretMissing("it is not a file")
    quoted = shlex.quote(path)
    if found.st_uid != os.geteuid():
        raise SecretMissing("it belongs to another user", hint=f"keep a file of your own: {quoted}")
    if found.st_mode & 0o077:
        message = f"others may read it (its mode is {stat.S_IMODE(found.st_mode):04o})"
        raise SecretMissing(message, hint=f"chmod 600 {quoted}")


def _lines(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        name = name.strip()
        if not equals or not name or " " in name:
            raise SecretMissing(f"line {number} is not of the form NAME=VALUE", hint="one a line; # begins a comment")
        if name in values:
            raise SecretMissing(f"line {number} sets `{name}` again")
        values[name] = _unquoted(value.strip())
    return values


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
