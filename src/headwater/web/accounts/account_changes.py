"""What becomes of an account, with its sessions and tokens: the same from the command line and over HTTP.

Running servers know all of it within a second.
"""

from headwater.model.errors import UserMistake
from headwater.model.ports import Ledger
from headwater.web.accounts.sessions import end_sessions
from headwater.web.accounts.tokens import revoke_all
from headwater.web.accounts.users import Account, Users


def require_person(ledger: Ledger, name: str) -> Account:
    """Give the account of somebody who may have a password: asked before one is typed or hashed.

    Raises:
        NotFound: there is none of that name.
        UserMistake: it is a program's.
    """
    account = Users(ledger).require(name)
    if account.is_service:
        raise UserMistake(f"{name} is a program: it has tokens, no password")
    return account


def set_password(ledger: Ledger, name: str, password_hash: str, *, by: str, at: float) -> Account:
    """Give somebody another password; their sessions end.

    Raises:
        NotFound: there is none of that name.
    """
    account = Users(ledger).change(name, by=by, at=at, password_hash=password_hash, sessions_since=at)
    end_sessions(ledger, name, at)
    return account


def disable(ledger: Ledger, name: str, *, by: str, at: float) -> Account:
    """Keep somebody out: their sessions and tokens are refused.

    Raises:
        NotFound: there is none of that name.
    """
    return Users(ledger).change(name, by=by, at=at, disabled_at=at)


def enable(ledger: Ledger, name: str, *, by: str, at: float) -> Account:
    """Let somebody in again; sessions from before are over, tokens are good again.

    Raises:
        NotFound: there is none of that name.
    """
    account = Users(ledger).change(name, by=by, at=at, disabled_at=None, sessions_since=at)
    end_sessions(ledger, name, at)
    return account


def remove(ledger: Ledger, name: str, *, by: str, at: float) -> int:
    """Remove an account with its roles; its sessions and tokens are over for good. Gives how many tokens ended.

    Raises:
        NotFound: there is none of that name.
    """
    Users(ledger).change(name, by=by, at=at, removed_at=at, roles={}, password_hash=None)
    ended = revoke_all(ledger, name, by=by, now=at)
    end_sessions(ledger, name, at)
    return ended
