"""What may be said of a run from Python, as the command line takes it and as a run in this process does."""

from collections.abc import Mapping

import msgspec

from headwater.deployments.names import branch_of
from headwater.runtime.execute import RunOptions

#: Option as people pass it -> the command line's.
OPTIONS = {
    "tags": "--tag",
    "tag": "--tag",
    "decospecs": "--with",
    "with_": "--with",
    "max_workers": "--max-workers",
    "max_num_splits": "--max-num-splits",
    "note": "--note",
    "seed": "--seed",
    "namespace": "--namespace",
    "home": "--home",
    "engine": "--engine",
    "branch": "--branch",
    "production": "--production",
}


def option_words(given: Mapping[str, object]) -> list[str]:
    """Write options and parameters as the command line takes them."""
    words = []
    for name, value in given.items():
        if isinstance(value, bool) and name == "production":
            words += ["--production"] if value else []
        elif name in OPTIONS:
            words += [f"{OPTIONS[name]}={text}" for text in _texts(value)]
        elif value is not None:
            words.append(f"--{name}={_as_text(value)}")
    return words


def resume_words(origin: str | None, step: str | None) -> list[str]:
    """Write what to resume, and from where, as the command line takes it; None = its own choice."""
    return [*([f"--origin-run-id={origin}"] if origin is not None else []), *([step] if step is not None else [])]


def run_options(given: Mapping[str, object], user: str) -> RunOptions:
    """Give what the command line would make of options, for a run in this process."""
    seed, namespace = given.get("seed"), given.get("namespace")
    return RunOptions(
        max_workers=1,
        tags=tuple(_texts(given.get("tags")) + _texts(given.get("tag"))),
        note=str(given.get("note") or ""),
        seed=seed if isinstance(seed, int) else None,
        namespace=None if namespace is None else str(namespace),
        decorators=tuple(_texts(given.get("decospecs")) + _texts(given.get("with_"))),
        has_environments=False,
        branch=_branch(given, user),
        is_production=bool(given.get("production")),
    )


def _branch(given: Mapping[str, object], user: str) -> str | None:
    asked, is_production = given.get("branch"), bool(given.get("production"))
    if asked is None and not is_production:
        return None
    return branch_of(user, None if asked is None else str(asked), is_production=is_production)


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | dict | list | tuple):
        return msgspec.json.encode(value).decode()
    return str(value)


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list | tuple | set | frozenset) else [str(value)]
