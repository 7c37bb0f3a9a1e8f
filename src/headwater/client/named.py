"""What every client object has: a path, a view to read through, a namespace, tags."""

from datetime import datetime

from headwater.client.display import Shown
from headwater.client.session import View
from headwater.model.errors import NamespaceMismatch
from headwater.model.rows import RunRow


class Named(Shown):
    """An object with a path, `Churn/17/train/4`; two are equal when path and home are."""

    #: Its path; Flow('Churn').pathspec is `Churn`.
    pathspec: str
    _view: View

    @property
    def id(self) -> str:
        """The last part of its path."""
        return self.pathspec.rpartition("/")[2]

    @property
    def path_components(self) -> list[str]:
        """The parts of its path."""
        return self.pathspec.split("/")

    @property
    def tags(self) -> frozenset[str]:
        """All tags, as they are now: of a step, task or artifact those of its run."""
        return self.user_tags | self.system_tags

    @property
    def user_tags(self) -> frozenset[str]:
        """Tags that people set."""
        return frozenset(tag for row in self._tagged() for tag in row.tags)

    @property
    def system_tags(self) -> frozenset[str]:
        """Tags that Headwater set; they never change."""
        return frozenset(tag for row in self._tagged() for tag in row.system_tags)

    def is_in_namespace(self) -> bool:
        """Tell whether the namespace in force when the object was made shows it."""
        namespace = self._view.namespace
        return namespace is None or any(has_tag(row, namespace) for row in self._tagged())

    def _tagged(self) -> list[RunRow]:
        """Runs whose tags count as its own."""
        raise NotImplementedError

    def _check_namespace(self) -> None:
        if self.is_in_namespace():
            return
        raise NamespaceMismatch(
            f"{self.pathspec} is outside of the namespace `{self._view.namespace}`",
            hint="`namespace(None)` shows the runs of everybody",
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.pathspec!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Named):
            return NotImplemented
        return type(self) is type(other) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[str, str]:
        return self.pathspec, self._view.home_path


def has_tag(row: RunRow, tag: str) -> bool:
    """Tell whether a run has a tag, user's or system's."""
    return tag in row.tags or tag in row.system_tags


def local_time(unix_seconds: float) -> datetime:
    """Give a time as people here read it: naive, in the local zone."""
    return datetime.fromtimestamp(unix_seconds)
