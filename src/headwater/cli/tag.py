"""`headwater tag`: the tags of a run."""

import click

from headwater.cli.printing import print_json
from headwater.cli.reading import find_run, gives_json, opened, reads_store
from headwater.client.display import printable
from headwater.model.errors import UserMistake


@click.command("tag")
@click.argument("run")
@click.argument("action", type=click.Choice(["list", "add", "remove", "replace"]), default="list")
@click.argument("tags", nargs=-1, metavar="[TAG]...")
@gives_json
@reads_store
def command(run: str, action: str, tags: tuple[str, ...], as_json: bool, home: str | None) -> int:
    """List, add, remove or replace the tags of a run.

    `replace` takes two tags, the old and the new one, and changes both at once. What was added or removed, the tags of
    people are printed, one a line; `list` prints system tags too, which never change.
    """
    add, remove = _changes(action, tags)
    with opened(home) as view:
        record = find_run(view, run)
        if add or remove:
            view.ledger.tag_run(record.run, add, remove)
        row = record.fresh()
    if as_json:
        print_json({"run": row.path, "tags": row.tags, "system_tags": row.system_tags})
        return 0
    for tag in (*row.tags, *(row.system_tags if action == "list" else ())):
        print(printable(tag))
    return 0


def _changes(action: str, tags: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the tags to add and those to remove."""
    if action == "list":
        if tags:
            raise UserMistake("`tag RUN list` takes no tags", hint="to set them: headwater tag RUN add TAG...")
        return (), ()
    if action == "replace":
        if len(tags) != 2:
            raise UserMistake("`tag RUN replace` takes the old tag and the new one", hint=f"{len(tags)} were given")
        return tags[1:], tags[:1]
    if not tags:
        raise UserMistake(f"which tags? headwater tag RUN {action} TAG...")
    return (tags, ()) if action == "add" else ((), tags)
