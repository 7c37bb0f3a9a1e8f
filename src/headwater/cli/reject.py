"""`headwater reject RUN/STEP`: ends what waits at a gate."""

import click

from headwater.cli.deciding import decide, decides


@click.command("reject")
@decides
def command(path: str, reason: str, home: str | None) -> int:
    """Reject a step that waits at `@approval`, which fails its run, or the move of an alias that does.

    PATH is RUN/STEP, such as Churn/17/release, or the name of an alias, such as Churn@production. What was decided
    is kept with your name.
    """
    return decide(path, "rejected", reason, home)
