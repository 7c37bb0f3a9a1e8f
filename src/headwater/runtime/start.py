"""Starts a run: saves its code and parameters, appends its first events, takes its lease."""

import os
from collections.abc import Callable, Mapping, Sequence

import msgspec

from headwater.home import Home
from headwater.ledger.tags import refuse_ill_formed
from headwater.model.artifact import Header, Ref
from headwater.model.events import Event, RunStarted
from headwater.model.graph import Graph
from headwater.model.ids import Digest, TaskKey, new_ulid
from headwater.model.order import CodeSource
from headwater.model.ports import Commit, Lease
from headwater.model.production import Project
from headwater.plan.frontier import Frontier, TaskState
from headwater.plan.reuse import Finished, reuse
from headwater.store.artifacts import ArtifactStore


class StartFacts(msgspec.Struct, frozen=True):
    """What the person who starts a run says, and where."""

    graph: Graph
    code: CodeSource
    #: Unix time.
    at: float
    host: str
    pid: int
    #: None = drawn at random.
    seed: int | None = None
    tags: tuple[str, ...] = ()
    system_tags: tuple[str, ...] = ()
    namespace: str | None = None
    note: str = ""
    command: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    #: Step -> object of its environment's lock.
    environments: dict[str, Digest] = {}
    #: `@project` and the branch; None = it belongs to none.
    project: Project | None = None


class Reuse(msgspec.Struct, frozen=True):
    """What a resumed run takes over."""

    #: `Churn/16`
    origin: str
    finished: Mapping[TaskKey, Finished]
    is_reusable: Callable[[TaskState, Finished], bool]
    #: Parameters and constants of the origin that are kept.
    parameters: dict[str, Ref]
    seed: int


class SavedValues(msgspec.Struct, frozen=True):
    """Parameters and constants as artifacts."""

    refs: dict[str, Ref] = {}
    headers: dict[Digest, Header] = {}
    small: dict[Digest, bytes] = {}


def save_values(home: Home, values: Mapping[str, object], module: str) -> SavedValues:
    """Save parameters and constants; durable on return.

    `module` is the name by which other processes import the flow's file: it may be the program that runs, whose
    classes would be called `__main__`.
    """
    saved = ArtifactStore(home.objects, main_module=module).save_many(values)
    return SavedValues(
        refs={name: entry.ref for name, entry in saved.items()},
        headers={entry.ref.digest: entry.header for entry in saved.values() if entry.header is not None},
        small={entry.ref.digest: entry.small for entry in saved.values() if entry.small is not None},
    )


def start_run(
    home: Home, facts: StartFacts, values: SavedValues, taken_over: Reuse | None = None
) -> tuple[Lease, Frontier, Sequence[Event]]:
    """Append the run's first events (what it reuses included) and take its lease, in one transaction.

    Raises:
        TagRefused: one of its tags is empty, too long, or has a control character.

    Returns:
        The lease, the folded state, and the events as stored.
    """
    for tag in facts.tags:
        refuse_ill_formed(tag)
    parameters = {**(taken_over.parameters if taken_over is not None else {}), **values.refs}
    started = RunStarted(
        at=facts.at,
        run=new_ulid(facts.at, os.urandom(10)),
        flow=facts.graph.flow,
        label=0,
        user=home.user,
        host=facts.host,
        pid=facts.pid,
        graph=facts.graph,
        code=facts.code,
        seed=_seed(facts, taken_over),
        parameters=parameters,
        tags=facts.tags,
        system_tags=facts.system_tags,
        namespace=facts.namespace,
        note=facts.note,
        origin=taken_over.origin if taken_over is not None else None,
        environment=facts.environment,
        environments=facts.environments,
        project=facts.project,
        command=facts.command,
    )
    planned = Frontier()
    planned.apply(started)
    reused = [] if taken_over is None else reuse(planned, taken_over.finished, taken_over.is_reusable, facts.at)
    lease, stored = home.ledger.start_run(Commit(events=[started, *reused], small=values.small, headers=values.headers))
    planned.started = stored
    return lease, planned, [stored, *reused]


def _seed(facts: StartFacts, taken_over: Reuse | None) -> int:
    if facts.seed is not None:
        return facts.seed
    return taken_over.seed if taken_over is not None else int.from_bytes(os.urandom(4), "big")
