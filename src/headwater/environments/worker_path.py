"""Lets an environment import the running Headwater, and nothing else of the interpreter that runs it."""

import os
from collections.abc import Mapping, Sequence

from headwater.environments.build import Built
from headwater.environments.files import sync_folder
from headwater.model.private_files import make_private_folder
from headwater.store.framing import hash_bytes

#: Variables that would let modules of other interpreters in.
_LEFT_OUT = ("PYTHONHOME", "PYTHONUSERBASE", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__")


def environ_inside(built: Built, link_folder: str, environ: Mapping[str, str], code_root: str) -> dict[str, str]:
    """Give the variables of a process that runs in an environment, its programs first on the path.

    Of the outer module path only what belongs to the project is kept.
    """
    kept = {name: value for name, value in environ.items() if name not in _LEFT_OUT}
    programs = os.path.join(built.folder, "bin")
    path = kept.get("PATH", os.defpath)
    return {
        **kept,
        "PATH": f"{programs}{os.pathsep}{path}",
        "VIRTUAL_ENV": built.folder,
        "PYTHONPATH": os.pathsep.join([link_folder, *project_folders(environ, code_root)]),
        "PYTHONNOUSERSITE": "1",
    }


def project_folders(environ: Mapping[str, str], code_root: str) -> list[str]:
    """Give what else a project imports its modules from: its `src`, and the folders of PYTHONPATH that are its own."""
    root = os.path.join(os.path.abspath(code_root), "")
    asked = [os.path.abspath(entry) for entry in environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    own = [entry for entry in asked if entry.startswith(root) and "site-packages" not in entry]
    source = os.path.join(code_root, "src")
    is_source = os.path.isdir(source) and not os.path.exists(os.path.join(source, "__init__.py"))
    return list(dict.fromkeys([*own, *([source] if is_source else [])]))


def own_package() -> str:
    """Give the folder of the Headwater that runs."""
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def link_packages(folder: str, packages: Sequence[str]) -> str:
    """Make a folder that holds links to these packages and nothing else, and give it.

    Args:
        folder: where to make it; each set of packages has its own.
        packages: folders of packages, such as that of the Headwater that runs.
    """
    own = os.path.join(folder, hash_bytes(os.pathsep.join(packages).encode())[:16])
    for package in packages:
        link = os.path.join(own, os.path.basename(package))
        if not _leads_to(link, package):
            make_private_folder(own)
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
