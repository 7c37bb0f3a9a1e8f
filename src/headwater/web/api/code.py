"""The code of a run: its files, their text, and how they differ from another run's."""

import difflib
from typing import Literal

import msgspec

from headwater.client.records import RunRecord
from headwater.model.errors import NotFound
from headwater.model.ids import Digest
from headwater.store.trees import TreeFile, read_tree
from headwater.web.asked import Asked
from headwater.web.problems import Refused
from headwater.web.routes import Route
from headwater.web.run_paths import RunPart, RunPath, Text, find_run, project_of_run

#: Bytes of a file whose text is shown.
_MOST_BYTES = 1 << 20
#: Lines of files between which differences are looked for: it takes longer than the lines are many.
_MOST_LINES = 5000

Standing = Literal["same", "changed", "added", "removed"]


class CodeQuery(msgspec.Struct, frozen=True):
    """What code is compared with."""

    #: `Churn/16`.
    against: Text | None = None


class CodeFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of a run's code."""

    path: str
    size: int
    digest: Digest
    is_executable: bool = False
    #: How it stands to that of the other run; None when there is none.
    standing: Standing | None = None


class CodeView(msgspec.Struct, frozen=True):
    """The files of a run."""

    #: The flow's own.
    file: str
    #: By path; files that only the other run has are among them.
    rows: tuple[CodeFile, ...]
    #: Digest of all of them together; None when no code was saved.
    tree: Digest | None
    against: str | None = None


class FileView(msgspec.Struct, frozen=True):
    """One file of a run."""

    path: str
    size: int
    #: None when it is no text, too long to be shown, or not in this run.
    text: str | None
    standing: Standing | None = None
    #: The other run's text, as far as it can be shown.
    other: str | None = None
    #: From the other run's to this one's, as `diff -u` tells it; None when nothing is compared or it is too long.
    diff: str | None = None


def list_code(asked: Asked, at: RunPath, query: CodeQuery) -> CodeView:
    """List the files of a run, and how they stand to another run's."""
    record = find_run(asked, at)
    source = record.started.code
    files = _files(record)
    if query.against is None:
        return CodeView(source.file, tuple(_row(path, file) for path, file in sorted(files.items())), source.tree)
    others = _files(run_named(asked, query.against))
    rows = [
        _row(path, files.get(path) or others[path], _standing(files.get(path), others.get(path)))
        for path in sorted(files.keys() | others.keys())
    ]
    return CodeView(source.file, tuple(rows), source.tree, query.against)


def show_code(asked: Asked, at: RunPart, query: CodeQuery) -> FileView:
    """Show a file of a run, and how it differs from another run's."""
    record = find_run(asked, at)
    other = None if query.against is None else run_named(asked, query.against)
    file = _files(record).get(at.name)
    before = None if other is None else _files(other).get(at.name)
    if file is None and before is None:
        raise NotFound(f"{record.path} has no file {at.name[:500]}", choices=sorted(_files(record))[:20])
    text = None if file is None else _text(record, file)
    size = 0 if file is None else file.size
    if other is None:
        return FileView(at.name, size, text)
    old = None if before is None else _text(other, before)
    return FileView(at.name, size, text, _standing(file, before), old, _diff(old, text, file, before, at.name))


def run_named(asked: Asked, path: str) -> RunRecord:
    """Find `Churn/16`, among the runs that the caller sees.

    Raises:
        Refused: it is no run's path.
        NotFound: there is no such run.
    """
    flow, _, label = path.rpartition("/")
    if not flow or not label.isascii() or not label.isdigit() or not 0 < len(label) < 16 or int(label) == 0:
        raise Refused(400, f"`{path[:100]}` is no run", hint="a run's path looks like Churn/17")
    return find_run(asked, RunPath(flow, int(label)))


def _files(record: RunRecord) -> dict[str, TreeFile]:
    source = record.started.code
    return {} if source.tree is None else read_tree(record.view.home.objects, source.tree).files


def _row(path: str, file: TreeFile, standing: Standing | None = None) -> CodeFile:
    return CodeFile(path, file.size, file.digest, file.is_executable, standing)


def _standing(file: TreeFile | None, before: TreeFile | None) -> Standing:
    if before is None:
        return "added"
    if file is None:
        return "removed"
    return "same" if file.digest == before.digest else "changed"


def _text(record: RunRecord, file: TreeFile) -> str | None:
    if file.size > _MOST_BYTES:
        return None
    try:
        return bytes(record.view.home.objects.map_raw(file.digest)).decode()
    except UnicodeDecodeError:
        return None


def _diff(old: str | None, new: str | None, file: TreeFile | None, before: TreeFile | None, path: str) -> str | None:
    """Tell the difference; None when a side is there but cannot be shown, or there are too many lines."""
    if (old is None and before is not None) or (new is None and file is not None):
        return None
    olds, news = (old or "").splitlines(), (new or "").splitlines()
    if len(olds) > _MOST_LINES or len(news) > _MOST_LINES:
        return None
    return "\n".join(difflib.unified_diff(olds, news, f"a/{path}", f"b/{path}", lineterm=""))


_CODE = "/runs/{flow}/{label}/code"
ROUTES = (
    Route("GET", _CODE, list_code, needs="viewer", of=project_of_run),
    Route("GET", f"{_CODE}/{{name:path}}", show_code, needs="viewer", of=project_of_run),
)
