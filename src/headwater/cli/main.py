"""The `headwater` command, and `python flow.py COMMAND`, which is the same."""

import errno
import importlib
import os
import sys
from collections.abc import Sequence

import click

from headwater import __version__
from headwater.cli.streams import open_missing_streams, write_any_text
from headwater.model.errors import HeadwaterError, UserMistake
from headwater.model.nearest import did_you_mean

#: Command -> (module below headwater.cli, one line for the list). A module is imported when its command is used.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "Run a flow"),
    "resume": ("resume", "Continue a run: what succeeded is not run again"),
    "check": ("check", "Report every mistake of a flow, without running it"),
    "show": ("show", "Show the steps of a flow"),
    "deploy": ("deploy", "Put a flow to work: package it, let an alias name it, start its schedules"),
    "deployment": ("deployment", "List, show, run, pause, promote, roll back and delete deployments"),
    "event": ("event", "Publish and list events, which start deployments"),
    "schedule": ("schedule", "Show what fires when, and what a time table will do"),
    "backfill": ("backfill", "Run a deployment for each slot of a stretch of the past"),
    "list": ("list", "List runs"),
    "status": ("status", "Show how a run stands"),
    "logs": ("logs", "Print what tasks wrote"),
    "artifacts": ("artifacts", "List or print artifacts"),
    "tag": ("tag", "Add, remove and list the tags of a run"),
    "compare": ("compare", "Show how runs differ"),
    "export": ("export", "Write a run as one page of HTML"),
    "flow": ("flow_page", "Say what a flow is for, and who owns it"),
    "debug": ("debug", "Step into a task of an earlier run"),
    "cancel": ("cancel", "Stop a run"),
    "env": ("env", "Show, compare, rebuild and remove the environments of steps"),
    "up": ("up", "Start the daemon, which fires schedules and drives deployed runs"),
    "ui": ("ui", "Show the page of this store, to look only"),
    "user": ("user", "Say who may sign in at the page, and what they may do"),
    "token": ("token", "Make, list and revoke tokens for programs and other machines"),
    "audit": ("audit", "Show who changed what through the server"),
    "serve": ("serve", "Serve a service from its file, on this machine"),
    "service": ("service", "List, show, promote, roll back, pause and score with services"),
    "explain": ("explain", "Say what made a service's answer"),
    "host": ("host", "Answer for all deployed services"),
    "alert": ("alert", "Say who is told of failures, and see what was told"),
    "approve": ("approve", "Let what waits for approval go on"),
    "reject": ("reject", "End what waits for approval"),
    "fsck": ("fsck", "Check the store and name everything that is wrong"),
    "gc": ("gc", "Remove objects that nothing refers to"),
    "doctor": ("doctor", "Show settings, where they come from, and what this machine has"),
    "demo": ("demo", "Run a small example"),
    "login": ("login", "Work with the store of a server from now on"),
    "logout": ("logout", "Forget a server's token, and work with this machine's store again"),
    "init": ("init", "Make a store in this folder"),
    "new": ("new", "Write a small project that runs at once"),
}

#: Commands whose first argument is a flow's file; `python flow.py COMMAND` puts it there.
_TAKES_FILE = ("run", "resume", "check", "show", "deploy")

#: What no code can mend: said in a line, without a traceback.
_OF_THE_MACHINE = (errno.EIO, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG)


class _Commands(click.Group):
    """Finds commands in the table, so that only the one that is used is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"headwater.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and args[0].endswith(".py"):
            raise click.UsageError(f"what about {args[0]}? Put a command before it: headwater run {args[0]}")
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise no_command(args[0])
        return super().resolve_command(ctx, args)


def no_command(word: str) -> UserMistake:
    """Say that a word is no command, and which ones there are."""
    return UserMistake(f"headwater has no command `{word}`", hint=did_you_mean(word, COMMANDS, what="Its commands"))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="headwater")
def headwater() -> None:
    """Run, look at, resume and debug flows."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 failed, 2 asked wrongly, 130 interrupted."""
    open_missing_streams()
    write_any_text()
    try:
        _refuse_missing_folder()
        code = headwater.main(args=None if argv is None else list(argv), standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        if isinstance(error, click.MissingParameter) and "RUN" in error.format_message():
            print("\nhint: `headwater list` shows the runs", file=sys.stderr)
        sys.exit(error.exit_code)
    except HeadwaterError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # whoever read our output has gone; keep the interpreter from complaining when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE or error.filename is None:
            raise
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _refuse_missing_folder() -> None:
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise UserMistake("the folder in which this was typed is gone", hint="cd into another one") from error


def run_flow_file(path: str, argv: Sequence[str], flow: str) -> None:
    """Do what `python flow.py ARGUMENTS` asks: the command's words, with the flow's file put where it belongs.

    Args:
        path: the program's file.
        argv: the words after it.
        flow: name of the class that was called; a file may hold several.
    """
    rest = list(argv)
    path = f"{path}:{flow}"
    number = next((place for place, word in enumerate(rest) if word in COMMANDS), None)
    if number is None:
        if any(word in ("-h", "--help", "--version") for word in rest):
            main(rest)
        if rest and not rest[0].startswith("-"):
            main(rest)
        main(["check", path, *rest])
    assert number is not None
    before, name, after = rest[:number], rest[number], rest[number + 1 :]
    main([name, path, *before, *after] if name in _TAKES_FILE else [name, *before, *after])
