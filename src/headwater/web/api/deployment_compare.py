"""What differs between two deployments of a flow, between the runs of two aliases; the files of a package."""

from typing import Annotated, Any

import msgspec

from headwater.deployments.stored import find_deployment
from headwater.environments.difference import differences
from headwater.model.deployment import Deployment
from headwater.model.errors import ArtifactDamaged, ArtifactMissing, NotFound
from headwater.model.ids import Digest
from headwater.production.compared import ComparedAliases, compare_aliases
from headwater.store.trees import TreeFile, read_tree, read_tree_file
from headwater.web.asked import Asked
from headwater.web.callers import view_of
from headwater.web.problems import Refused
from headwater.web.routes import Route
from headwater.web.run_paths import Limit
from headwater.web.targets import (
    Number,
    TargetName,
    TargetPath,
    TargetVersionPath,
    find_alias,
    project_of_target,
)
from headwater.web.views.shown import parameter_values

#: Characters of a file that are shown, and bytes from which on a file is not looked into.
_MOST_TEXT = 1 << 20
_MOST_BYTES = 8 << 20
#: Files and packages that a comparison lists.
_MOST_ROWS = 1000


class AliasComparisonQuery(msgspec.Struct, frozen=True):
    """With which alias."""

    #: None = what this one is a shadow of.
    other: TargetName | None = None
    #: Pairs of runs; each is read with all of its tasks.
    limit: Annotated[int, msgspec.Meta(ge=1, le=20)] = 10


class VersionsComparedQuery(msgspec.Struct, frozen=True):
    """Which two deployments of the flow."""

    first: Number
    second: Number


class FileDifference(msgspec.Struct, frozen=True):
    """A file that is not the same in both."""

    path: str
    #: Digest in each; None = it is not there.
    first: Digest | None
    second: Digest | None


class PackageDifference(msgspec.Struct, frozen=True):
    """A package that is not the same in both."""

    package: str
    #: Version in each; None = it is not there.
    first: str | None
    second: str | None


class ValueDifference(msgspec.Struct, frozen=True):
    """Something that is not the same in both, as it is in each; None = it is not there."""

    name: str
    first: Any
    second: Any


class VersionsCompared(msgspec.Struct, frozen=True):
    """What differs between two deployments; what is the same is left out."""

    first: int
    second: int
    #: They do the same.
    is_same: bool
    files: tuple[FileDifference, ...]
    packages: tuple[PackageDifference, ...]
    #: Digests of locks, by step.
    environments: tuple[ValueDifference, ...]
    parameters: tuple[ValueDifference, ...]
    #: Schedules, triggers, policy and the like.
    production: tuple[ValueDifference, ...]
    #: Steps that were added, removed, or go on otherwise.
    steps: tuple[ValueDifference, ...]


class FilesQuery(msgspec.Struct, frozen=True):
    """Which files; by path."""

    limit: Limit = 500
    #: Path of the last one of the page before.
    cursor: Annotated[str, msgspec.Meta(max_length=4096)] | None = None


class PackageFile(msgspec.Struct, frozen=True):
    """A file of a package."""

    path: str
    digest: Digest
    size: int


class PackageFilesPage(msgspec.Struct, frozen=True):
    """A part of the files of a package."""

    rows: tuple[PackageFile, ...]
    cursor: str | None = None


class PackageFilePath(msgspec.Struct, frozen=True):
    """`lib/features.py` of deployment 3."""

    target: TargetName
    number: Number
    path: Annotated[str, msgspec.Meta(max_length=4096)]


class PackageText(msgspec.Struct, frozen=True):
    """A file of a package, as text."""

    path: str
    size: int
    #: None = it is no text, or too large to be shown.
    text: str | None
    #: There is more of it.
    is_cut: bool


def compare_alias_runs(asked: Asked, at: TargetPath, query: AliasComparisonQuery) -> ComparedAliases:
    """Show metrics, artifacts and times of two aliases side by side, for the last slots that both have run."""
    first = find_alias(asked, at.target)
    second = None if query.other is None else find_alias(asked, query.other)
    return compare_aliases(view_of(asked), first, second, query.limit)


