"""What a step asks for, in one form: so that equal sets are one set, and as lines that uv reads."""

import re

import msgspec

from headwater.environments.masking import refuse_credentials
from headwater.model.errors import EnvironmentMistake
from headwater.model.packages import PackageSet

#: What a worker process imports: reading orders, digests, compressed objects, thread pools, and the ledger, which it
#: opens for the values of artifacts that did not travel with the order. Nothing of the command line.
WORKER_REQUIREMENTS = (
    "apsw>=3.51.3",
    "blake3>=1.0",
    "msgspec>=0.19",
    "threadpoolctl>=3.5",
    "zstandard>=0.23",
)
#: The oldest Python that a worker runs on.
OLDEST_PYTHON = (3, 11)

_NAME = re.compile(r"^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(\[[A-Za-z0-9._,\s-]+\])?$")
_CONDA_NAME = re.compile(r"^(?:[A-Za-z0-9_./-]+::)?[A-Za-z0-9_][A-Za-z0-9_.-]*$")
_PYTHON = re.compile(r"^(?:python\s*)?(?:==)?\s*(\d+)\.(\d+)(?:\.(\d+))?(?:\.\*)?$")


def normalized(asked: PackageSet) -> PackageSet:
    """Give the set with canonical names, sorted; sets that mean the same become equal.

    Raises:
        EnvironmentMistake: a name or Python version that cannot be, a name twice, an address with a password.
    """
    refuse_credentials(asked)
    packages: dict[str, str] = {}
    for name, version in asked.packages.items():
        canonical = _canonical(name) if asked.tool != "conda" else _conda_name(name)
        if canonical in packages:
            raise EnvironmentMistake(f"package `{canonical}` is asked for twice")
        packages[canonical] = _one_line(name, version)
    return msgspec.structs.replace(
        asked, packages=dict(sorted(packages.items())), python=None if asked.python is None else _python(asked.python)
    )


def requirement_lines(asked: PackageSet) -> list[str]:
    """Give the packages of a normalized set as lines of a requirements file."""
    return [_line(name, version) for name, version in asked.packages.items()]


def canonical_name(name: str) -> str:
    """Give a distribution's name as the packaging specification writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _line(name: str, version: str) -> str:
    if not version or version == "*":
        return name
    if version.startswith("@"):
        return f"{name} {version}"
    return f"{name}{version}" if version[0] in "<>=!~" else f"{name}=={version}"


def _canonical(name: str) -> str:
    matched = _NAME.match(name.strip())
    if matched is None:
        raise EnvironmentMistake(
            f"{name!r} is no name of a package", hint='write packages={"pandas": "2.2.3"}: name, then version'
        )
    return canonical_name(matched[1]) + (matched[2] or "").replace(" ", "").lower()


def _conda_name(name: str) -> str:
    if _CONDA_NAME.match(name.strip()) is None:
        raise EnvironmentMistake(f"{name!r} is no name of a conda package", hint="numpy, or conda-forge::numpy")
    return name.strip().lower()


def _one_line(name: str, version: str) -> str:
    text = version.strip()
    if any(character in text for character in "\n\r\\#"):
        raise EnvironmentMistake(
            f"package `{name}` cannot have the version {text!r}",
            hint="a version (2.2.3), a constraint (>=2,<3), a direct reference (@ https://...), or nothing for any",
        )
    return text


def _python(wanted: str) -> str:
    matched = _PYTHON.match(wanted.strip())
    if matched is None:
        raise EnvironmentMistake(f"{wanted!r} is no version of Python", hint='write python="3.12"')
    major, minor, patch = matched.groups()
    if (int(major), int(minor)) < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        raise EnvironmentMistake(f"Python {wanted} is too old for a step: tasks need Python {oldest} or newer")
    return f"{major}.{minor}" if patch is None else f"{major}.{minor}.{patch}"
