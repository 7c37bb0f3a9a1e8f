"""`headwater audit`: who changed what through the server, and who was let in."""

import click
import msgspec

from headwater.cli.accounts import next_to
from headwater.cli.printing import print_json, print_table
from headwater.cli.reading import gives_json, reads_store
from headwater.cli.words import local_time
from headwater.web.accounts.audit import AuditEntry, read_audit


@click.command("audit")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Entries at most.")
@click.option("--user", metavar="NAME", help="Only what this user did.")
@gives_json
@reads_store
def command(limit: int, user: str | None, as_json: bool, home: str | None) -> int:
    """Show what was changed through the server, newest first, and what was done to users and tokens."""
    with next_to(home) as store:
        found: list[AuditEntry] = []
        cursor: str | None = ""
        while cursor is not None and len(found) < limit:
            page = read_audit(store.ledger, None, cursor, 500)
            found += [entry for entry in page.rows if user is None or entry.user == user]
            cursor = page.cursor
    found = found[:limit]
    if as_json:
        print_json([{**msgspec.to_builtins(entry), "result": entry.result} for entry in found])
        return 0
    rows = [
        (
            local_time(entry.at),
            entry.user,
            entry.means,
            entry.client,
            entry.action,
            entry.on,
            " ".join(f"{name}={value}" for name, value in entry.details.items() if value),
            entry.result or "unknown: the process ended",
        )
        for entry in found
    ]
    print_table(("when", "who", "by", "from", "did", "on", "details", "result"), rows)
    return 0
