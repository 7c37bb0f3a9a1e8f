"""`headwater approve RUN/STEP`: lets what waits at a gate go on."""

import click

from headwater.cli.deciding import decide, decides


@click.command("approve")
@decides
def command(path: str, reason: str, home: str | None) -> int:
    """Approve a step that waits at `@approval`, or the move of an alias that does.

    PATH is RUN/STEP, such as Churn/17/release, or the name of an alias, such as Churn@production. What was decided
    is kept with your name.
    """
    return decide(path, "approved", reason, home)
