"""`headwater check FILE`: reports every mistake of a flow."""

import importlib
import os
import shlex
import sys

import click

from headwater.cli.flow_file import CODE, FLOW, FlowCommand
from headwater.flow.checks import check_flow
from headwater.flow.deploy_checks import deploy_mistakes
from headwater.flow.steps import shown
from headwater.model.errors import FlowMistakes

#: Brings the store; imported only for flows whose steps declare packages.
_IMPORTS = "headwater.cli.env_imports"


@click.command("check", cls=FlowCommand)
@click.argument("file", metavar="FILE.py")
@click.option("--no-pylint", is_flag=True, hidden=True)
@click.pass_context
def command(context: click.Context, /, file: str, **_: object) -> int:
    """Report every mistake of a flow, each with its line and a hint; nothing is run or stored."""
    flow = context.obj[FLOW]
    graph, mistakes = check_flow(flow)
    if graph is None or any(mistake.is_error for mistake in mistakes):
        raise FlowMistakes(flow.__name__, mistakes)
    if any(step.options.packages is not None for step in graph.steps.values()):
        mistakes += importlib.import_module(_IMPORTS).import_mistakes(graph, context.obj[CODE].root)
    for mistake in dict.fromkeys([*mistakes, *deploy_mistakes(flow)]):
        deployed = "" if not mistake.is_error else "`deploy` would refuse it: "
        print(f"warning: {deployed}{mistake}", file=sys.stderr)
    print(f"{graph.flow}: {len(graph.steps)} steps, no mistakes", file=sys.stderr)
    print(f"run it: {_run_words(file)}", file=sys.stderr)
    return 0


def _run_words(file: str) -> str:
    """Give what runs the flow, as the person who asks is used to type it."""
    path = file.partition(":")[0]
    if os.path.realpath(sys.argv[0]) == os.path.realpath(path):
        return f"python {shlex.quote(shown(path))} run"
    return f"headwater run {shlex.quote(file)}"
