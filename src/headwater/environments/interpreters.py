"""Finds the Python to build an environment with."""

import os
import platform
import sys

import msgspec

from headwater.environments.uv import Uv, UvFailed
from headwater.model.errors import EnvironmentMistake


class Interpreter(msgspec.Struct, frozen=True):
    """A Python of this machine."""

    path: str
    #: `3.12.4`
    version: str


class _Listed(msgspec.Struct, frozen=True):
    """One entry of `uv python list --output-format json`."""

    version: str
    path: str | None = None
    implementation: str = "cpython"


def this_interpreter() -> Interpreter:
    """The one that runs now, without the virtual environment around it."""
    base = getattr(sys, "_base_executable", None)
    return Interpreter(base or sys.executable, platform.python_version())


def find_interpreter(uv: Uv, wanted: str, folder: str) -> Interpreter:
    """Find a Python by its version, `3.12` or `3.12.4`; none is ever downloaded.

    Raises:
        EnvironmentMistake: it is not on this machine; lists those that are.
    """
    own = this_interpreter()
    if own.version == wanted or own.version.startswith(f"{wanted}."):
        return own
    installed = list_interpreters(uv, folder)
    for interpreter in installed:
        if interpreter.version == wanted or interpreter.version.startswith(f"{wanted}."):
            return interpreter
    by_version = {one.version: one.path for one in reversed(installed)}
    found = ", ".join(f"{version} ({path})" for version, path in reversed(by_version.items()))
    raise EnvironmentMistake(
        f"Python {wanted} is not on this machine; found: {found}",
        hint=f"`uv python install {wanted}` brings it, or ask for one of these",
    )


def find_for_lock(uv: Uv, version: str, folder: str) -> Interpreter:
    """Find the Python that a lock was made for, or another patch release of it, whose packages are the same.

    Raises:
        EnvironmentMistake: none of its minor version is on this machine.
    """
    own = this_interpreter()
    if own.version == version:
        return own
    try:
        return find_interpreter(uv, version, folder)
    except EnvironmentMistake:
        return find_interpreter(uv, ".".join(version.split(".")[:2]), folder)


def list_interpreters(uv: Uv, folder: str) -> list[Interpreter]:
    """List the Pythons of this machine, newest first, each file once; the one that runs now is always among them."""
    own = this_interpreter()
    try:
        text = uv.run(["python", "list", "--only-installed", "--output-format", "json"], folder=folder)
    except UvFailed:
        return [own]
    found = {os.path.realpath(own.path): own}
    for listed in msgspec.json.decode(text, type=list[_Listed]):
        if listed.path is not None and listed.implementation == "cpython":
            found.setdefault(os.path.realpath(listed.path), Interpreter(listed.path, listed.version))
    return sorted(found.values(), key=lambda one: _numbers(one.version), reverse=True)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


def platform_name() -> str:
    """Name this platform as uv does: `x86_64-unknown-linux-gnu`."""
    machine = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    if sys.platform == "darwin":
        return f"{machine}-apple-darwin"
    return f"{machine}-unknown-linux-{'gnu' if platform.libc_ver()[0] == 'glibc' else 'musl'}"
