"""Tokens of callers: made, kept as hashes only, found again by the host, revoked."""

import secrets
import time
from collections.abc import Callable

import msgspec

from headwater.model.errors import NotFound, UserMistake
from headwater.model.ids import NAME
from headwater.model.nearest import did_you_mean
from headwater.model.ports import Ledger
from headwater.model.records import Record
from headwater.model.secret_digest import secret_digest

#: Kind of their records.
TOKEN = "token"
#: What a token begins with, so that people and scanners know one when they see it.
PREFIX = "hws_"
#: A revoked token is refused after so many seconds at the latest.
FRESH_SECONDS = 0.5
_PAGE = 500


class ServiceToken(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a store knows of a token; record kind `token`, key = its name."""

    name: str
    #: SHA-256 of the token, hexadecimal.
    digest: str
    at: float
    user: str
    #: Services that it may call; empty = all.
    services: tuple[str, ...] = ()
    #: Unix time from which on it is refused; None = it does not expire.
    expires_at: float | None = None
    revoked_at: float | None = None
    revoked_by: str = ""
    kind: str = "service_token"
    v: int = 1

    def is_valid(self, now: float) -> bool:
        """It is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def create_token(
    ledger: Ledger,
    name: str,
    user: str,
    now: float,
    *,
    services: tuple[str, ...] = (),
    seconds: float | None = None,
) -> tuple[str, ServiceToken]:
    """Make a token; gives it and what is kept. Nobody can read it again.

    Args:
        ledger: where it is kept.
        name: for people; one that was revoked or has expired may be made anew.
        user: who makes it.
        now: Unix time.
        services: what it may call; empty = everything.
        seconds: how long it is good for; None = until it is revoked.

    Raises:
        UserMistake: the name is none, or taken by a token that is still good.
    """
    if not NAME.match(name):
        raise UserMistake(f"{name!r} cannot be a token's name", hint="letters, digits and _")
    kept = ledger.record(TOKEN, name)
    if kept is not None and _decode(kept).is_valid(now):
        raise UserMistake(f"there is a token `{name}`", hint=f"headwater service token revoke {name}")
    token = PREFIX + secrets.token_urlsafe(32)
    made = ServiceToken(
        name, secret_digest(token), now, user, tuple(sorted(set(services))), None if seconds is None else now + seconds
    )
    ledger.write_records([_record(made, 1 if kept is None else kept.version + 1, now)])
    return token, made


def revoke_token(ledger: Ledger, name: str, user: str, now: float) -> ServiceToken:
    """Let a token be refused from now on; silent when it was revoked before.

    Raises:
        NotFound: there is none of that name.
    """
    kept = ledger.record(TOKEN, name)
    if kept is None:
        known = [each.name for each in list_tokens(ledger)]
        hint = did_you_mean(name, known, what="Tokens") or "headwater service token create makes one"
        raise NotFound(f"there is no token `{name}`", choices=known, hint=hint)
    token = _decode(kept)
    if token.revoked_at is not None:
        return token
    revoked = msgspec.structs.replace(token, revoked_at=now, revoked_by=user)
    ledger.write_records([_record(revoked, kept.version + 1, now)])
    return revoked


def list_tokens(ledger: Ledger) -> list[ServiceToken]:
    """Give all tokens, by name."""
    found: list[ServiceToken] = []
    after = ""
    while page := ledger.records(TOKEN, after=after, limit=_PAGE):
        found += [_decode(record) for record in page]
        after = page[-1].key
    return found


class KnownTokens:
    """The good tokens of a store by their hash, read anew when they may have changed."""

    def __init__(
        self, ledger: Ledger, clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        """Take what it needs.

        Args:
            ledger: where they are kept.
            clock: Unix time, for their ends.
            steady: seconds that never go back, for how old what was read is.
        """
        self._ledger = ledger
        self._clock = clock
        self._steady = steady
        self._read_at = float("-inf")
        self._by_digest: dict[str, ServiceToken] = {}

    def find(self, digest: str) -> ServiceToken | None:
        """Give the token with this SHA-256 (hexadecimal); None when it is unknown, revoked or expired."""
        now = self._steady()
        if now - self._read_at > FRESH_SECONDS:
            self._by_digest = {token.digest: token for token in list_tokens(self._ledger)}
            self._read_at = now
        token = self._by_digest.get(digest)
        return token if token is not None and token.is_valid(self._clock()) else None

    def has_any(self) -> bool:
        """Whether anybody could be let in."""
        return any(token.is_valid(self._clock()) for token in list_tokens(self._ledger))


def _record(token: ServiceToken, version: int, at: float) -> Record:
    return Record(TOKEN, token.name, version, at, msgspec.Raw(msgspec.json.encode(token)))


def _decode(record: Record) -> ServiceToken:
    return msgspec.json.decode(record.body, type=ServiceToken)
