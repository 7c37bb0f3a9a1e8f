"""What `current` knows inside a step."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from headwater.model.current import LazyFact
from headwater.model.graph import Graph
from headwater.model.launch import Launch
from headwater.model.order import Gang, TaskOrder
from headwater.task.seeds import attempt_seed

if TYPE_CHECKING:
    from datetime import datetime


_IN_NO_PROJECT = {"is_production": False, "is_user_branch": False}


class ParallelFacts(msgspec.Struct, frozen=True):
    """`current.parallel`: the gang (`num_parallel`) that the task is a member of."""

    #: Address of the machine of member 0.
    main_ip: str
    num_nodes: int
    #: This member, from 0.
    node_index: int
    #: Task id of member 0.
    control_task_id: str


class TemporaryFolder:
    """A folder of the attempt's own: made when asked for, removed with everything in it at the end."""

    def __init__(self) -> None:
        self._path: str | None = None

    def make(self) -> str:
        """Give its path."""
        if self._path is None:
            import tempfile

            self._path = tempfile.mkdtemp(prefix="headwater-")
        return self._path

    def remove(self) -> None:
        """Remove it if it was made."""
        if self._path is not None:
            import shutil

            shutil.rmtree(self._path, ignore_errors=True)
            self._path = None


def facts_of(order: TaskOrder, graph: Graph, folder: TemporaryFolder, given: Mapping[str, object]) -> dict[str, object]:
    """Give what `current` knows in an attempt; `given` holds the engine's own facts (`run`, `task`, `metrics`)."""
    _, _, run_id = order.run_path.rpartition("/")
    known: dict[str, object] = {
        "flow_name": graph.flow,
        "run_id": run_id,
        "step_name": order.step,
        "task_id": str(order.label),
        "retry_count": order.attempt,
        "origin_run_id": order.origin.rpartition("/")[2] if order.origin else None,
        "pathspec": f"{order.run_path}/{order.step}/{order.label}",
        "namespace": order.namespace or f"user:{order.user}",
        "username": order.user,
        "tags": frozenset(order.tags),
        "parameter_names": [parameter.attribute for parameter in graph.parameters],
        "tempdir": LazyFact(folder.make),
        "graph": LazyFact(lambda: msgspec.to_builtins(graph)),
        "is_parallel": order.gang is not None,
        "parallel": _parallel(order.gang, order.label),
        "seed": attempt_seed(order.seed, order.key),
    }
    known.update(order.project.facts(graph.flow) if order.project is not None else _IN_NO_PROJECT)
    known.update(_launch_facts(order.launch))
    known.update(given)
    return known


def _launch_facts(launch: Launch | None) -> dict[str, object]:
    """What runs of deployments know besides: the alias, the slot that the run stands for, its one key."""
    if launch is None:
        return {}
    known: dict[str, object] = {
        "deployment": launch.target,
        "idempotency_key": launch.idempotency_key,
        "is_production": launch.is_production,
    }
    slot = launch.logical_date
    if slot is not None:
        known["logical_date"] = LazyFact(lambda: _date(slot))
    return known


def _date(unix_seconds: float) -> "datetime":
    from datetime import UTC, datetime

    return datetime.fromtimestamp(unix_seconds, UTC)


def _parallel(gang: Gang | None, label: int) -> ParallelFacts:
    if gang is None:
        return ParallelFacts("127.0.0.1", 1, 0, str(label))
    return ParallelFacts(gang.main_ip, gang.num_nodes, gang.node_index, str(gang.control_label))
