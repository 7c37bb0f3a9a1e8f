"""`headwater doctor`: shows settings, where they come from, and what this machine has."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import click
import msgspec

from headwater import __version__
from headwater.cli.printing import print_facts, print_json, print_table
from headwater.cli.reading import gives_json, reads_store
from headwater.cli.words import bytes_text
from headwater.engines.forking import reason_not_to_fork
from headwater.environments.conda import find_conda
from headwater.environments.uv import find_uv
from headwater.home import open_home
from headwater.ledger.filesystems import NETWORK_TYPES, filesystem_type
from headwater.model.errors import EnvironmentMistake, HeadwaterError
from headwater.runtime.machine import this_machine
from headwater.settings import MARKER, Settings, read_settings

_REQUIRED = ("apsw", "blake3", "click", "cronsim", "msgspec", "pathspec", "rich", "threadpoolctl", "uv", "zstandard")
_OPTIONAL = ("numpy", "pandas", "polars", "pyarrow", "scikit-learn", "torch")


@click.command("doctor")
@gives_json
@reads_store
def command(as_json: bool, home: str | None) -> int:
    """Show every setting with its source, what this machine has for tasks, and how the store is.

    Exit code 1: the store cannot be used.
    """
    settings = read_settings({"home": home}, os.environ, os.getcwd())
    facts = _facts(settings)
    if as_json:
        print_json(facts)
    else:
        _print(facts)
    store = facts["store"]
    return 1 if isinstance(store, dict) and store["problem"] else 0


def _facts(settings: Settings) -> dict[str, object]:
    machine = this_machine(1)
    return {
        "headwater": __version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        "settings": msgspec.to_builtins(settings),
        "machine": {
            "cpus": machine.cpus,
            "memory_bytes": int(machine.memory * 1e6),
            "gpus": machine.gpus,
            "reason_not_to_fork": reason_not_to_fork(),
        },
        "environments": _environments(),
        "store": _store(settings.home.value),
        "packages": {name: _version(name) for name in (*_REQUIRED, *_OPTIONAL)},
    }


def _environments() -> dict[str, str | None]:
    """What makes environments of steps here; None = it is not to be found."""
    try:
        uv = find_uv(os.environ)
    except EnvironmentMistake:
        uv = None
    return {"uv": uv, "conda": find_conda(os.environ)}


def _store(path: str) -> dict[str, object]:
    """What is known of the store; `problem` is empty when it can be used or made."""
    there = path
    while not os.path.isdir(there):
        there = os.path.dirname(there)
    volume = os.statvfs(there)
    kind = _filesystem(there)
    objects, size = _size(os.path.join(path, "objects"))
    return {
        "path": path,
        "exists": os.path.isfile(os.path.join(path, MARKER)),
        "objects": objects,
        "object_bytes": size,
        "ledger_bytes": _file_size(os.path.join(path, "ledger.db")),
        "free_bytes": volume.f_bavail * volume.f_frsize,
        "filesystem": kind,
        "problem": _problem(path, there, kind),
    }


def _problem(path: str, there: str, kind: str) -> str:
    if kind in NETWORK_TYPES:
        return f"{kind} is a network file system: locks on it do not hold"
    if not os.access(there, os.W_OK):
        return f"{there} is not writable"
    if not os.path.isfile(os.path.join(path, MARKER)):
        return ""
    try:
        home = open_home(path)
        home.ledger.flows()
        home.close()
    except HeadwaterError as error:
        return error.message
    return ""


def _filesystem(path: str) -> str:
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as file:
            return filesystem_type(os.path.realpath(path), file.read())
    except OSError:
        return ""


def _size(folder: str) -> tuple[int, int]:
    """Count the files below a folder and their bytes."""
    count = size = 0
    for where, _, names in os.walk(folder):
        for name in names:
            count += 1
            size += _file_size(os.path.join(where, name))
    return count, size


def _file_size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _print(facts: dict[str, object]) -> None:
    names = ("machine", "environments", "store", "packages", "settings")
    machine, environments, store, packages, settings = (facts[name] for name in names)
    assert isinstance(machine, dict)
    assert isinstance(environments, dict)
    assert isinstance(store, dict)
    assert isinstance(packages, dict)
    assert isinstance(settings, dict)
    print_facts([(name, facts[name]) for name in ("headwater", "python", "platform")])
    print()
    print_table(("setting", "value", "from"), [(name, one["value"], one["source"]) for name, one in settings.items()])
    print()
    gpus = ", ".join(map(str, machine["gpus"])) or "none"
    reason = machine["reason_not_to_fork"]
    print_facts(
        [
            ("cpus", f"{machine['cpus']:g}"),
            ("memory", bytes_text(machine["memory_bytes"])),
            ("gpus", gpus),
            ("tasks start by", f"a new interpreter: {reason}" if reason else "a fork"),
            ("@pypi, @uv", environments["uv"] or "not possible: `pip install uv`"),
            ("@conda", environments["conda"] or "not possible: no conda tool on the path"),
        ]
    )
    print()
    held = (
        f"{bytes_text(store['object_bytes'])} in {store['objects']} files, ledger {bytes_text(store['ledger_bytes'])}"
    )
    print_facts(
        [
            ("store", store["path"]),
            ("holds", held if store["exists"] else "not made yet: the first run makes it"),
            ("free", f"{bytes_text(store['free_bytes'])} on {store['filesystem'] or 'an unknown file system'}"),
            ("problem", store["problem"]),
        ]
    )
    print()
    print_table(("package", "version"), [(name, found or "not installed") for name, found in packages.items()])
