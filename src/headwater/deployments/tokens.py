"""Production tokens: made, compared, and kept for the person who has them in a file that only they can read."""

import fcntl
import hmac
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec

from headwater.model.errors import SettingMistake
from headwater.model.private_files import make_private_folder
from headwater.model.secret_digest import secret_digest

_BYTES = 32
#: One line of the file, as `_written` writes it: both are TOML basic strings.
_LINE = re.compile(r'^("(?:[^"\\]|\\.)*")\s*=\s*("(?:[^"\\]|\\.)*")$')


def new_token(random_bytes: bytes | None = None) -> str:
    """Make a token: 256 random bits as 64 hexadecimal digits."""
    return (random_bytes or os.urandom(_BYTES)).hex()


def is_token(token: str | None, known_hash: str | None) -> bool:
    """Tell whether a token is the one with this hash, in a time that says nothing of how much of it is right."""
    if token is None or known_hash is None:
        return False
    return hmac.compare_digest(secret_digest(token.strip()), known_hash)


class KeptTokens:
    """The tokens of one person: `~/.config/headwater/tokens.toml`, mode 0600; a line for each store and alias."""

    def __init__(self, environ: Mapping[str, str], home: str) -> None:
        config = environ.get("XDG_CONFIG_HOME") or os.path.join(
            environ.get("HOME") or os.path.expanduser("~"), ".config"
        )
        self.path = os.path.join(config, "headwater", "tokens.toml")
        self._home = os.path.realpath(home)

    def get(self, target: str) -> str | None:
        """Give the token that is kept for an alias of this store; None when there is none."""
        return self._read().get(self._name(target))

    def require_writable(self) -> None:
        """Refuse when no token can be kept: asked before a deed that makes one.

        Raises:
            SettingMistake: the file cannot be written.
        """
        with self._changing():
            pass

    def keep(self, target: str, token: str) -> None:
        """Keep a token; what was kept for the alias before is replaced. Durable on return.

        Raises:
            SettingMistake: the file cannot be written.
        """
        with self._changing():
            self._write({**self._read(), self._name(target): token})

    def forget(self, target: str) -> None:
        """Remove what is kept for an alias."""
        if self.get(target) is not None:
            with self._changing():
                kept = self._read()
                kept.pop(self._name(target), None)
                self._write(kept)

    def _name(self, target: str) -> str:
        return f"{target} in {self._home}"

    def _read(self) -> dict[str, str]:
        try:
            with open(self.path, encoding="utf-8") as file:
                lines = [_LINE.match(line.strip()) for line in file]
        except FileNotFoundError:
            return {}
        return {msgspec.json.decode(line[1]): msgspec.json.decode(line[2]) for line in lines if line}

    def _write(self, kept: Mapping[str, str]) -> None:
        staged = f"{self.path}.{os.getpid()}-{os.urandom(4).hex()}"
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write("# Tokens of production deployments: whoever has one may replace what it stands for.\n")
            for name, token in sorted(kept.items()):
                file.write(f"{_quoted(name)} = {_quoted(token)}\n")
            file.flush()
            os.fsync(descriptor)
        os.replace(staged, self.path)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Keep other processes from changing the file inside the block."""
        try:
            make_private_folder(os.path.dirname(self.path))
            descriptor = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)
        except OSError as error:
            hint = "XDG_CONFIG_HOME names another folder than ~/.config"
            raise SettingMistake(f"{self.path} cannot be written: {error.strerror}", hint=hint) from error


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
