"""`headwater service`: looks at deployed services and changes them; each verb is imported when used."""

import importlib

import click

from headwater.model.errors import UserMistake
from headwater.model.nearest import did_you_mean

#: Verb -> (module below headwater.cli, name of the command there, one line for the list).
VERBS: dict[str, tuple[str, str, str]] = {
    "list": ("service_shown", "list_all", "List services: what answers, and where"),
    "show": ("service_shown", "show", "Show a service: its endpoints, versions, source, audits"),
    "versions": ("service_shown", "versions", "List the versions of a service"),
    "logs": ("service_shown", "logs", "Print what the processes of a version wrote"),
    "promote": ("service_changes", "promote", "Let a version answer"),
    "rollback": ("service_changes", "rollback", "Let the version before answer again"),
    "rollout": ("service_rollout", "rollout", "Show how a new version takes over, with its numbers"),
    "pause": ("service_changes", "pause", "Turn callers away"),
    "unpause": ("service_changes", "unpause", "Answer again"),
    "token": ("service_token", "token", "Make, list and revoke tokens of callers"),
    "score": ("service_score", "score", "Score the rows of a file with a version"),
    "predictions": ("service_predictions", "predictions", "List logged predictions"),
    "label": ("service_predictions", "label", "Say what turned out to be true of predictions"),
    "replay": ("service_predictions", "replay_requests", "Ask a version what callers asked, and compare"),
    "monitor": ("service_monitor", "monitor", "Compare what is asked with what the model learned from"),
    "delete": ("service_changes", "delete", "Take a service down; its versions stay"),
}


class _Verbs(click.Group):
    """Finds verbs in the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, name, _ = VERBS[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"headwater.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            hint = did_you_mean(args[0], VERBS, what="There")
            raise UserMistake(f"headwater service has no command `{args[0]}`", hint=hint)
        return super().resolve_command(ctx, args)


@click.group("service", cls=_Verbs)
def command() -> None:
    """Look at deployed services, and change what answers."""
