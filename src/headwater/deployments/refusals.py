"""What a deploy is refused for although the code passes its checks: schedules whose runs could not start, packages."""

import os
from collections.abc import Mapping

from headwater.deployments.values import convert_given
from headwater.model.errors import DeploymentRefused
from headwater.model.graph import Graph
from headwater.model.order import CodeSource
from headwater.store.ignore_files import line_for
from headwater.store.trees import Tree

#: Files that a refusal names.
_NAMED = 10


def refuse_unfit_schedules(graph: Graph, known: Mapping[str, object]) -> None:
    """Refuse schedules that name a parameter that there is not, or give it a value that does not convert.

    Args:
        graph: the flow.
        known: what has a value already, by attribute: defaults, and what the deploy gives.

    Raises:
        DeploymentRefused: names all of them at once.
    """
    messages: list[str] = []
    hints: list[str] = []
    for schedule in graph.production.schedules:
        try:
            convert_given(graph.parameters, schedule.parameters, known, f"the schedule `{schedule.key}`")
        except DeploymentRefused as refused:
            messages.append(refused.message)
            hints.append(refused.hint)
    if messages:
        raise DeploymentRefused("\n".join(messages), hint="; ".join(dict.fromkeys(filter(None, hints))))


def refuse_unfit_package(tree: Tree, code: CodeSource) -> None:
    """Refuse a package that would not be the whole of the project, or reach out of it.

    Args:
        tree: the package.
        code: where the file is that is deployed.

    Raises:
        DeploymentRefused: names what is left out of it that may not be, and why.
    """
    leading = [each.path for each in tree.left_out if each.leads_out]
    if leading:
        raise DeploymentRefused(
            f"a package holds no links that lead out of the project: {', '.join(leading[:_NAMED])}",
            hint="put a copy in their place, or name them in .headwaterignore",
        )
    beyond = [each for each in tree.left_out if each.is_beyond_limit]
    if beyond:
        raise DeploymentRefused(
            f"the project is too large for a package: {beyond[0].reason} (at {beyond[0].path})",
            hint="name what its runs do not need in .headwaterignore, or mark the project's own folder: pyproject.toml",
        )
    if code.file not in tree.files:
        raise _without_its_file(tree, code)


def _without_its_file(tree: Tree, code: CodeSource) -> DeploymentRefused:
    """Say what keeps the very file that is deployed out of the package, and how it comes in."""
    line = line_for(code.root, code.file)
    if line is not None:
        folder = os.path.dirname(line.file) if not line.file.startswith("..") else ""
        back = f"!/{os.path.relpath(line.path, folder or '.')}" + ("/" if line.path.endswith("/") else "")
        return DeploymentRefused(
            f"{code.file} is left out of the package: `{line.pattern}` in {line.file} ignores {line.path}",
            hint=f"take that line out, or write `{back}` into {os.path.join(folder, '.headwaterignore')}",
        )
    left = next((each for each in tree.left_out if f"{code.file}/".startswith(f"{each.path.rstrip('/')}/")), None)
    reason = "" if left is None else f": {left.path} is {left.reason}"
    return DeploymentRefused(
        f"{code.file} is left out of the package{reason}", hint="move it to where it is code, or call it otherwise"
    )
