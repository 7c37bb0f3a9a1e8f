"""From what a service says of its source to a run, and from the run to the artifacts that it answers from."""

from headwater.deployments.aliases import Aliases
from headwater.home import Home
from headwater.model.artifact import Ref
from headwater.model.errors import NotFound, UserMistake
from headwater.model.ids import Digest
from headwater.model.order import CodeSource
from headwater.model.rows import RunQuery, RunRow, TaskQuery
from headwater.model.service import ServiceDefinition, ServiceVersion


def find_source(home: Home, source: str) -> RunRow:
    """Find the run that a service answers from.

    `Flow/17` is that run; `Flow@production` the latest successful run of that deployment; `Flow` the latest successful
    run of mine.

    Raises:
        NotFound: there is none; the hint says how to make one.
        UserMistake: the run did not succeed.
    """
    flow, slash, label = source.partition("/")
    if slash:
        row = home.ledger.find_run(flow, int(label))
        if row.status != "succeeded":
            raise UserMistake(f"{row.path} is {row.status}", hint="a service answers from a run that succeeded")
        return row
    name, at, _ = source.partition("@")
    query = RunQuery(
        flow=name.rpartition(".")[2],
        status="succeeded",
        target=source if at else None,
        tags=() if at else (f"user:{home.user}",),
        limit=1,
    )
    found = home.ledger.runs(query).rows
    if not found:
        whose = f"of {source}" if at else f"of {source} by {home.user}"
        hint = _how_to_run(home, source) if at else f"run {source} first, or name a run: {source}/17"
        raise NotFound(f"there is no successful run {whose}", hint=hint)
    return found[0]


def _how_to_run(home: Home, target: str) -> str:
    """Say how a deployment gets a run; where nothing is deployed, how that is done."""
    try:
        Aliases(home.ledger).require(target)
    except NotFound as missing:
        return f"{missing.message}: {missing.hint}; then headwater deployment run {target}"
    return f"headwater deployment run {target}"


def artifacts_of(home: Home, row: RunRow) -> dict[str, Ref]:
    """Give the run's parameters, and all artifacts of its last task, by name."""
    tasks = home.ledger.tasks(TaskQuery(row.run, step=row.end_step)).rows
    if not tasks:
        raise NotFound(f"{row.path} has no task of its last step `{row.end_step}`")
    visible = home.ledger.visible(row.run, tasks[-1].key)
    return {**row.parameters, **{name: artifact.ref for name, artifact in visible.items()}}


def version_from(
    home: Home, definition: ServiceDefinition, code: CodeSource, *, number: int = 0, source: str | None = None
) -> ServiceVersion:
    """Make a version of a service as it is now.

    Args:
        home: store and ledger.
        definition: the compiled service.
        code: where its code is.
        number: of the version; 0 = not deployed.
        source: whose artifacts; None = as the service says.

    Raises:
        NotFound: there is no such run.
    """
    wanted = source or definition.source
    row = None if wanted is None else find_source(home, wanted)
    return ServiceVersion(
        definition=definition,
        code=code,
        home=home.path,
        number=number,
        run=None if row is None else row.path,
        artifacts={} if row is None else artifacts_of(home, row),
        user=home.user,
    )


def small_of(home: Home, version: ServiceVersion) -> dict[Digest, bytes]:
    """Give the payloads of a version's small artifacts: its processes do not open the ledger for them."""
    wanted = [ref.digest for ref in version.artifacts.values() if ref.is_small]
    return home.ledger.small(wanted) if wanted else {}
