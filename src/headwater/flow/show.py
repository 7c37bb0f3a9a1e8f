"""A graph for people: as text, as a Mermaid diagram, as a Graphviz one."""

from collections.abc import Iterator

import msgspec

from headwater.flow.show_production import duration_text, production_lines
from headwater.model.graph import Graph, ParameterSpec, Step
from headwater.model.options import StepOptions


def show_text(graph: Graph) -> str:
    """Give the steps in the order in which they run, inner ones indented, each with where it goes and its docstring."""
    lines = [f"{graph.flow} ({graph.file})", *_indented(graph.doc, 2)]
    if graph.parameters:
        lines += ["", "parameters"]
        lines += [_parameter_line(parameter) for parameter in graph.parameters]
    production = production_lines(graph.production)
    if production:
        lines += ["", "in production", *(f"  {line}" for line in production)]
    for name in _in_order(graph):
        step = graph.steps[name]
        depth = 2 * len(step.level)
        decorators = "".join(f" {text}" for text in _decorators(step.options))
        lines += ["", f"{' ' * depth}{name}{'(inputs)' if step.is_join else ''}  {step.file}:{step.line}{decorators}"]
        lines += _indented(step.doc, depth + 4)
        lines += [f"{' ' * depth}  {text}" for text in _ways(graph, step)]
    return "\n".join(lines)


def mermaid_text(graph: Graph) -> str:
    """Give the graph as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html)."""
    lines = ["flowchart TD"]
    for name, step in graph.steps.items():
        left, right = _mermaid_box(graph, step)
        lines.append(f'    n_{name}{left}"{name}"{right}')
    for source, target, label in _edges(graph):
        text = label.replace('"', "#quot;")
        lines.append(f'    n_{source} -->|"{text}"| n_{target}' if text else f"    n_{source} --> n_{target}")
    return "\n".join(lines)


def dot_text(graph: Graph) -> str:
    """Give the graph in the language of Graphviz (https://graphviz.org/doc/info/lang.html)."""
    lines = [f"digraph {_quoted(graph.flow)} {{", "    rankdir=TB;", '    node [shape=box, fontname="sans-serif"];']
    for name, step in graph.steps.items():
        shape = "ellipse" if name in (graph.start, graph.end) else "diamond" if step.kind == "switch" else "box"
        lines.append(f"    {_quoted(name)} [shape={shape}];")
    for source, target, label in _edges(graph):
        style = f" [label={_quoted(label)}]" if label else ""
        lines.append(f"    {_quoted(source)} -> {_quoted(target)}{style};")
    return "\n".join([*lines, "}"])


def _in_order(graph: Graph) -> list[str]:
    """Give all steps so that each comes after those that lead to it, loops left aside."""
    done: list[str] = []
    waiting: dict[str, int] = dict.fromkeys(graph.steps, 0)
    for step in graph.steps.values():
        for target in step.targets:
            waiting[target] += target not in step.back_targets
    ready = [name for name, count in waiting.items() if count == 0]
    while ready:
        step = graph.steps[ready.pop()]
        done.append(step.name)
        for target in reversed(step.targets):
            if target not in step.back_targets:
                waiting[target] -= 1
                if waiting[target] == 0:
                    ready.append(target)
    return done


def _ways(graph: Graph, step: Step) -> Iterator[str]:
    if step.kind == "end":
        yield "the end"
    elif step.kind == "switch":
        for case, target in step.cases:
            back = " (back)" if target in step.back_targets else ""
            yield f"-> {target} if self.{step.attribute} is {case}{back}"
    elif step.kind == "foreach":
        yield f"-> {step.targets[0]} for each of self.{step.attribute}, joined in {step.closed_by}"
    elif step.kind == "parallel":
        yield f"-> {step.targets[0]}, {step.attribute} at once, joined in {step.closed_by}"
    else:
        yield f"-> {', '.join(step.targets)}"


def _edges(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Give (from, to, label) of every edge, a case of a switch each."""
    for name, step in graph.steps.items():
        if step.kind == "switch":
            for case, target in step.cases:
                yield name, target, f"{step.attribute} = {case}"
        else:
            label = {"foreach": f"each of {step.attribute}", "parallel": f"{step.attribute} at once"}.get(step.kind, "")
            for target in step.targets:
                yield name, target, label


def _decorators(options: StepOptions) -> Iterator[str]:
    if options.retry is not None:
        yield f"@retry({options.retry.times})"
    if options.catch is not None:
        yield f"@catch({options.catch.var or ''})"
    if options.timeout is not None:
        yield f"@timeout({options.timeout.seconds:g} s)"
    if options.resources is not None:
        asked = msgspec.structs.asdict(options.resources)
        yield f"@resources({', '.join(f'{name}={value:g}' for name, value in asked.items() if value)})"
    if options.environment:
        yield f"@environment({', '.join(options.environment)})"
    if options.is_parallel:
        yield "@parallel"
    if options.executable is not None:
        yield f"@executable({' '.join(options.executable.command)})"
    if options.packages is not None:
        listed = ", ".join(f"{name} {version}".strip() for name, version in options.packages.packages.items())
        yield f"@{options.packages.tool}({'disabled' if options.packages.is_disabled else listed})"
    if options.secrets:
        yield f"@secrets({', '.join(f'{each.type}.{each.id}'.rstrip('.') for each in options.secrets)})"
    for condition in options.promote_if:
        yield f"@promote_if({condition})"
    if options.approval is not None:
        expires = options.approval.expires_seconds
        within = "" if expires is None else f" within {duration_text(expires)}"
        yield f"@approval({options.approval.role}{within})"


def _parameter_line(parameter: ParameterSpec) -> str:
    default = "computed at the start" if parameter.is_computed else parameter.default
    extra = "required" if parameter.required else "" if default is None else f"default {default}"
    return "  " + "  ".join(text for text in (f"--{parameter.name}", parameter.type, extra, parameter.help) if text)


def _indented(text: str, depth: int) -> list[str]:
    return [f"{' ' * depth}{line}".rstrip() for line in text.splitlines()]


def _mermaid_box(graph: Graph, step: Step) -> tuple[str, str]:
    if step.name in (graph.start, graph.end):
        return "([", "])"
    return ("{", "}") if step.kind == "switch" else ("[", "]")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
