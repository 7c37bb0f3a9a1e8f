"""The packages of the interpreter that runs a flow, for the run's record."""

import os
import platform
import sys
from collections.abc import Sequence


def installed_packages(path: Sequence[str]) -> dict[str, str]:
    """Give name -> version of what is installed on this module path, and `python`.

    Reads folder names only (`NAME-VERSION.dist-info`), a few milliseconds for hundreds of packages.
    """
    found = {"python": platform.python_version(), "implementation": sys.implementation.name}
    for folder in path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                package, _, version = name.rsplit(".", 1)[0].partition("-")
                found.setdefault(package.replace("_", "-").lower(), version)
    return dict(sorted(found.items()))
