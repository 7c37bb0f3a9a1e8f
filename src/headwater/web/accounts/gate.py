"""Lets people in: by link or password; hashing is set up when the first password comes."""

import threading

import msgspec

from headwater.model.errors import NotInstalled
from headwater.model.ports import Ledger
from headwater.web.accounts.passwords import Passwords
from headwater.web.accounts.sessions import SESSION_SECONDS, Session, start_session
from headwater.web.accounts.sign_in import LinkCode, LinkSignIn, NamedPassword, PasswordSignIn, Proof, SignIn
from headwater.web.accounts.throttle import Throttle
from headwater.web.accounts.users import Users


class Admitted(msgspec.Struct, frozen=True):
    """Somebody who was let in."""

    #: What their cookie holds.
    secret: str
    session: Session


class Gate:
    """Who comes in by which proof."""

    def __init__(self, ledger: Ledger, throttle: Throttle | None = None) -> None:
        self._ledger = ledger
        self._links = LinkSignIn(ledger)
        self._throttle = throttle or Throttle()
        self._hasher: Passwords | None = None
        self._lock = threading.Lock()

    @property
    def passwords(self) -> Passwords:
        """Hashes and compares passwords.

        Raises:
            NotInstalled: the package that does is not there.
        """
        with self._lock:
            if self._hasher is None:
                self._hasher = Passwords()
            return self._hasher

    def takes_passwords(self) -> bool:
        """Whether somebody could sign in with one."""
        if not any(account.password_hash is not None for account in Users(self._ledger).all()):
            return False
        try:
            return self.passwords is not None
        except NotInstalled:
            return False

    def by_link(self, code: LinkCode, now: float, address: str) -> Admitted:
        """Let the bearer of a link in."""
        return self._admit(self._links, code, now, address)

    def by_password(self, given: NamedPassword, now: float, address: str, browser: str = "") -> Admitted:
        """Let somebody in who knows the password of an account; `browser` as `PasswordSignIn` takes it."""
        return self._admit(PasswordSignIn(self._ledger, self.passwords, self._throttle, browser), given, now, address)

    def _admit(self, way: SignIn[Proof], proof: Proof, now: float, address: str) -> Admitted:
        proved = way.prove(proof, now, address)
        session = Session(
            proved.user, now, now + SESSION_SECONDS, proved.means, proved.roles, address, since=proved.since
        )
        return Admitted(start_session(self._ledger, session), session)
