"""The versions of a deployed flow: what was put to work, never changed."""

from typing import Literal

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.stored import find_deployment, list_deployments
from headwater.model.deployment import AliasState, Deployment
from headwater.model.ids import Digest
from headwater.model.production import ProductionOptions
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import Text
from headwater.web.sorting import SortedQuery, Sorting, page_of
from headwater.web.targets import TargetPath, TargetVersionPath, find_alias, project_of_target
from headwater.web.views.shown import parameter_values


class DeployedParameter(msgspec.Struct, frozen=True):
    """A parameter of a deployed flow, with the value that its runs have unless something else is said."""

    name: str
    #: str, int, float, bool, json, file.
    type: str
    #: Cut to size; None = it has none.
    value: object
    is_required: bool
    #: Takes several values.
    is_list: bool
    #: Only a deploy can read it.
    is_fixed: bool
    help: str


class PackageFacts(msgspec.Struct, frozen=True):
    """What was deployed: its files, and where they came from."""

    files: int
    size_bytes: int
    #: Digest of the saved files.
    tree: Digest | None
    root: str
    #: The flow's file, below the folder.
    file: str


class VersionRow(msgspec.Struct, frozen=True):
    """A deployment: what was put to work, never changed."""

    number: int
    id: str
    name: str
    flow: str
    at: float
    user: str
    host: str
    note: str
    tags: tuple[str, ...]
    #: Two with the same one do the same.
    digest: Digest
    package: PackageFacts
    #: Aliases that name it.
    aliases: tuple[str, ...]
    python: str


class VersionView(msgspec.Struct, frozen=True):
    """A deployment with everything that its runs need."""

    version: VersionRow
    doc: str
    #: What the decorators of the flow's class say.
    production: ProductionOptions
    parameters: tuple[DeployedParameter, ...]
    #: Step -> digest of the lock of its environment; steps that declare no packages are not in it.
    environments: dict[str, Digest]
    #: Packages of the interpreter that deployed it.
    packages: dict[str, str]
    #: Steps, in the order written.
    steps: tuple[str, ...]


class VersionsQuery(SortedQuery, frozen=True):
    """Which deployments of a flow; newest first, unless it says otherwise."""

    #: Part of the note, a tag or the user, in upper or lower case.
    search: Text = ""
    user: Text | None = None
    #: All of them must be on it.
    tag: tuple[Text, ...] = ()
    sort: Literal["number", "-number", "at", "-at", "user", "-user", "note", "-note", "size", "-size"] = "-number"


class VersionsPage(msgspec.Struct, frozen=True):
    """A part of the deployments of a flow."""

    rows: tuple[VersionRow, ...]
    cursor: str | None = None


def list_deployed_versions(asked: Asked, at: TargetPath, query: VersionsQuery) -> VersionsPage:
    """List the deployments of an alias's flow, newest first."""
    state = find_alias(asked, at.target)
    aliases = Aliases(asked.ledger).of(state.name)
    found = (each for each in list_deployments(asked.ledger, state.name) if _is_asked_for(each, query))
    page, cursor = page_of(found, _SORTING, query, of=state.name)
    return VersionsPage(tuple(version_row(each, aliases) for each in page), cursor)


def show_deployed_version(asked: Asked, at: TargetVersionPath) -> VersionView:
    """Show a deployment of an alias's flow, whether or not the alias names it."""
    state = find_alias(asked, at.target)
    deployment = find_deployment(asked.ledger, state.name, at.number)
    return version_view(asked, deployment, Aliases(asked.ledger).of(state.name))


def version_view(asked: Asked, deployment: Deployment, aliases: list[AliasState]) -> VersionView:
    """Give a deployment with everything that its runs need."""
    graph = deployment.graph
    return VersionView(
        version=version_row(deployment, aliases),
        doc=graph.doc,
        production=graph.production,
        parameters=_parameters(asked, deployment),
        environments=deployment.environments,
        packages=deployment.environment,
        steps=tuple(graph.steps),
    )


def version_row(deployment: Deployment, aliases: list[AliasState]) -> VersionRow:
    """Give a deployment as a list shows it."""
    code = deployment.code
    return VersionRow(
        number=deployment.number,
        id=deployment.id,
        name=deployment.name,
        flow=deployment.flow,
        at=deployment.at,
        user=deployment.user,
        host=deployment.host,
        note=deployment.note,
        tags=deployment.tags,
        digest=deployment.digest,
        package=PackageFacts(deployment.files, deployment.size_bytes, code.tree, code.root, code.file),
        aliases=tuple(state.target for state in aliases if state.deployment == deployment.id),
        python=deployment.python,
    )


def _is_asked_for(deployment: Deployment, query: VersionsQuery) -> bool:
    part = query.search.casefold()
    return (
        query.user in (None, deployment.user)
        and set(query.tag) <= set(deployment.tags)
        and any(part in text.casefold() for text in (deployment.note, deployment.user, *deployment.tags))
    )


#: In memory: people, or a robot of theirs, make each of them; a graph in a record is read whole anyway.
_SORTING: Sorting[Deployment] = Sorting(
    {
        "number": lambda each: each.number,
        "at": lambda each: each.at,
        "user": lambda each: each.user,
        "note": lambda each: each.note or None,
        "size": lambda each: each.size_bytes,
    },
    lambda each: each.number,
)


def _parameters(asked: Asked, deployment: Deployment) -> tuple[DeployedParameter, ...]:
    values = parameter_values(asked.home, [deployment.parameters])[0]
    return tuple(
        DeployedParameter(
            name=spec.name,
            type=spec.type,
            value=values.get(spec.attribute),
            is_required=spec.required and spec.attribute not in values,
            is_list=spec.is_multiple or spec.separator is not None,
            is_fixed=spec.is_own_type,
            help=spec.help,
        )
        for spec in deployment.graph.parameters
    )


ROUTES = (
    Route("GET", "/deployments/{target}/versions", list_deployed_versions, needs="viewer", of=project_of_target),
    Route(
        "GET", "/deployments/{target}/versions/{number}", show_deployed_version, needs="viewer", of=project_of_target
    ),
)
