"""The channels of a store: those kept in HOME/alerts.json, and those that the environment names."""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import msgspec

from headwater.model.errors import NotFound, SettingMistake, UserMistake
from headwater.model.nearest import did_you_mean
from headwater.production.alerts.channels import (
    Channel,
    Command,
    Email,
    Webhook,
    checked,
    command_of_text,
    email_of_text,
    webhook_of_text,
)

#: Name of the channels that the environment names.
ENVIRONMENT = "environment"
#: Version of the file's format; a newer one is refused.
FORMAT = 1

_FROM_TEXT: dict[str, Callable[[str, str], Channel]] = {
    "HEADWATER_ALERT_WEBHOOK": webhook_of_text,
    "HEADWATER_ALERT_EMAIL": email_of_text,
    "HEADWATER_ALERT_COMMAND": command_of_text,
}
#: Variables that hold channels and so secrets: nothing of a user's code should get them.
SECRET_VARIABLES = tuple(_FROM_TEXT)


class _Page(msgspec.Struct, frozen=True):
    """What is in the file."""

    channels: tuple[Webhook | Email | Command, ...] = ()
    kind: str = "alert_channels"
    v: int = FORMAT


def channels_of(home: str, environ: Mapping[str, str]) -> list[Channel]:
    """Give the channels of the store in this folder, those of the environment first; empty when there are none.

    Raises:
        SettingMistake: the file or a variable does not read.
    """
    found, mistakes = usable_channels(home, environ)
    if mistakes:
        raise mistakes[0]
    return found


def usable_channels(home: str, environ: Mapping[str, str]) -> tuple[list[Channel], list[SettingMistake]]:
    """Give the channels that read, and what is wrong with the others: one mistake must not silence all."""
    found: list[Channel] = []
    mistakes = []
    for name, read in _FROM_TEXT.items():
        if environ.get(name, "").strip():
            try:
                found.append(_checked_setting(name, read(ENVIRONMENT, environ[name])))
            except SettingMistake as mistake:
                mistakes.append(mistake)
    try:
        found += _read(home).channels
    except SettingMistake as mistake:
        mistakes.append(mistake)
    return found, mistakes


def add_channel(home: str, channel: Channel) -> None:
    """Keep a channel in the store, durably.

    Raises:
        UserMistake: it cannot be used, or its name is taken.
        SettingMistake: the file does not read.
    """
    checked(channel)
    with _changing(home) as (page, write):
        if channel.name == ENVIRONMENT or any(other.name == channel.name for other in page.channels):
            raise UserMistake(
                f"there is a channel `{channel.name}` already", hint=f"headwater alert remove {channel.name}"
            )
        write(_Page((*page.channels, channel)))


def remove_channel(home: str, name: str) -> Channel:
    """Forget a channel, and give it.

    Raises:
        NotFound: the store keeps none of that name.
        SettingMistake: the file does not read.
    """
    with _changing(home) as (page, write):
        kept = tuple(channel for channel in page.channels if channel.name != name)
        if len(kept) == len(page.channels):
            names = [channel.name for channel in page.channels]
            hint = did_you_mean(name, names, what="Its channels") or "`headwater alert channels` lists them"
            raise NotFound(f"this store keeps no channel `{name}`", choices=names, hint=hint)
        write(_Page(kept))
    return next(channel for channel in page.channels if channel.name == name)


def is_readable_by_others(home: str) -> bool:
    """Tell whether somebody else on this machine could read the file."""
    try:
        return bool(os.stat(_path(home)).st_mode & 0o077)
    except FileNotFoundError:
        return False


def _path(home: str) -> str:
    return os.path.join(home, "alerts.json")


def _checked_setting(variable: str, channel: Channel) -> Channel:
    try:
        return checked(channel)
    except UserMistake as mistake:
        raise SettingMistake(f"{variable}: {mistake.message}", hint=mistake.hint) from None


def _read(home: str) -> _Page:
    path = _path(home)
    try:
        with open(path, "rb") as file:
            page = msgspec.json.decode(file.read(), type=_Page)
    except FileNotFoundError:
        return _Page()
    except OSError as error:
        raise SettingMistake(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError:  # whose text would show what stands there
        hint = "remove it and add its channels again: headwater alert add"
        raise SettingMistake(f"{path} is no file of channels, or a newer Headwater wrote it", hint=hint) from None
    if page.v > FORMAT:
        raise SettingMistake(f"{path} has format {page.v}, this Headwater knows up to {FORMAT}")
    return page


@contextmanager
def _changing(home: str) -> Iterator[tuple[_Page, Callable[[_Page], None]]]:
    """Keep other writers out while the file is read and written again."""
    descriptor = os.open(f"{_path(home)}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
        yield _read(home), lambda page: _write(_path(home), page)
    finally:
        os.close(descriptor)


def _write(path: str, page: _Page) -> None:
    staged = f"{path}.new"
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(msgspec.json.format(msgspec.json.encode(page), indent=2) + b"\n")
        file.flush()
        os.fsync(descriptor)
    os.replace(staged, path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
