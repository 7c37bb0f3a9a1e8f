"""Commands on a flow's file: finds and imports it, and gives its parameters as options."""

import os
import sys
from collections.abc import Callable
from copy import copy
from typing import Any

import click
import msgspec

from headwater.flow.load import find_code, load_source
from headwater.flow.parameter import Parameter
from headwater.flow.values import parameters_of
from headwater.model.errors import UserMistake
from headwater.model.order import CodeSource

#: What the context carries from making it to the command's body.
CODE = "headwater.code"
FLOW = "headwater.flow"
ENGINE = "headwater.engine"
#: Keeps parameters apart from the command's own options.
_PREFIX = "parameter__"


class FlowCommand(click.Command):
    """A command whose first argument is a flow's file, and whose options include the flow's parameters."""

    #: Called with the code's place before the flow is imported, when parameters are wanted; may start things early.
    on_found: Callable[[dict[str, object], CodeSource, list[str]], None] | None = None
    takes_parameters = False
    #: What its first word is, and what that file holds.
    takes = "FILE.py"
    holds = "a flow"

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        *,
        found_code: CodeSource | None = None,
        **extra: Any,
    ) -> click.Context:
        """Find and import the flow; `found_code` says where the file's code is, when that is known already."""
        path, rest = _split_file(args)
        if path is None:
            if not any(word in ("-h", "--help") for word in args):
                raise self._no_file(f"headwater {info_name}", args)
            return super().make_context(info_name, args, parent=parent, **extra)
        file, _, name = path.partition(":")
        code = found_code or msgspec.structs.replace(find_code(file, self.holds), flow=name)
        extra_obj: dict[str, object] = {CODE: code}
        asks_help = any(word in ("-h", "--help") for word in rest)
        if self.on_found is not None and not asks_help:
            self.on_found(extra_obj, code, rest)
        flow = load_source(code)
        extra_obj[FLOW] = flow
        extra_obj[CODE] = msgspec.structs.replace(code, flow=flow.__name__)
        command = copy(self)  # this one serves other flows of the same process as well
        if self.takes_parameters:
            parameters = parameter_options(flow)
            command.params = [*without_names_of(self.params, parameters), *parameters]
        words = [path, *rest]
        return click.Command.make_context(command, info_name, words, parent=parent, obj=extra_obj, **extra)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the flow's parameters apart from the command's own options."""
        parameters: list[tuple[str, str]] = []
        options: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                (parameters if (parameter.name or "").startswith(_PREFIX) else options).append(record)
        for title, records in (("Parameters of the flow", parameters), ("Options", options)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def _no_file(self, command: str, words: list[str]) -> UserMistake:
        named = next((word for word in words if not word.startswith("-")), None)
        if named is None:
            return UserMistake("which flow?", hint=f"{command} {self.takes}")
        meant = f"{named}.py" if os.path.isfile(f"{named}.py") else self.takes
        return UserMistake(f"which flow? `{named}` is no Python file", hint=f"{command} {meant}")


def is_flow_file(word: str) -> bool:
    """Whether a word of the command line names a flow's file: `churn.py`, `churn.py:ChurnFlow`."""
    return not word.startswith("-") and word.partition(":")[0].endswith(".py")


def is_service_file(file: str) -> bool:
    """Whether a file is meant as a service: it names `ServiceSpec` and no `FlowSpec`."""
    try:
        with open(file.partition(":")[0], encoding="utf-8", errors="replace") as opened:
            text = opened.read()
    except OSError:
        return False
    return "ServiceSpec" in text and "FlowSpec" not in text


def _split_file(args: list[str]) -> tuple[str | None, list[str]]:
    """Take the flow's file out of the words: the first one that looks like it."""
    for number, word in enumerate(args):
        if is_flow_file(word):
            return word, args[:number] + args[number + 1 :]
    return None, args


def parameter_options(flow: type) -> list[click.Parameter]:
    """Give one option a parameter; values stay text here, the flow's own types read them."""
    return [_option(parameter) for parameter in parameters_of(flow)]


def _option(parameter: Parameter) -> click.Option:
    spec = parameter.spec()
    shown = f" [default: {spec.default}]" if spec.default is not None and parameter.show_default else ""
    return click.Option(
        [f"--{spec.name}", _PREFIX + spec.attribute],
        help=(spec.help or "") + shown + (" [required]" if spec.required else ""),
        metavar=None if parameter.is_flag else spec.type.upper(),
        default=None,
        is_flag=parameter.is_flag,
        # Even None would make click take a value that begins with a dash for an option.
        **({"flag_value": True} if parameter.is_flag else {}),
        multiple=bool(parameter.extra.get("multiple")),
    )


def without_names_of(options: list[click.Parameter], parameters: list[click.Parameter]) -> list[click.Parameter]:
    """Leave out those of a command's options that a flow has a parameter of the same name for: the flow's wins."""
    taken = {name for parameter in parameters for name in parameter.opts}
    return [option for option in options if not taken & set(option.opts)]


def given_parameters(flow: type, options: dict[str, object]) -> dict[str, object]:
    """Pick the parameters that the command line gave, by name."""
    values = {parameter.name: options.get(_PREFIX + parameter.attribute) for parameter in parameters_of(flow)}
    return {name: value for name, value in values.items() if value not in (None, ())}


def command_words() -> tuple[str, ...]:
    """The command line as typed, for the run's record."""
    return (os.path.basename(sys.argv[0]), *sys.argv[1:])
