"""The decorators that a step can carry; each only adds data to the step's options."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from headwater.flow import arguments
from headwater.flow.step import Decorated, caller_place, ensure_mark
from headwater.model.errors import InvalidDecorator, Mistake
from headwater.model.graph import Place

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
conda = _unsupported("conda")
pypi = _unsupported("pypi")
secrets = _unsupported("secrets")
pytorch_parallel = _unsupported("pytorch_parallel")


def _decorate(name: str, function: object, given: Mapping[str, object], unknown: Mapping[str, object]) -> Decorated:
    place = caller_place(2)
    if function is None or callable(function):
        arguments_given = {**given, **unknown}
        extra = ""
    else:
        arguments_given, extra = dict(given), f"`@{name}` takes its arguments by name, not {function!r}"

    def mark(target: Function) -> Function:
        if isinstance(target, type):
            raise InvalidDecorator(f"`@{name}` belongs on a step, not on the class `{target.__name__}`")
        found = ensure_mark(target, place, name)
        try:
            if extra:
                raise InvalidDecorator(extra, hint=arguments.usage(name))
            found.options = arguments.add(found.options, name, arguments_given)
        except InvalidDecorator as wrong:
            found.mistakes.append(_mistake(wrong, place))
        return target

    return mark(function) if callable(function) else mark


def _mistake(wrong: InvalidDecorator, place: Place) -> Mistake:
    return Mistake(wrong.message, place.file, place.line, hint=wrong.hint)


class FlowDecorator(msgspec.Struct, frozen=True):
    """A decorator of a whole flow whose back end is not here."""

    name: str
    place: Place


def _unsupported_flow(name: str) -> Callable[..., Decorated]:
    def decorator(flow: type | None = None, /, **given: object) -> Decorated:
        place = caller_place(1)

        def mark(target: type) -> type:
            known = target.__dict__.get("_headwater_flow_decorators", ())
            target._headwater_flow_decorators = (*known, FlowDecorator(name, place))  # type: ignore[attr-defined]
            return target

        return mark if flow is None else mark(flow)

    decorator.__name__ = decorator.__qualname__ = name
    decorator.__doc__ = f"Accept `@{name}`; it does nothing yet, and `check` says so."
    return decorator


schedule = _unsupported_flow("schedule")
project = _unsupported_flow("project")
trigger = _unsupported_flow("trigger")
trigger_on_finish = _unsupported_flow("trigger_on_finish")
exit_hook = _unsupported_flow("exit_hook")
conda_base = _unsupported_flow("conda_base")
pypi_base = _unsupported_flow("pypi_base")
