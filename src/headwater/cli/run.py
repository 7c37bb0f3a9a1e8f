"""`headwater run FILE`: runs a flow."""

import importlib

import click

from headwater.cli.early_engine import start_engine_early
from headwater.cli.flow_file import CODE, FLOW, FlowCommand, command_words, given_parameters
from headwater.cli.options import run_options

#: Imported when the engine's process has been started, which imports for about as long.
_DRIVING = "headwater.cli.driving"


class _RunCommand(FlowCommand):
    takes_parameters = True
    on_found = staticmethod(start_engine_early)


@click.command("run", cls=_RunCommand)
@click.argument("file", metavar="FILE.py")
@run_options
@click.pass_context
def command(context: click.Context, /, file: str, **options: object) -> int:
    """Run a flow. Every task, artifact, log line and the code are kept."""
    flow, code = context.obj[FLOW], context.obj[CODE]
    given = given_parameters(flow, options)
    code_of_end: int = importlib.import_module(_DRIVING).execute(
        context,
        options,
        lambda execution, run_options, _: execution.new(flow, code, run_options, given),
        command_words(),
    )
    return code_of_end
