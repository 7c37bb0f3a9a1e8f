"""The one context variable: what the code of a step may know about where it runs.

`task/` fills it in around the user's step; `headwater.current` shows it. Outside of a run every fact is
None and `is_running_flow` is False.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_facts: ContextVar[dict[str, Any] | None] = ContextVar("headwater_current", default=None)

#: The same, innermost last, for threads that a step starts: a new thread begins with an empty context.
_of_process: list[dict[str, Any]] = []

#: Names that exist outside of a run as well (as None).
_ALWAYS = [
    "flow_name",
    "run_id",
    "step_name",
    "task_id",
    "retry_count",
    "origin_run_id",
    "pathspec",
    "task",
    "run",
    "namespace",
    "username",
    "tags",
    "parameter_names",
    "tempdir",
    "graph",
    "parallel",
    "is_parallel",
    "metrics",
    "seed",
    "project_name",
    "branch_name",
    "is_production",
    "is_user_branch",
    "project_flow_name",
    "deployment",
    "idempotency_key",
    "logical_date",
    "trigger",
]


class Current:
    """Read-only view of the facts; `current.get(name)` and `name in current` work too."""

    @property
    def is_running_flow(self) -> bool:
        """True inside a step."""
        return "run_id" in (_known() or ())

    def __getattr__(self, name: str) -> Any:
        facts = _known()
        if facts is not None and name in facts:
            fact = facts[name]
            return fact() if isinstance(fact, LazyFact) else fact
        if name in _ALWAYS:
            return None
        raise AttributeError(f"`current` has no attribute `{name}`")

    def __contains__(self, name: str) -> bool:
        facts = _known()
        return facts is not None and facts.get(name) is not None

    def get(self, name: str, default: Any = None) -> Any:
        """Give a fact, or the default when it is not known here."""
        found = getattr(self, name, None)
        return default if found is None else found


class LazyFact:
    """A fact that costs something to make (a client object): made on first use."""

    def __init__(self, make: Any) -> None:
        self._make = make
        self._made: list[Any] = []

    def __call__(self) -> Any:
        if not self._made:
            self._made.append(self._make())
        return self._made[0]


@contextmanager
def facts(known: dict[str, Any]) -> Iterator[None]:
    """Let `current` know these facts inside the block."""
    token = _facts.set(known)
    _of_process.append(known)
    try:
        yield
    finally:
        _of_process[:] = [other for other in _of_process if other is not known]
        _facts.reset(token)


def _known() -> dict[str, Any] | None:
    facts = _facts.get()
    return facts if facts is not None or not _of_process else _of_process[-1]


#: What users import.
current = Current()
