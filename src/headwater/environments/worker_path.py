"""Lets an environment import the running Headwater, and nothing else of the interpreter that runs it."""

import os
from collections.abc import Mapping

from headwater.environments.build import Built
from headwater.environments.files import sync_folder
from headwater.store.framing import hash_bytes

#: Variables that would let modules of other interpreters in.
_LEFT_OUT = ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__")
_PACKAGE = "headwater"


def environ_inside(built: Built, link_folder: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Give the variables of a process that runs in an environment, its programs first on the path."""
    kept = {name: value for name, value in environ.items() if name not in _LEFT_OUT}
    programs = os.path.join(built.folder, "bin")
    path = kept.get("PATH", os.defpath)
    return {
        **kept,
        "PATH": f"{programs}{os.pathsep}{path}",
        "VIRTUAL_ENV": built.folder,
        "PYTHONPATH": link_folder,
        "PYTHONNOUSERSITE": "1",
    }


def link_package(folder: str) -> str:
    """Make a folder that holds a link to the running Headwater and nothing else, and give it.

    Args:
        folder: where to make it; each installation of Headwater has its own.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    own = os.path.join(folder, hash_bytes(package.encode())[:16])
    link = os.path.join(own, _PACKAGE)
    if not _leads_to(link, package):
        os.makedirs(own, exist_ok=True)
        staged = f"{link}.{os.getpid()}.{os.urandom(4).hex()}"
        os.symlink(package, staged)
        os.replace(staged, link)
        sync_folder(own)
    return own


def _leads_to(link: str, package: str) -> bool:
    try:
        return os.readlink(link) == package
    except OSError:
        return False