def compare_versions(asked: Asked, at: TargetPath, query: VersionsComparedQuery) -> VersionsCompared:
    """Show what differs between two deployments: files, packages, parameters, schedules, steps."""
    name = find_alias(asked, at.target).name
    first, second = (find_deployment(asked.ledger, name, number) for number in (query.first, query.second))
    values = parameter_values(asked.home, [first.parameters, second.parameters])
    return VersionsCompared(
        first=first.number,
        second=second.number,
        is_same=first.digest == second.digest,
        files=_file_differences(asked, first, second),
        packages=tuple(
            PackageDifference(each.package, each.first, each.second)
            for each in differences(first.environment, second.environment)[:_MOST_ROWS]
        ),
        environments=_values(first.environments, second.environments),
        parameters=_values(*values),
        production=_values(*(msgspec.to_builtins(each.graph.production) for each in (first, second))),
        steps=_values(*(_steps(each) for each in (first, second))),
    )


def list_package_files(asked: Asked, at: TargetVersionPath, query: FilesQuery) -> PackageFilesPage:
    """List the files of a deployment's package, by path."""
    found = [
        PackageFile(path, file.digest, file.size)
        for path, file in sorted(_files(asked, _deployment(asked, at)).items())
        if query.cursor is None or path > query.cursor
    ]
    page = tuple(found[: query.limit])
    return PackageFilesPage(page, page[-1].path if len(found) > query.limit else None)


def show_package_file(asked: Asked, at: PackageFilePath) -> PackageText:
    """Show a file of a deployment's package."""
    deployment = _deployment(asked, at)
    files = _files(asked, deployment)
    if at.path not in files or deployment.code.tree is None:
        raise NotFound(f"{deployment.name}, deployment {deployment.number} has no file {at.path[:300]}")
    size = files[at.path].size
    if size > _MOST_BYTES:
        return PackageText(at.path, size, None, is_cut=True)
    read = read_tree_file(asked.home.objects, deployment.code.tree, at.path)
    try:
        text = read.decode()
    except UnicodeDecodeError:
        return PackageText(at.path, size, None, is_cut=False)
    return PackageText(at.path, size, text[:_MOST_TEXT], is_cut=len(text) > _MOST_TEXT)


def _deployment(asked: Asked, at: TargetVersionPath | PackageFilePath) -> Deployment:
    return find_deployment(asked.ledger, find_alias(asked, at.target).name, at.number)


def _files(asked: Asked, deployment: Deployment) -> dict[str, TreeFile]:
    if deployment.code.tree is None:
        return {}
    try:
        return read_tree(asked.home.objects, deployment.code.tree).files
    except (ArtifactMissing, ArtifactDamaged) as error:
        raise Refused(422, error.message, hint=error.hint, error=type(error).__name__) from error


def _file_differences(asked: Asked, first: Deployment, second: Deployment) -> tuple[FileDifference, ...]:
    left, right = ({path: file.digest for path, file in _files(asked, each).items()} for each in (first, second))
    changed = [path for path in sorted({*left, *right}) if left.get(path) != right.get(path)]
    return tuple(FileDifference(path, left.get(path), right.get(path)) for path in changed[:_MOST_ROWS])


def _values(first: dict[str, Any], second: dict[str, Any]) -> tuple[ValueDifference, ...]:
    changed = [name for name in sorted({*first, *second}) if first.get(name) != second.get(name)]
    return tuple(ValueDifference(name, first.get(name), second.get(name)) for name in changed[:_MOST_ROWS])


def _steps(deployment: Deployment) -> dict[str, str]:
    return {
        name: f"{step.kind}: {', '.join(step.targets)}" if step.targets else step.kind
        for name, step in deployment.graph.steps.items()
    }


ROUTES = (
    Route("GET", "/deployments/{target}/compare", compare_alias_runs, needs="viewer", of=project_of_target),
    Route("GET", "/deployments/{target}/differences", compare_versions, needs="viewer", of=project_of_target),
    Route(
        "GET",
        "/deployments/{target}/versions/{number}/files",
        list_package_files,
        needs="viewer",
        of=project_of_target,
    ),
    Route(
        "GET",
        "/deployments/{target}/versions/{number}/files/{path:path}",
        show_package_file,
        needs="viewer",
        of=project_of_target,
    ),
)
