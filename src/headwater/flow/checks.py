"""All checks of a flow: every mistake at once, with file, line and what to do; and the graph when there is none."""

import ast
import importlib
import sys

import msgspec

from headwater.flow.ends import find_ends
from headwater.flow.facts import Facts
from headwater.flow.flow_decorators import ClassOptions, noted
from headwater.flow.levels import Layout, Node, lay_out
from headwater.flow.package_sets import on_base
from headwater.flow.project import code_root, module_name, path_below
from headwater.flow.reads import check_reads, check_reads_without_order, read_all_facts
from headwater.flow.secret_sources import without_values
from headwater.flow.source import Sources
from headwater.flow.steps import StepSource, find_steps, shown
from headwater.flow.targets import check_targets
from headwater.flow.values import constants_of, definition_mistakes, parameters_of
from headwater.model.errors import Mistake
from headwater.model.graph import Graph, Step

#: Reads the decorators of a class; a tenth of what a start imports, and needed by flows that have some.
_PRODUCTION = "headwater.flow.production"

#: What to use instead of a decorator that does nothing here.
INSTEAD = {
    "batch": "its cpu, gpu and memory are honoured as @resources",
    "kubernetes": "its cpu, gpu and memory are honoured as @resources",
    "pytorch_parallel": "it counts as @parallel",
}


def check_flow(flow: type) -> tuple[Graph | None, list[Mistake]]:
    """Check a flow.

    Args:
        flow: Its class.

    Returns:
        The graph (None when there are errors) and all findings, errors and warnings, in the order of their lines.
    """
    mistakes: list[Mistake] = []
    sources = Sources()
    steps = find_steps(flow, sources, mistakes)
    mistakes += definition_mistakes(flow, shown)
    options = _read_class_options(flow, mistakes)
    _warn_of_unsupported(steps, mistakes)
    ends = find_ends(flow, steps, mistakes)
    is_complete = check_targets(flow, steps, ends, mistakes)
    layout = Layout()
    if is_complete and ends is not None:
        layout = lay_out(_nodes(steps), *ends)
        for problem in layout.problems:
            step = steps[problem.step]
            line = step.next.line if problem.is_of_next else 0
            mistakes.append(step.mistake(problem.message, problem.hint, line=line))
    facts = read_all_facts(flow, steps, sources)
    if is_complete and ends is not None:
        mistakes += check_reads(flow, steps, facts, ends[0])
    else:
        mistakes += check_reads_without_order(steps, facts)
    found = sorted(dict.fromkeys(mistakes), key=lambda each: (each.file, each.line))
    if ends is None or any(each.is_error for each in found):
        return None, found
    return _graph(flow, steps, ends, layout, facts, options), found


def _read_class_options(flow: type, mistakes: list[Mistake]) -> ClassOptions:
    """Give what the decorators of the class say; most classes have none."""
    if not noted(flow):
        return ClassOptions()
    options: ClassOptions = importlib.import_module(_PRODUCTION).read_class_options(flow, mistakes)
    return options


def _nodes(steps: dict[str, StepSource]) -> dict[str, Node]:
    return {name: Node(name, step.next.kind, step.next.targets, step.is_join) for name, step in steps.items()}


def _warn_of_unsupported(steps: dict[str, StepSource], mistakes: list[Mistake]) -> None:
    for step in steps.values():
        for each in step.mark.options.unsupported:
            line = step.mark.used[each.name].line
            text = f"`@{each.name}` of step `{step.name}` is ignored: its back end is not here"
            mistakes.append(step.mistake(text, INSTEAD.get(each.name, ""), line=line, is_error=False))


def _graph(
    flow: type,
    steps: dict[str, StepSource],
    ends: tuple[str, str],
    layout: Layout,
    facts: dict[str, Facts],
    options: ClassOptions,
) -> Graph:
    file = getattr(sys.modules.get(flow.__module__), "__file__", None) or next(iter(steps.values())).source.file
    root = code_root(file)
    relative = path_below(root, file)
    return Graph(
        flow=flow.__name__,
        file=relative,
        module=module_name(relative),
        start=ends[0],
        end=ends[1],
        steps={name: _step(step, layout, facts[name], root, options) for name, step in steps.items()},
        parameters=tuple(parameter.spec() for parameter in parameters_of(flow)),
        constants=tuple(constants_of(flow)),
        doc=_clean(vars(flow).get("__doc__")),
        production=options.production,
    )


def _step(step: StepSource, layout: Layout, facts: Facts, root: str, options: ClassOptions) -> Step:
    name = step.name
    own = step.mark.options
    if own.secrets:
        own = msgspec.structs.replace(own, secrets=tuple(map(without_values, own.secrets)))
    packages = on_base(options.packages, own.packages)
    return Step(
        name=name,
        kind=step.next.kind,
        file=path_below(root, step.source.file),
        line=step.source.line,
        targets=step.next.targets,
        is_join=step.is_join,
        attribute=step.next.attribute,
        cases=step.next.cases,
        back_targets=layout.back_targets.get(name, ()),
        level=layout.levels.get(name, ()),
        waits_for=layout.waits_for.get(name, ()),
        closed_by=layout.closed_by.get(name),
        options=own if packages == own.packages else msgspec.structs.replace(own, packages=packages),
        doc=ast.get_docstring(step.source.node) or "",
        writes=tuple(facts.writes),
        reads=tuple(facts.names),
    )


def _clean(text: str | None) -> str:
    lines = (text or "").strip().splitlines()
    return "\n".join(line.strip() for line in lines)
