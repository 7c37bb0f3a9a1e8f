"""Channels: where alerts go, as data. What they know of addresses and passwords is never shown nor recorded."""

import re
from collections.abc import Iterable
from typing import Literal, Union
from urllib.parse import urlsplit

import msgspec

from headwater.model.errors import SettingMistake, UserMistake
from headwater.model.ids import NAME

#: How a mail server is talked to: TLS from the first byte, TLS after a greeting (refused without), or none.
Security = Literal["tls", "starttls", "none"]

_MASKED = "***"
#: Shorter ones are not masked: they would turn every text into stars.
_SHORTEST_SECRET = 4
_ADDRESS = re.compile(r"[^\s@<>,;:\"\\\x00-\x1f\x7f]+@[^\s@<>,;:\"\\\x00-\x1f\x7f]+")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_PORTS: dict[Security, int] = {"tls": 465, "starttls": 587, "none": 25}
#: Headers that say where a request ends or goes.
_OWN_HEADERS = ("host", "content-length", "content-type", "transfer-encoding", "connection")


class _Channel(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """What all channels have."""

    name: str

    @property
    def label(self) -> str:
        """`webhook:team`: what records and people call it."""
        return f"{type(self).__name__.lower()}:{self.name}"

    def __repr__(self) -> str:
        return f"<{self.label}>"


class Webhook(_Channel, frozen=True, tag="webhook"):
    """An address that takes `{"text": ...}` by POST, as those of Slack do."""

    #: Whoever knows it may write there, so it is a secret.
    url: str
    headers: dict[str, str] = {}

    @property
    def where(self) -> str:
        """Where it leads, for people; without what is secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/{_MASKED}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown, logged or recorded."""
        parts = urlsplit(self.url)
        pieces = [piece for piece in parts.path.split("/") if len(piece) > 7]
        return (self.url, f"{parts.path}?{parts.query}", parts.path, parts.query, *pieces, *self.headers.values())


class Email(_Channel, frozen=True, tag="email"):
    """People who get a mail."""

    host: str
    sender: str
    recipients: tuple[str, ...]
    security: Security = "starttls"
    #: 0 = the usual one: 465 for tls, 587 for starttls, 25 for none.
    port: int = 0
    user: str = ""
    password: str = ""

    @property
    def where(self) -> str:
        """Who gets it through which server."""
        return f"{', '.join(self.recipients)} through {self.host}:{self.port_used} ({self.security})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown, logged or recorded."""
        return (self.password,)

    @property
    def port_used(self) -> int:
        """The port that is connected to."""
        return self.port or _PORTS[self.security]


class Command(_Channel, frozen=True, tag="command"):
    """A program that gets the alert as JSON on its standard input."""

    #: The program and its arguments; no shell is involved.
    argv: tuple[str, ...]

    @property
    def where(self) -> str:
        """Which program; its arguments may hold secrets."""
        more = f" and {len(self.argv) - 1} arguments" if len(self.argv) > 1 else ""
        return f"{self.argv[0]}{more}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown, logged or recorded."""
        return self.argv[1:]


Channel = Union[Webhook, Email, Command]


def mask(text: str, channel: Channel) -> str:
    """Give a text without the channel's secrets."""
    for secret in sorted(channel.secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, _MASKED)
    return text


def checked(channel: Channel) -> Channel:
    """Give the channel back when it can be used.

    Raises:
        UserMistake: something of it cannot be; tells what without showing it.
    """
    if not NAME.match(channel.name):
        raise UserMistake(f"{channel.name!r} cannot name a channel", hint="letters, digits, `_` and `-`")
    match channel:
        case Webhook():
            _check_webhook(channel)
        case Email():
            _check_email(channel)
        case Command():
            if not channel.argv or not channel.argv[0] or any("\0" in word for word in channel.argv):
                raise UserMistake(f"channel `{channel.name}` names no program")
    return channel


def _check_webhook(channel: Webhook) -> None:
    what = f"the address of channel `{channel.name}`"
    if _CONTROLS.search(channel.url) or " " in channel.url or not channel.url.isascii():
        raise UserMistake(f"{what} has spaces, line ends or letters that no address has")
    try:
        parts = urlsplit(channel.url)
        is_whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise UserMistake(f"{what} is none", hint="it is of the form https://host/path") from error
    if parts.scheme not in ("https", "http") or not is_whole:
        raise UserMistake(f"{what} is none that can be used", hint="it is of the form https://host/path")
    if parts.username is not None:
        raise UserMistake(f"{what} holds a user or password", hint="give it as --header 'Authorization: ...'")
    for name, value in channel.headers.items():
        if not _HEADER_NAME.fullmatch(name) or _CONTROLS.search(value) or not value.isascii():
            raise UserMistake(f"a header of channel `{channel.name}` has line ends or letters that none has")
        if name.lower() in _OWN_HEADERS:
            raise UserMistake(f"the header `{name}` of channel `{channel.name}` is set by Headwater")


def _check_email(channel: Email) -> None:
    what = f"channel `{channel.name}`"
    for address in (channel.sender, *channel.recipients):
        if not _ADDRESS.fullmatch(address):
            raise UserMistake(f"{address!r} of {what} is no mail address")
    if not channel.recipients:
        raise UserMistake(f"{what} has nobody to write to", hint="--to ADDRESS, once for each")
    if not channel.host or _CONTROLS.search(channel.host) or " " in channel.host or "/" in channel.host:
        raise UserMistake(f"{channel.host!r} of {what} is no mail server", hint="--server HOST or HOST:PORT")
    if not 0 <= channel.port <= 65535:
        raise UserMistake(f"the port {channel.port} of {what} is none")
    if channel.password and channel.security == "none":
        raise UserMistake(
            f"{what} would send its password unprotected", hint="use --security starttls or --security tls"
        )
    if bool(channel.password) != bool(channel.user):
        raise UserMistake(f"{what} has a user or a password, and not both")


def webhook_of_text(name: str, text: str) -> Webhook:
    """Read `HEADWATER_ALERT_WEBHOOK`: an address."""
    return Webhook(name, text.strip())


def email_of_text(name: str, text: str) -> Email:
    """Read `HEADWATER_ALERT_EMAIL`: `smtp://user:password@host:587/?from=a@b.c&to=d@e.f,g@h.i`.

    `smtps:` is TLS from the first byte, `smtp:` TLS after the greeting, `smtp+plain:` none.

    Raises:
        SettingMistake: it is not of that form.
    """
    from urllib.parse import parse_qs, unquote

    shape = "smtp://user:password@host:587/?from=ann@example.com&to=team@example.com"
    schemes: dict[str, Security] = {"smtp": "starttls", "smtps": "tls", "smtp+plain": "none"}
    try:
        parts = urlsplit(text.strip())
        asked = parse_qs(parts.query)
        security, port = schemes[parts.scheme], parts.port or 0
        sender, recipients = asked["from"][0], _split(asked["to"])
    except (ValueError, KeyError):
        raise SettingMistake("HEADWATER_ALERT_EMAIL does not read", hint=f"it is of the form {shape}") from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Email(name, parts.hostname or "", sender, recipients, security, port, user, password)


def command_of_text(name: str, text: str) -> Command:
    """Read `HEADWATER_ALERT_COMMAND`: words as a shell splits them; no shell runs them.

    Raises:
        SettingMistake: a quote is not closed.
    """
    import shlex

    try:
        return Command(name, tuple(shlex.split(text)))
    except ValueError:
        raise SettingMistake("HEADWATER_ALERT_COMMAND does not read", hint="is a quote not closed?") from None


def _split(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(word.strip() for text in texts for word in text.split(",") if word.strip())
