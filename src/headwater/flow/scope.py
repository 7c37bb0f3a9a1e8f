"""The seam between a flow object and whoever runs its step: what one attempt gives to `self` and to `inputs`."""

from collections.abc import Collection, Mapping
from typing import Protocol

from headwater.model.artifact import Ref


class Scope(Protocol):
    """What one attempt gives to the flow object while its step runs."""

    @property
    def index(self) -> int | None:
        """Index of the innermost foreach item; None when the step is directly inside of none."""

    @property
    def input(self) -> object:
        """Item of the innermost foreach, loaded on first use; None when the step is directly inside of none."""

    def foreach_stack(self) -> list[tuple[int, int | None, object]]:
        """(index, number of siblings, item) of each foreach, outermost first."""

    def load(self, name: str) -> object:
        """Read an artifact, parameter or constant; KeyError when there is none of that name."""

    def names(self) -> Collection[str]:
        """Everything that `load` can give."""

    def ref(self, name: str) -> Ref | None:
        """Where the artifact, parameter or constant is stored; None when there is none."""

    def is_read_only(self, name: str) -> bool:
        """True for parameters and constants."""

    def adopt(self, name: str, ref: Ref) -> None:
        """Take an artifact over by reference; no bytes are read or written."""

    def forget(self, name: str) -> None:
        """Undo `adopt` (`del self.x` of what was merged); silent when it was not adopted."""


class InputView(Protocol):
    """One of the `inputs` of a join. The odd name keeps all others free for the user's artifacts."""

    def _artifact_refs(self) -> Mapping[str, Ref]:
        """All artifacts of the task, inherited ones included, parameters and constants left out."""
