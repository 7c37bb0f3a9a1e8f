"""`headwater show FILE`: shows the steps of a flow."""

import click

from headwater.cli.flow_file import FLOW, FlowCommand
from headwater.flow.compile import compile_flow
from headwater.flow.show import dot_text, mermaid_text, show_text


@click.command("show", cls=FlowCommand)
@click.argument("file", metavar="FILE.py")
@click.option("--format", "form", type=click.Choice(["text", "mermaid", "dot"]), default="text", help="How.")
@click.pass_context
def command(context: click.Context, /, file: str, form: str) -> int:
    """Show a flow's steps in order, what each says of itself, and where it goes."""
    graph = compile_flow(context.obj[FLOW])
    print({"text": show_text, "mermaid": mermaid_text, "dot": dot_text}[form](graph))
    return 0
