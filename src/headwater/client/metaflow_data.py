"""`task.data`: the values of a task's artifacts as attributes."""

from collections.abc import Iterator

from headwater.client.siblings import Siblings, is_shown
from headwater.model.ids import TaskKey
from headwater.model.nearest import did_you_mean


class MetaflowData:
    """The values of a task's artifacts; each is loaded when it is asked for, every time anew."""

    def __init__(self, siblings: Siblings, key: TaskKey, pathspec: str) -> None:
        self._siblings = siblings
        self._key = key
        self._pathspec = pathspec

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") or "_siblings" not in self.__dict__:
            raise AttributeError(name)
        row = self._siblings.find(self._key, name)
        if row is None:
            hint = did_you_mean(name, self._names())
            raise AttributeError(f"{self._pathspec} has no artifact `{name}`{hint and '; '}{hint}")
        return self._siblings.value(row)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._siblings.find(self._key, name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __dir__(self) -> list[str]:
        return self._names()

    def __repr__(self) -> str:
        return f"<MetaflowData: {', '.join(self._names())}>"

    def _names(self) -> list[str]:
        return sorted(name for name in self._siblings.visible(self._key) if is_shown(name))
