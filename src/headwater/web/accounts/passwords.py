"""Passwords: hashed with Argon2id, compared in a time that does not say whether there is such a user."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from headwater.model.errors import NotInstalled, UserMistake
from headwater.web.problems import Refused

#: Characters of a password.
SHORTEST, LONGEST = 10, 200
#: Hashing takes 64 MiB each: so many at once, and so many that wait; more would take all threads of the server.
MOST_AT_ONCE, MOST_WAITING = 2, 8


class _Hasher(Protocol):
    def hash(self, password: str) -> str: ...

    def verify(self, hash: str, password: str) -> bool: ...


class Passwords:
    """Hashes and compares; by default with RFC 9106's parameters for little memory (64 MiB, 3 passes)."""

    def __init__(self, memory_kib: int = 65536, passes: int = 3) -> None:
        """Take what a new hash is to cost; hashes that are known say themselves what they did.

        Raises:
            NotInstalled: the package that hashes is not there.
        """
        self._hasher = _hasher(memory_kib, passes)
        self._nobodys = self._hasher.hash("nobody has this password")
        self._at_once = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._waiting = threading.BoundedSemaphore(MOST_AT_ONCE + MOST_WAITING)

    def hash(self, password: str) -> str:
        """Give what is kept of a password.

        Raises:
            UserMistake: it is too short or too long.
        """
        if not SHORTEST <= len(password) <= LONGEST:
            raise UserMistake(f"a password has {SHORTEST} to {LONGEST} characters, this one has {len(password)}")
        with self._turn():
            return self._hasher.hash(password)

    def is_right(self, password: str, known_hash: str | None) -> bool:
        """Whether a password has this hash; takes as long when there is none to compare with."""
        from argon2.exceptions import InvalidHashError, VerifyMismatchError

        with self._turn():
            try:
                self._hasher.verify(known_hash or self._nobodys, password[: LONGEST + 1])
            except (VerifyMismatchError, InvalidHashError):
                return False
        return known_hash is not None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for a turn to hash.

        Raises:
            Refused: 429; too many wait already.
        """
        if not self._waiting.acquire(blocking=False):
            raise Refused(429, "too many sign in at once: try again", headers={"retry-after": "1"})
        try:
            with self._at_once:
                yield
        finally:
            self._waiting.release()


def _hasher(memory_kib: int, passes: int) -> _Hasher:
    try:
        from argon2 import PasswordHasher
    except ImportError as error:
        raise NotInstalled("argon2-cffi", "team", "signing in with a password") from error
    return PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=4)
