"""`@conda`: says what to write instead where no conda tool is to be had."""

import shutil
from collections.abc import Mapping

from headwater.model.errors import EnvironmentMistake
from headwater.model.packages import PackageSet

#: Programs that make conda environments, the quickest first.
TOOLS = ("micromamba", "mamba", "conda")


def find_conda(environ: Mapping[str, str]) -> str | None:
    """Give the path of a conda tool; None when there is none."""
    found = (shutil.which(tool, path=environ.get("PATH")) for tool in TOOLS)
    return next((path for path in found if path is not None), None)


def refuse_conda(asked: PackageSet, environ: Mapping[str, str]) -> None:
    """Raise when a set asks for conda and there is no tool to answer.

    Raises:
        EnvironmentMistake: names the tools that were looked for, and what to write instead.
    """
    if asked.tool == "conda" and find_conda(environ) is None:
        raise EnvironmentMistake(
            f"@conda needs one of {', '.join(TOOLS)}, and none is on the path",
            hint="write @pypi(packages={...}): most packages of conda-forge are on PyPI too, under the same names",
        )
