"""Commands that begin with a noun: `headwater deployment list`."""

import click

from headwater.model.errors import UserMistake
from headwater.model.nearest import did_you_mean


class NounGroup(click.Group):
    """A noun with its verbs; a mistyped verb is answered with the nearest one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            hint = did_you_mean(args[0], self.commands, what="There")
            raise UserMistake(f"headwater {self.name} has no command `{args[0]}`", hint=hint)
        return super().resolve_command(ctx, args)
