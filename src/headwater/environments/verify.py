"""Checks installed files against the hashes that came with their wheels.

Wheels are unpacked once and then linked into every environment, so that a program that writes into its own package
changes it everywhere. What was changed so is found here, before an environment counts as built.
"""

import hashlib
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterator

#: Ends the name of a package's folder of facts.
_FACTS = ".dist-info"


def changed_packages(folder: str) -> dict[str, str]:
    """Give the packages in a folder of which a file is not as its wheel says, each with its first such file.

    Reads everything: about a second for 600 MB.
    """
    from concurrent.futures import ThreadPoolExecutor

    names = [name for name in os.listdir(folder) if name.endswith(_FACTS)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        files = threads.map(lambda name: _first_changed(folder, name), names)
        return {_package(name): file for name, file in zip(names, files, strict=True) if file}


def _first_changed(folder: str, facts: str) -> str:
    for path, expected in _recorded(os.path.join(folder, facts, "RECORD")):
        try:
            with open(os.path.join(folder, path), "rb", buffering=0) as file:
                found = hashlib.file_digest(file, "sha256").digest()
        except OSError:
            return path
        if urlsafe_b64encode(found).rstrip(b"=").decode() != expected:
            return path
    return ""


def _recorded(path: str) -> Iterator[tuple[str, str]]:
    """Yield (path, hash) of each file for which the record has one."""
    import csv

    try:
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                if len(row) > 1 and row[1].startswith("sha256="):
                    yield row[0], row[1].removeprefix("sha256=")
    except FileNotFoundError:
        # Not made from a wheel: there is nothing to compare with.
        return


def _package(facts: str) -> str:
    return facts.removesuffix(_FACTS).partition("-")[0]
