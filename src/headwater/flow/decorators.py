"""The decorators that a step can carry; each only adds data to the step's options."""

from collections.abc import Callable, Mapping, Sequence

from headwater.flow import arguments
from headwater.flow.flow_decorators import note
from headwater.flow.step import Decorated, caller_place, ensure_mark
from headwater.model.errors import InvalidDecorator, Mistake

Function = Callable[..., object]


def retry(
    function: Function | None = None,
    /,
    *,
    times: int = 3,
    minutes_between_retries: float = 0,
    **unknown: object,
) -> Decorated:
    """Try a failed task again, up to `times` times after the first; `times=0` keeps `--with retry` away."""
    given = {"times": times, "minutes_between_retries": minutes_between_retries}
    return _decorate("retry", function, given, unknown)


def catch(
    function: Function | None = None,
    /,
    *,
    var: str | None = None,
    print_exception: bool = True,
    **unknown: object,
) -> Decorated:
    """After the last retry let the run go on; the failure is kept in the artifact `var` (None on success)."""
    return _decorate("catch", function, {"var": var, "print_exception": print_exception}, unknown)


def timeout(
    function: Function | None = None,
    /,
    *,
    seconds: float = 0,
    minutes: float = 0,
    hours: float = 0,
    **unknown: object,
) -> Decorated:
    """Fail an attempt that takes longer than the sum of what is given."""
    return _decorate("timeout", function, {"seconds": seconds, "minutes": minutes, "hours": hours}, unknown)


def resources(
    function: Function | None = None,
    /,
    *,
    cpu: float | None = None,
    gpu: int | None = None,
    disk: float | None = None,
    memory: float | None = None,
    shared_memory: float | None = None,
    enforce: bool = False,
    **unknown: object,
) -> Decorated:
    """Say what a task needs of its machine (memory, disk and shared memory in MB); nothing is reserved unasked.

    With `enforce`, a task whose memory grows beyond `memory` is killed and the run says so.
    """
    given = {"cpu": cpu, "gpu": gpu, "disk": disk, "memory": memory, "shared_memory": shared_memory}
    return _decorate("resources", function, {**given, "enforce": enforce}, unknown)


def environment(
    function: Function | None = None, /, *, vars: Mapping[str, object] | None = None, **unknown: object
) -> Decorated:
    """Set environment variables before the step runs."""
    return _decorate("environment", function, {"vars": vars or {}}, unknown)


def parallel(function: Function | None = None, /, **unknown: object) -> Decorated:
    """Mark the step that `self.next(..., num_parallel=N)` starts N times, all members together."""
    return _decorate("parallel", function, {}, unknown)


def executable(command: str | Sequence[str], /, **unknown: object) -> Decorated:
    """Let a program be the step's body; the method itself only says `self.next(...)`.

    `command` is split as a shell would, without one being started.
    """
    return _decorate("executable", None, {"command": command}, unknown)


def _unsupported(name: str) -> Callable[..., Decorated]:
    def decorator(function: Function | None = None, /, **given: object) -> Decorated:
        return _decorate(name, function, given, {})

    decorator.__name__ = decorator.__qualname__ = name
    decorator.__doc__ = f"Accept `@{name}`; its back end is not here, so `check` says in one line what is ignored."
    return decorator


batch = _unsupported("batch")
kubernetes = _unsupported("kubernetes")
card = _unsupported("card")
pytorch_parallel = _unsupported("pytorch_parallel")


def pypi(
    function: Function | None = None,
    /,
    *,
    packages: Mapping[str, str] | None = None,
    python: str | None = None,
    index: str | None = None,
    disabled: bool | None = None,
    **unknown: object,
) -> Decorated:
    """Run the step with these packages alone: `packages={"pandas": "2.2.3"}`, in an environment of their own.

    Args:
        function: The step, when the decorator stands without parentheses.
        packages: Name -> version (`1.2.3`), constraint (`>=1,<2`), `@ https://...`, or nothing for any.
        python: Wanted version of Python.
        index: Address of the only package index.
        disabled: Opt out of the flow's `@pypi_base`.
        **unknown: Reported by the flow's checks.
    """
    given = {"packages": packages, "python": python, "index": index, "disabled": disabled}
    return _decorate("pypi", function, given, unknown)


def conda(
    function: Function | None = None,
    /,
    *,
    packages: Mapping[str, str] | None = None,
    libraries: Mapping[str, str] | None = None,
    python: str | None = None,
    disabled: bool | None = None,
    **unknown: object,
) -> Decorated:
    """Run the step in a conda environment of these packages (`libraries` is another name for them)."""
    given = {"packages": packages, "libraries": libraries, "python": python, "disabled": disabled}
    return _decorate("conda", function, given, unknown)


def uv(
    target: Function | None = None,
    /,
    *,
    python: str | None = None,
    disabled: bool | None = None,
    **unknown: object,
) -> Decorated:
    """Run a step, or all steps of a class, with what the project's own `pyproject.toml` and `uv.lock` say."""
    return _decorate("uv", target, {"python": python, "disabled": disabled}, unknown, is_of_class_too=True)


def secrets(
    function: Function | None = None,
    /,
    *,
    sources: Sequence[object] | None = None,
    role: str | None = None,
    allow_override: bool | None = None,
    **unknown: object,
) -> Decorated:
    """Give the step secrets as environment variables: `sources=["env.DB_PASSWORD", "file.~/.secrets/db"]`."""
    return _decorate("secrets", function, {"sources": sources, "role": role, "allow_override": allow_override}, unknown)


def approval(
    target: Function | None = None,
    /,
    *,
    role: str | None = None,
    expires: float | str | None = None,
    **unknown: object,
) -> Decorated:
    """Wait until somebody agrees: on a step before it starts, on a class before an alias moves to the flow.

    Args:
        target: The step or class, when the decorator stands without parentheses.
        role: Who may decide  [default: deployer].
        expires: Unanswered for so long counts as rejected, such as `2d`  [default: it waits for ever].
        **unknown: Reported by the flow's checks.
    """
    return _decorate("approval", target, {"role": role, "expires": expires}, unknown, is_of_class_too=True)


def promote_if(*conditions: str, **unknown: object) -> Decorated:
    """Let a step start, or an alias move to a flow, only if this holds for the run's summary metrics: `f1 >= 0.7`."""
    bare = conditions[0] if len(conditions) == 1 and callable(conditions[0]) else None
    given = {"conditions": () if bare is not None else conditions}
    return _decorate("promote_if", bare, given, unknown, is_of_class_too=True)


def _decorate(
    name: str,
    function: object,
    given: Mapping[str, object],
    unknown: Mapping[str, object],
    *,
    is_of_class_too: bool = False,
) -> Decorated:
    place = caller_place(2)
    known = {argument: value for argument, value in given.items() if value is not None}
    if function is None or callable(function):
        arguments_given = {**known, **unknown}
        extra = ""
    else:
        arguments_given, extra = known, f"`@{name}` takes its arguments by name, not {function!r}"

    def mark(target: Function) -> Function:
        if isinstance(target, type):
            if not is_of_class_too:
                raise InvalidDecorator(f"`@{name}` belongs on a step, not on the class `{target.__name__}`")
            note(target, name, place, arguments_given, extra)
            return target
        found = ensure_mark(target, place, name)
        try:
            if extra:
                raise InvalidDecorator(extra, hint=arguments.usage(name))
            found.options = arguments.add(found.options, name, arguments_given)
        except InvalidDecorator as wrong:
            found.mistakes.append(Mistake(wrong.message, place.file, place.line, hint=wrong.hint))
        return target

    return mark(function) if callable(function) else mark
