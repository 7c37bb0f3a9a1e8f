"""What `.gitignore` and `.headwaterignore` files keep out of a tree.

They count as for git: each speaks of the files below its own folder, one further down speaks last, and a line with `!`
takes a file back in. A `.headwaterignore` speaks after the `.gitignore` beside it. Of the folders above the code root,
those up to the one that holds `.git` count as well.

The answers are remembered by folder and by what the files say, so that a run of an unchanged project compiles no
pattern.
"""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from headwater.store.framing import hash_bytes

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec, Pattern

NAMES = (".gitignore", ".headwaterignore")
#: Longer ones are no lists of patterns.
_MOST_BYTES = 1 << 20


class IgnoreLine(msgspec.Struct, frozen=True):
    """A line of an ignore file that keeps something out."""

    #: `package/.gitignore`; `../.gitignore` when it lies above the root.
    file: str
    #: As it is written.
    pattern: str
    #: What it keeps out: a path below the root; a folder's ends with a slash.
    path: str


class IgnoreFile(msgspec.Struct):
    """One file of patterns."""

    #: `package/.gitignore`; `../.gitignore` when it lies above the root.
    path: str
    #: What comes before a path below the root, as seen from the folder of this file.
    above: str
    #: What is taken off a path below the root.
    below: str
    lines: list[str]
    spec: "GitIgnoreSpec | None" = None

    def verdict(self, path: str) -> bool | None:
        """Say whether a path below the root is left out (True) or taken in (False); None = this file says nothing.

        A folder's path ends with a slash.
        """
        pattern = self._last_match(path)
        return None if pattern is None else pattern.include

    def line(self, path: str) -> IgnoreLine | None:
        """Give the line that speaks of a path; None when none does."""
        pattern = self._last_match(path)
        return None if pattern is None else IgnoreLine(self.path, getattr(pattern, "pattern", "?"), path)

    def _last_match(self, path: str) -> "Pattern | None":
        if self.spec is None:
            from pathspec import GitIgnoreSpec  # 30 ms; needed only when an answer is not remembered

            self.spec = GitIgnoreSpec.from_lines(self.lines)
        seen = self.above + path[len(self.below) :]
        if not path.endswith("/"):
            found = self.spec.check_file(seen)
            return None if found.index is None else self.spec.patterns[found.index]
        # The package judges a folder by what may lie in it; git asks for the last pattern that matches itself.
        for pattern in reversed(self.spec.patterns):
            if pattern.include is not None and pattern.match_file(seen) is not None:
                return pattern
        return None


class IgnoreRules:
    """The files of patterns that count in one folder, the one that speaks last first."""

    def __init__(self, files: tuple[IgnoreFile, ...] = (), digest: str = "") -> None:
        self._files = files
        #: Says which rules these are; empty when there are none.
        self.digest = digest

    def why(self, path: str) -> str:
        """Say why a path below the root is left out; empty when it is not."""
        for file in self._files:
            verdict = file.verdict(path)
            if verdict is not None:
                return f"ignored by {file.path}" if verdict else ""
        return ""

    def line(self, path: str) -> IgnoreLine | None:
        """Give the line that leaves a path below the root out; None when none does."""
        for file in self._files:
            verdict = file.verdict(path)
            if verdict is not None:
                return file.line(path) if verdict else None
        return None

    def and_those_of(self, root: str, folder: str, names: Iterable[str]) -> "IgnoreRules":
        """Give the rules of a folder below: these, and its own files.

        Args:
            root: the code root.
            folder: path of the folder below it with a slash at its end; empty = the root itself.
            names: names of what lies in the folder.
        """
        found = [name for name in NAMES if name in names]
        if not found:
            return self
        return self._with([_read(f"{root}/{folder}{name}", f"{folder}{name}", below=folder) for name in found])

    def _with(self, read: list[IgnoreFile]) -> "IgnoreRules":
        said = "\n".join(line for file in read for line in (file.path, *file.lines))
        return IgnoreRules((*reversed(read), *self._files), hash_bytes(f"{self.digest}\n{said}".encode())[:16])


def line_for(root: str, path: str) -> IgnoreLine | None:
    """Give the line that keeps a file below the root out, or one of its folders; None when none does."""
    rules = rules_above(root)
    folder = ""
    for part in path.split("/"):
        rules = rules.and_those_of(root, folder, os.listdir(f"{root}/{folder}"))
        here = folder + part
        if os.path.isdir(f"{root}/{here}"):
            here += "/"
        line = rules.line(here)
        if line is not None:
            return line
        folder = here
    return None


def rules_above(root: str) -> IgnoreRules:
    """Give the rules that a repository around the code root has for it; none when it lies in no repository."""
    folders = []
    folder, above = root, ""
    while not os.path.lexists(f"{folder}/.git"):
        parent = os.path.dirname(folder)
        if parent == folder:
            return IgnoreRules()
        above = f"{os.path.basename(folder)}/{above}"
        folder = parent
        folders.append((folder, above))
    rules = IgnoreRules()
    for folder, above in reversed(folders):
        path = f"{folder}/.gitignore"
        if os.path.isfile(path):
            rules = rules._with([_read(path, "../" * above.count("/") + ".gitignore", above=above)])
    return rules


def _read(path: str, shown: str, *, above: str = "", below: str = "") -> IgnoreFile:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, encoding="utf-8", errors="replace") as file:
            return IgnoreFile(shown, above, below, file.read(_MOST_BYTES).splitlines())
    except OSError:
        return IgnoreFile(shown, above, below, [])
