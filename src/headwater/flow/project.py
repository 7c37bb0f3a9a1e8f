"""Where a flow's file belongs: the root of its code, and the one name that its module has in every process."""

import os

#: The file that marks the root of a project.
MARKER = "pyproject.toml"


def code_root(file: str) -> str:
    """Give the folder of the nearest `pyproject.toml` upward from a file, else the file's own folder."""
    folder = own = os.path.dirname(os.path.realpath(file))
    while not os.path.exists(os.path.join(folder, MARKER)):
        parent = os.path.dirname(folder)
        if parent == folder:
            return own
        folder = parent
    return folder


def path_below(root: str, file: str) -> str:
    """Give a file's path below the root, with `/`; the whole path when it lies elsewhere."""
    real, root = os.path.realpath(file), os.path.realpath(root)
    if os.path.commonpath([real, root]) != root:
        return real
    return os.path.relpath(real, root).replace(os.sep, "/")


def module_name(relative: str) -> str:
    """Give the canonical module name of a path below the root: `flows/churn.py` is `flows.churn`."""
    parts = [part for part in os.path.splitext(relative)[0].split("/") if part]
    return ".".join(parts)
