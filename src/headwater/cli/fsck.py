"""`headwater fsck`: checks the store and names everything that is wrong."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import click

from headwater.cli.printing import print_json
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.upkeep import needed_objects, small_roots
from headwater.client.display import printable
from headwater.home import Home
from headwater.model.errors import HeadwaterError, UserMistake
from headwater.model.findings import Finding
from headwater.store.fsck import Level, check_folder, check_objects, check_small, repair
from headwater.store.place_disk import DiskPlace

#: Small objects that are read at once.
_PAGE = 1000


@click.command("fsck")
@click.option("--quick", "is_quick", is_flag=True, help="Only whether everything is there; no replay of events.")
@click.option("--data", "is_data", is_flag=True, help="Read and hash every byte, whatever was verified before.")
@click.option("--repair", "is_repaired", is_flag=True, help="Set damaged objects aside, close what is open to others.")
@gives_json
@reads_store
def command(is_quick: bool, is_data: bool, is_repaired: bool, as_json: bool, home: str | None) -> int:
    """Check ledger and store, and name everything that is wrong, one line each.

    A line says what it is, which run, step, task and artifact it is about, what was expected, what was found, and what
    to do. Exit code 0: nothing is wrong; 1: something is; 2: the store cannot be used at all.
    """
    if is_quick and is_data:
        raise UserMistake("`--quick` and `--data` exclude each other")
    try:
        with opened(home) as view:
            findings = list(_check(view.home, "quick" if is_quick else "data" if is_data else "default"))
            done = _repair(view.home, findings) if is_repaired else []
    except HeadwaterError as error:
        print(f"error: the store cannot be used: {error}", file=sys.stderr)
        return 2
    if as_json:
        print_json({"findings": findings, "repaired": done})
    else:
        _print(findings, done)
    return 1 if any(finding.severity != "info" for finding in findings) else 0


def _check(home: Home, level: Level) -> Iterator[Finding]:
    yield from home.ledger.check(is_quick=level == "quick")
    if level != "quick":
        yield from _check_small(home)
    references = list(needed_objects(home))
    yield from check_objects(home.objects, references, level=level)
    if level != "quick" and isinstance(home.place, DiskPlace):
        yield from check_folder(home.place, [reference.digest for reference in references])


def _check_small(home: Home) -> Iterator[Finding]:
    """Hash the small objects; those that are missing are found by the ledger's own check."""
    where = small_roots(home)
    digests = iter(where)
    while page := list(islice(digests, _PAGE)):
        for digest, stored in home.ledger.small(page).items():
            finding = check_small(where[digest], digest, stored)
            if finding is not None:
                yield finding


def _repair(home: Home, findings: list[Finding]) -> list[str]:
    place = home.place
    if not isinstance(place, DiskPlace):
        return []
    return repair(place, findings, os.path.join(home.path, "quarantine"))


def _print(findings: list[Finding], done: list[str]) -> None:
    for finding in findings:
        if finding.severity != "info":
            print(printable_finding(finding))
    counts = Counter(finding.kind for finding in findings if finding.severity == "info")
    for kind, count in counts.items():
        first = next(finding for finding in findings if finding.kind == kind)
        if count == 1:
            print(printable_finding(first))
        else:
            print(f"info: {kind}: {count} of them, the first is {printable(first.where)}; {printable(first.remedy)}")
    for line in done:
        print(f"repaired: {printable(line)}")
    wrong = sum(finding.severity != "info" for finding in findings)
    print(f"{wrong} findings" if wrong else "nothing is wrong", file=sys.stderr)


def printable_finding(finding: Finding) -> str:
    """Give a finding as one line that a terminal only shows; each part is cut by itself."""
    where, expected, found = printable(finding.where), printable(finding.expected), printable(finding.found)
    return (
        f"{finding.severity}: {finding.kind}: {where}: expected {expected}, found {found}; {printable(finding.remedy)}"
    )
