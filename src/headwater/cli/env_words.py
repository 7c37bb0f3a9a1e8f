"""What the words of `headwater env` do."""

import os
import sys
from collections.abc import Iterator

import click
import msgspec

from headwater.cli.printing import print_facts, print_json, print_table
from headwater.cli.reading import opened, split_run
from headwater.cli.words import bytes_text, local_time
from headwater.client.display import printable
from headwater.client.records import RunRecord
from headwater.client.session import View
from headwater.environments.difference import PYTHON, Difference, differences, versions_of
from headwater.environments.inventory import Environment, list_environments, remove_environment
from headwater.environments.locks import requirements_of
from headwater.environments.prepare import Environments
from headwater.home import Home
from headwater.model.errors import InvalidPathspec, NotFound, UserMistake
from headwater.model.ids import Digest
from headwater.model.nearest import did_you_mean
from headwater.model.packages import EnvironmentLock

#: Digits of a digest that people see.
_SHORT = 12
_OVER = ("succeeded", "failed", "cancelled")
#: What a step without an environment of its own runs with.
_OUTER = "the interpreter that ran the flow"


class _StepPackages(msgspec.Struct, frozen=True):
    """What one step of a run had."""

    step: str
    #: Of the lock; None = the interpreter that ran the flow.
    environment: Digest | None
    python: str
    #: Name -> version, Python left out.
    packages: dict[str, str]


class _StepDifference(msgspec.Struct, frozen=True):
    """How a step's packages differ between two runs."""

    step: str
    packages: list[Difference]


class _Removal(msgspec.Struct, frozen=True):
    """What `env gc` removed or would remove."""

    is_done: bool
    environments: list[Digest]
    bytes: int
    kept: int


def show(path: str, is_lock: bool, as_json: bool, home: str | None) -> int:
    """Print the environments of a run's steps, or the packages of one step."""
    with opened(home) as view:
        record, step = _run_and_step(view, path)
        environments = _environments(view.home)
        found = _step_packages(record, environments, step)
        if is_lock:
            _print_lock(record, environments, step)
        elif as_json:
            print_json(found)
        elif step is None:
            rows = [(one.step, _name(one), one.python, len(one.packages)) for one in found]
            print_table(("step", "environment", "python", "packages"), rows)
        else:
            _print_step(found[0], environments)
    return 0


def list_built(as_json: bool, home: str | None) -> int:
    """Print what is built."""
    with opened(home) as view:
        folder = _environments(view.home).folder
        found = list(list_environments(folder))
        users = _users(view.home)
    if as_json:
        print_json([{**msgspec.to_builtins(one), "needed_by": users.get(one.digest, [])} for one in found])
        return 0
    rows = [
        (
            one.digest[:_SHORT],
            one.state if not one.damage else f"{one.state}: {one.damage}",
            one.python,
            bytes_text(one.size_bytes),
            local_time(one.built_at or None),
            ", ".join(users.get(one.digest, [])),
        )
        for one in found
    ]
    print_table(("environment", "state", "python", "size", "built", "needed by"), rows)
    return 0


def rebuild(path: str, is_upgrading: bool, home: str | None) -> int:
    """Build the environments of a run, or of one of its steps, again."""
    with opened(home) as view:
        record, step = _run_and_step(view, path)
        environments = _environments(view.home)
        wanted = _locks_of(record, step)
        if not wanted:
            print(f"{path} has no environment of its own: its steps ran with {_OUTER}", file=sys.stderr)
        for digest, steps in wanted.items():
            _rebuild(environments, record, digest, steps, is_upgrading=is_upgrading)
    return 0


def diff(first: str, second: str, as_json: bool, home: str | None) -> int:
    """Print in which packages the steps of two runs differ."""
    with opened(home) as view:
        environments = _environments(view.home)
        sides = [_step_packages(*_side(view, path, environments)) for path in (first, second)]
    found = list(_differences(*sides))
    if as_json:
        print_json(found)
    else:
        rows = [(one.step, each.package, each.first, each.second) for one in found for each in one.packages]
        if rows:
            print_table(("step", "package", first, second), rows)
        else:
            print("the same packages in every step", file=sys.stderr)
    return 1 if found else 0


def collect(is_sure: bool, as_json: bool, home: str | None) -> int:
    """Remove environments that nothing needs now."""
    with opened(home) as view:
        folder = _environments(view.home).folder
        users = _users(view.home)
        found = list(list_environments(folder))
        unneeded = [one for one in found if one.state == "left over" or _is_unneeded(one, users)]
        if not as_json:
            _print_plan(unneeded, len(found) - len(unneeded))
        is_wanted = bool(unneeded) and _is_wanted(is_sure=is_sure)
        gone = [
            one
            for one in unneeded
            if is_wanted and remove_environment(folder, one, lambda digest: digest in _users(view.home))
        ]
        shown = gone if is_wanted else unneeded
        if as_json:
            kept = len(found) - len(shown)
            print_json(_Removal(is_wanted, [one.digest for one in shown], sum(one.own_bytes for one in shown), kept))
        elif gone:
            print(f"removed {len(gone)}, freed {bytes_text(sum(one.own_bytes for one in gone))}")
    return 0


def _environments(home: Home) -> Environments:
    return Environments(home.path, home.objects, os.environ)


