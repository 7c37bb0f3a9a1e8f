"""`headwater artifacts`: lists artifacts, or prints one."""

import os
import pickle
import sys

import click

from headwater.cli.artifact_rows import Listed, artifact_facts, find_artifacts, preview_text, read_path
from headwater.cli.printing import print_facts, print_json, print_table, printable_lines
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.words import bytes_text
from headwater.client.records import RunRecord
from headwater.model.errors import UserMistake


@click.command("artifacts")
@click.argument("path", metavar="RUN[/STEP[/TASK[/NAME]]]")
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--preview", is_flag=True, help="Of a NAME: what was noted of it when it was saved; nothing is opened.")
@click.option("--to", "file", metavar="FILE", help="Of a NAME: write the value to FILE (*.pkl: pickle; else text).")
@click.option("--limit", type=click.IntRange(1), default=200, help="Most artifacts of a list  [default: 200].")
@gives_json
@reads_store
def command(
    path: str, name: str | None, preview: bool, file: str | None, limit: int, as_json: bool, home: str | None
) -> int:
    """List the artifacts of a run, step or task, or print the value of one.

    Listing opens no value: type, size, shape and preview were noted when it was saved. Printing the value of a NAME
    loads it: what was pickled is unpickled, which runs code of its classes, with this run's project on the path.
    """
    with opened(home) as view:
        asked = read_path(view, path, name)
        found, is_more = find_artifacts(asked, limit)
        is_value = asked.name is not None and not preview and not as_json
        if file is not None and not is_value:
            raise UserMistake(
                "`--to` writes the value of one artifact", hint=f"headwater artifacts {path} NAME --to FILE"
            )
        if as_json:
            print_json([artifact_facts(listed) for listed in found])
        elif is_value:
            _give_value(asked.record, found, file)
        elif asked.name is not None:
            _print_previews(found)
        else:
            _print_list(found)
    if is_more:
        print(f"the first {limit}; for more: --limit {limit * 10}", file=sys.stderr)
    return 0


def _print_list(found: list[Listed]) -> None:
    if not found:
        print("no artifacts", file=sys.stderr)
        return
    tasks = {listed.task for listed in found}
    rows = [
        (listed.row.name, _short_type(listed), bytes_text(listed.row.ref.size), _shape(listed), preview_text(listed))
        for listed in found
    ]
    heads = ("artifact", "type", "size", "shape", "preview")
    if len(tasks) == 1:
        print_table(heads, rows)
    else:
        named = [(listed.task.split("/", 2)[2], *row) for listed, row in zip(found, rows, strict=True)]
        print_table(("task", *heads), named)


def _print_previews(found: list[Listed]) -> None:
    for listed in found:
        ref, header = listed.row.ref, listed.row.header
        print_facts(
            [
                ("artifact", f"{listed.task}/{listed.row.name}"),
                ("type", ref.type),
                ("size", bytes_text(ref.size)),
                ("shape", _shape(listed)),
                ("dtype", None if header is None else header.dtype),
                ("columns", "" if header is None else ", ".join(f"{name} {kind}" for name, kind in header.schema)),
                ("digest", ref.digest),
            ]
        )
        preview = None if header is None else header.preview
        text = preview if isinstance(preview, str) else preview_text(listed)
        for line in printable_lines(text) if text else []:
            print(f"  {line}")


def _give_value(record: RunRecord, found: list[Listed], file: str | None) -> None:
    if len(found) > 1:
        tasks = ", ".join(listed.task for listed in found[:5]) + (" ..." if len(found) > 5 else "")
        raise UserMistake(
            f"{len(found)} tasks set `{found[0].row.name}`: {tasks}",
            hint="name one of them to print its value, or add --preview to see all",
        )
    value = _load(record, found[0])
    if file is not None:
        _write(value, file)
        print(f"wrote {found[0].task}/{found[0].row.name} to {file}", file=sys.stderr)
    elif isinstance(value, bytes):
        sys.stdout.flush()
        sys.stdout.buffer.write(value)
    else:
        print(value)


def _load(record: RunRecord, listed: Listed) -> object:
    """Load the value; its classes may be defined in the run's project."""
    root = record.started.code.root
    sys.path.append(root)
    try:
        return listed.siblings.value(listed.row)
    except (ImportError, AttributeError) as error:
        raise UserMistake(
            f"{listed.task}/{listed.row.name} does not load here: {error}",
            hint="install what it was made with, or look at --preview",
        ) from error
    finally:
        sys.path.remove(root)


def _write(value: object, file: str) -> None:
    if file.endswith((".pkl", ".pickle")):
        content = pickle.dumps(value, protocol=5)
    elif isinstance(value, bytes):
        content = value
    else:
        content = str(value).encode()
    staged = f"{file}.{os.getpid()}"
    try:
        with open(staged, "wb") as opened_file:
            opened_file.write(content)
        os.replace(staged, file)
    except OSError as error:
        raise UserMistake(f"{file} cannot be written: {error.strerror}") from error


def _short_type(listed: Listed) -> str:
    return listed.row.ref.type.rpartition(".")[2]


def _shape(listed: Listed) -> str:
    header = listed.row.header
    return "" if header is None or header.shape is None else "×".join(map(str, header.shape))
