"""`headwater run FILE`: runs a flow."""

import click

from headwater.cli.driving import execute, start_engine_early
from headwater.cli.flow_file import CODE, FLOW, FlowCommand, command_words, given_parameters
from headwater.cli.options import run_options


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
    return execute(
        context,
        options,
        lambda execution, run_options, _: execution.new(flow, code, run_options, given),
        command_words(),
    )