def _run_and_step(view: View, path: str) -> tuple[RunRecord, str | None]:
    record, *parts = split_run(view, path)
    if len(parts) > 1:
        raise InvalidPathspec(f"`{path}` names more than a step", hint=f"the step is {record.path}/{parts[0]}")
    steps = record.started.graph.steps
    if parts and parts[0] not in steps:
        raise NotFound(
            f"{record.path} has no step `{parts[0]}`",
            choices=tuple(steps),
            hint=did_you_mean(parts[0], steps, what="Its steps"),
        )
    return record, parts[0] if parts else None


def _side(view: View, path: str, environments: Environments) -> tuple[RunRecord, Environments, str | None]:
    record, step = _run_and_step(view, path)
    return record, environments, step


def _step_packages(record: RunRecord, environments: Environments, step: str | None) -> list[_StepPackages]:
    started = record.started
    return [
        _packages_of(name, started.environments.get(name), started.environment, environments)
        for name in started.graph.steps
        if step is None or name == step
    ]


def _packages_of(step: str, digest: Digest | None, outer: dict[str, str], environments: Environments) -> _StepPackages:
    versions = dict(outer) if digest is None else versions_of(environments.read(digest))
    python = versions.pop(PYTHON, "")
    versions.pop("implementation", None)
    return _StepPackages(step, digest, python, versions)


def _locks_of(record: RunRecord, step: str | None) -> dict[Digest, list[str]]:
    found: dict[Digest, list[str]] = {}
    for name, digest in record.started.environments.items():
        if step is None or name == step:
            found.setdefault(digest, []).append(name)
    return found


def _print_lock(record: RunRecord, environments: Environments, step: str | None) -> None:
    wanted = _locks_of(record, step)
    if len(wanted) != 1:
        what = "no environment of its own" if not wanted else f"{len(wanted)} environments"
        raise UserMistake(f"{record.path} has {what} here", hint=f"name a step that has one: {record.path}/STEP")
    print(requirements_of(environments.read(next(iter(wanted)))), end="")


def _print_step(one: _StepPackages, environments: Environments) -> None:
    built = None if one.environment is None else environments.ready(one.environment)
    state = "" if one.environment is None else built.folder if built is not None else "not built now"
    print_facts([("environment", one.environment or _OUTER), ("python", one.python), ("built", state)])
    print()
    asked = {} if one.environment is None else environments.read(one.environment).asked.packages
    names = {name.partition("[")[0]: version or "any" for name, version in asked.items()}
    rows = [(name, version, names.get(name)) for name, version in one.packages.items()]
    print_table(("package", "version", "asked for"), rows)


def _name(one: _StepPackages) -> str:
    return one.environment[:_SHORT] if one.environment is not None else _OUTER


def _rebuild(
    environments: Environments, record: RunRecord, digest: Digest, steps: list[str], *, is_upgrading: bool
) -> None:
    which = ", ".join(steps)
    lock = environments.read(digest)
    code_root = record.started.code.root
    if is_upgrading:
        newer = environments.lock(lock.asked, code_root, is_anew=True)
        _print_upgrade(which, lock, environments.read(newer))
        digest = newer
    built = environments.build(digest, code_root, is_anew=True)
    print(f"{which}: built {digest[:_SHORT]} in {built.folder}")


def _print_upgrade(which: str, before: EnvironmentLock, after: EnvironmentLock) -> None:
    changed = differences(versions_of(before), versions_of(after))
    if not changed:
        print(f"{which}: nothing newer fits what is asked for")
    for one in changed:
        print(printable(f"{which}: {one.package} {one.first or 'not there'} -> {one.second or 'gone'}"))


def _differences(first: list[_StepPackages], second: list[_StepPackages]) -> Iterator[_StepDifference]:
    """Compare steps of the same name; two single steps are compared whatever they are called."""
    if len(first) == len(second) == 1:
        pairs = [(first[0].step, first[0], second[0])]
    else:
        others = {one.step: one for one in second}
        pairs = [(one.step, one, others[one.step]) for one in first if one.step in others]
    for step, one, other in pairs:
        found = differences({PYTHON: one.python, **one.packages}, {PYTHON: other.python, **other.packages})
        if found:
            yield _StepDifference(step, found)


def _users(home: Home) -> dict[Digest, list[str]]:
    """Open runs and records that need environments, by the digest of the lock."""
    found: dict[Digest, list[str]] = {}
    statuses: dict[str, str] = {}
    for held in home.ledger.references():
        if held.object is None:
            continue
        if held.run and held.run not in statuses:
            statuses[held.run] = home.ledger.run(held.run).status
        if not held.run or statuses[held.run] not in _OVER:
            found.setdefault(held.object, []).append(held.path)
    return found


def _is_unneeded(environment: Environment, users: dict[Digest, list[str]]) -> bool:
    return environment.state != "building" and environment.digest not in users


def _is_wanted(*, is_sure: bool) -> bool:
    if is_sure:
        return True
    if not sys.stdin.isatty():
        raise UserMistake("nobody is here to ask", hint="`--yes` removes without asking")
    return click.confirm("remove them?", err=True)


def _print_plan(unneeded: list[Environment], kept: int) -> None:
    for one in unneeded:
        what = one.state if one.state != "ready" else f"Python {one.python}, built {local_time(one.built_at)}"
        print(f"{one.digest[:_SHORT]}  {bytes_text(one.own_bytes)}  {what}")
    print(f"{len(unneeded)} environments are needed by no open run and no deployment, {kept} are needed")
