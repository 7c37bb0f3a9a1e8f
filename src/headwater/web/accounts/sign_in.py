"""Ways to prove who one is: a link, a password; another one (OpenID Connect, say) is one more `SignIn`."""

from typing import Protocol, TypeVar

import msgspec

from headwater.model.ports import Ledger
from headwater.web.access import Means, Role
from headwater.web.accounts.passwords import Passwords
from headwater.web.accounts.sessions import had_session, use_link
from headwater.web.accounts.throttle import Throttle
from headwater.web.accounts.users import Users
from headwater.web.problems import Refused

Proof = TypeVar("Proof", contravariant=True)


class Proved(msgspec.Struct, frozen=True):
    """Somebody who proved who they are."""

    user: str
    means: Means
    #: Roles that the proof itself brings; empty = those of their account.
    roles: dict[str, Role] = {}
    #: `sessions_since` of their account when it was looked at.
    since: float = 0.0


class LinkCode(msgspec.Struct, frozen=True):
    """The code of a link that lets somebody in once."""

    code: str


class NamedPassword(msgspec.Struct, frozen=True):
    """A user's name, with their password."""

    name: str
    password: str


class SignIn(Protocol[Proof]):
    """One way to prove who one is."""

    def prove(self, proof: Proof, now: float, address: str) -> Proved:
        """Say who it is.

        Args:
            proof: what they gave.
            now: Unix time.
            address: where they are.

        Raises:
            Refused: 401 when it proves nothing, 429 when they tried too often.
        """


class LinkSignIn:
    """By a link that was printed where the store is."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def prove(self, proof: LinkCode, now: float, address: str) -> Proved:
        link = use_link(self._ledger, proof.code, now)
        return Proved(link.user, "link", link.roles)


class PasswordSignIn:
    """By the password of an account."""

    def __init__(self, ledger: Ledger, passwords: Passwords, throttle: Throttle, browser: str = "") -> None:
        """Take what it needs.

        Args:
            ledger: where the accounts are.
            passwords: compares.
            throttle: slows down who guesses.
            browser: key of the session that this browser had last, by its own word; empty = it says none.
        """
        self._ledger = ledger
        self._users = Users(ledger)
        self._passwords = passwords
        self._throttle = throttle
        self._browser = browser

    def prove(self, proof: NamedPassword, now: float, address: str) -> Proved:
        browser = self._browser if had_session(self._ledger, self._browser, proof.name) else ""
        self._throttle.require(proof.name, address, browser)
        account = self._users.get(proof.name[:200])
        known = None if account is None or not account.is_active else account.password_hash
        if not self._passwords.is_right(proof.password, known):
            self._throttle.failed(proof.name, address, browser)
            raise Refused(401, "this name and password do not go together", error="SignInFailed")
        self._throttle.succeeded(proof.name, browser)
        assert account is not None
        return Proved(proof.name, "password", since=account.sessions_since)
