"""Builds the page (`ui/`) into the package, for wheels and for `make ui`; only when it is missing or older."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "ui")
PAGE = os.path.join(HERE, "src", "headwater", "web", "page")
#: What the page was built from, as a digest.
STAMP = os.path.join(PAGE, "built_from")
_LEFT_OUT = ("node_modules",)


class PageHook(BuildHookInterface):
    """Puts the page into every wheel and source distribution; an editable install does without."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page when it is needed and can be built; say so when it cannot."""
        if version == "editable":
            return
        missing = build_page()
        if missing:
            self.app.display_warning(missing)


def build_page() -> str:
    """Build the page unless it is there already.

    Returns:
        Empty when the page is there and new; else what is missing, and what to do.

    Raises:
        subprocess.CalledProcessError: the build failed.
    """
    if not os.path.isdir(SOURCES) or not why_not_built():
        return ""
    npm = shutil.which("npm")
    if npm is None or not _is_node_new_enough():
        return f"{why_not_built()}, and it takes Node >= 20.19 with npm to build it: install that, then `make ui`"
    with open(os.path.join(SOURCES, "package.json")) as lock:
        # Two builds at once would empty the folder under each other.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if why_not_built():
            try:
                _install(npm)
            except subprocess.CalledProcessError:
                return f"{why_not_built()}, and npm cannot fetch what it is built with"
            _build(npm)
    return ""


def why_not_built() -> str:
    """Say why the page must be built; empty when it need not be."""
    if not os.path.isfile(os.path.join(PAGE, "index.html")):
        return "the page was never built"
    if not os.path.isfile(STAMP):
        return "the page was built by hand"
    with open(STAMP) as stamp:
        return "" if stamp.read() == digest_of_sources() else "the page is older than ui/"


def digest_of_sources() -> str:
    """Give a digest of everything that the page is built from."""
    digest = hashlib.sha256()
    for at, folders, names in os.walk(SOURCES):
        folders[:] = sorted(set(folders).difference(_LEFT_OUT))
        for name in sorted(names):
            path = os.path.join(at, name)
            if name.endswith((".test.ts", ".test.tsx")):
                continue
            with open(path, "rb") as file:
                content = file.read()
            digest.update(f"{os.path.relpath(path, SOURCES)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _is_node_new_enough() -> bool:
    node = shutil.which("node")
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout if node else ""
    numbers = [int(part) for part in said.strip().lstrip("v").split(".") if part.isdigit()]
    return numbers >= [20, 19]


def _build(npm: str) -> None:
    """Build beside the page, and put it in its place when that worked."""
    digest = digest_of_sources()
    made = f"{PAGE}.new"
    subprocess.run(
        [npm, "run", "--silent", "build", "--", "--logLevel", "warn", "--outDir", made], cwd=SOURCES, check=True
    )
    with open(os.path.join(made, os.path.basename(STAMP)), "w") as stamp:
        stamp.write(digest)
    shutil.rmtree(PAGE, ignore_errors=True)
    os.rename(made, PAGE)


def _install(npm: str) -> None:
    """Install the locked packages unless these very ones are there."""
    kept = os.path.join(SOURCES, "node_modules", ".lock_digest")
    with open(os.path.join(SOURCES, "package-lock.json"), "rb") as lock:
        wanted = hashlib.sha256(lock.read()).hexdigest()
    if os.path.isfile(kept):
        with open(kept) as file:
            if file.read() == wanted:
                return
    subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=SOURCES, check=True)
    with open(kept, "w") as file:
        file.write(wanted)


if __name__ == "__main__":
    said = build_page()
    sys.stderr.write(f"{said or 'the page is built'}\n")
    # `make test` goes on without it: the tests that need a page say that there is none.
    sys.exit(1 if said and "--if-possible" not in sys.argv else 0)
