"""Paths of the form `Flow/Run/Step/Task/Artifact`, as people type them."""

from headwater.model.errors import InvalidPathspec

#: What each part names, outermost first.
LEVELS = ("flow", "run", "step", "task", "artifact")


def split_path(pathspec: str, level: str) -> tuple[str, ...]:
    """Take a path apart into as many parts as the level has.

    Raises:
        InvalidPathspec: it has more or fewer parts, or an empty one.
    """
    wanted = LEVELS.index(level) + 1
    parts = split_any(pathspec)
    if len(parts) != wanted:
        form = "/".join(name.capitalize() for name in LEVELS[:wanted])
        found = LEVELS[len(parts) - 1]
        raise InvalidPathspec(
            f"`{pathspec}` is the path of {_article(found)}, not of {_article(level)}", hint=f"write it as {form}"
        )
    return parts


def split_any(pathspec: str) -> tuple[str, ...]:
    """Take a path of any level apart.

    Raises:
        InvalidPathspec: it has no part, more than five, or an empty one.
    """
    if not isinstance(pathspec, str):
        raise InvalidPathspec(f"a path is text, not {type(pathspec).__name__}", hint="for example Churn/17/train/4")
    parts = tuple(pathspec.split("/"))
    if len(parts) > len(LEVELS) or not all(parts):
        raise InvalidPathspec(f"`{pathspec}` is no path", hint="a path is Flow[/Run[/Step[/Task[/Artifact]]]]")
    return parts


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
