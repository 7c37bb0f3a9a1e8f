"""What is kept of a failed attempt: its cause, the frames with capped locals, the traceback without our own lines."""

import errno
import os
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

import msgspec

from headwater.flow.spec import FlowSpec
from headwater.model.errors import (
    ArtifactDamaged,
    ArtifactMissing,
    ArtifactNotStorable,
    DiskFull,
    EnvironmentMistake,
    ExecutableFailed,
    FormatUnknown,
    HeadwaterError,
    InternalError,
    InvalidNext,
    SecretMissing,
    StepTimeout,
)
from headwater.model.masking import masked
from headwater.model.outcome import ExitCause, FrameRecord, TaskError
from headwater.task.previews import preview_locals

if TYPE_CHECKING:
    import traceback

#: Exit code with which a step says that another attempt is of no use.
EXIT_WITHOUT_RETRY = 202
#: Most frames kept of one traceback: the outermost third and the innermost two thirds.
MAX_FRAMES = 60

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_STANDARD_LIBRARY = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Failure(msgspec.Struct, frozen=True):
    """Why an attempt failed."""

    cause: ExitCause
    error: TaskError
    #: Another attempt may help.
    is_retryable: bool = True
    #: `@catch` may let the run go on.
    is_catchable: bool = True


def describe_failure(raised: BaseException, code_root: str) -> Failure:
    """Turn what a step raised into data; never raises.

    `code_root` is the folder below which files count as the user's.
    """
    cause = cause_of(raised)
    details: dict[str, str] = {}
    frames: tuple[FrameRecord, ...] = ()
    text = ""
    try:
        details = _details(raised, cause)
        text = _format(raised)
        frames = _frames(raised.__traceback__, code_root)
    except (Exception, SystemExit) as strange:  # noqa: BLE001 - the cause must get out, whatever a user's repr does
        details["incomplete"] = f"{type(strange).__name__} while the failure was being described"
    error = TaskError(
        type=type_name(type(raised)),
        message=masked(_message(raised)),
        frames=frames,
        traceback=masked(text),
        hint=masked(_hint(raised, cause)),
        details={name: masked(value) for name, value in details.items()},
    )
    return Failure(
        cause=cause,
        error=error,
        is_retryable=cause not in ("cancelled", "damaged_input", "secret_missing")
        and details.get("code") != str(EXIT_WITHOUT_RETRY),
        is_catchable=cause not in ("cancelled", "damaged_input", "disk_full", "secret_missing"),
    )


def cause_of(raised: BaseException) -> ExitCause:
    """Name the kind of end that this exception means for an attempt."""
    match raised:
        case MemoryError():
            return "out_of_memory"
        case StepTimeout():
            return "timeout"
        case DiskFull():
            return "disk_full"
        case OSError() if raised.errno in _FULL:
            return "disk_full"
        case SystemExit():
            return "sys_exit"
        case KeyboardInterrupt():
            return "cancelled"
        case ArtifactNotStorable():
            return "unserialisable"
        case ArtifactMissing() | ArtifactDamaged() | FormatUnknown():
            return "damaged_input"
        case InvalidNext():
            return "bad_transition"
        case SecretMissing():
            return "secret_missing"
        case ExecutableFailed():
            return "signal" if raised.signal else "exception" if raised.code is None else "sys_exit"
        case EnvironmentMistake():
            return "environment"
        case ImportError():
            return "import_error"
    return "cancelled" if _left_debugger(raised) else "exception"


def _left_debugger(raised: BaseException) -> bool:
    return type(raised).__name__ == "BdbQuit"  # importing bdb to compare would cost every task


def type_name(type_: type) -> str:
    """Give a class's full name; built-in ones without their module."""
    module = type_.__module__
    return type_.__qualname__ if module == "builtins" else f"{module}.{type_.__qualname__}"


def exit_code(raised: SystemExit) -> int:
    """Give the code with which the interpreter would end: None is 0, a text is 1."""
    if raised.code is None:
        return 0
    return raised.code if isinstance(raised.code, int) else 1


def _message(raised: BaseException) -> str:
    if isinstance(raised, HeadwaterError):
        return raised.message
    if isinstance(raised, SystemExit):
        text = raised.code if isinstance(raised.code, str) else ""
        return f"the step called sys.exit with code {exit_code(raised)}" + (f": {text}" if text else "")
    if _left_debugger(raised):
        return "the debugger was left"
    try:
        return str(raised)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's `__str__` may raise anything
        return f"<its text raised {type(error).__name__}>"


def _hint(raised: BaseException, cause: ExitCause) -> str:
    if isinstance(raised, HeadwaterError):
        return raised.hint
    if cause == "sys_exit":
        return "a step ends by reaching its last line; raise an exception to fail it"
    if isinstance(raised, ModuleNotFoundError) and raised.name:
        return (
            f"install the package that brings `{raised.name.partition('.')[0]}`; a step that declares packages (@pypi) "
            "has no others: add it there, or import it only inside the steps that have it"
        )
    if _left_debugger(raised):
        return "a debugger needs the terminal, which a task has with `--engine inline`"
    if cause == "out_of_memory":
        return "ask for more with `@resources(memory=...)`, or read and keep less at once"
    if cause == "disk_full":
        return "free some room, then `headwater resume`"
    return ""


def _details(raised: BaseException, cause: ExitCause) -> dict[str, str]:
    match raised:
        case SystemExit():
            return {"code": str(exit_code(raised))}
        case ArtifactNotStorable():
            return {"attribute": raised.attribute, "path": raised.path, "reason": raised.reason}
        case ArtifactMissing() | ArtifactDamaged():
            return {"digest": raised.digest}
        case DiskFull():
            known = {"path": raised.path, "needed": raised.needed, "free": raised.free}
            return {name: str(value) for name, value in known.items() if value is not None}
        case OSError() if cause == "disk_full":
            return _volume(raised)
        case ExecutableFailed():
            known = {"code": raised.code, "signal": raised.signal or None}
            return {name: str(value) for name, value in known.items() if value is not None}
        case ImportError() if raised.name:
            return {"module": raised.name}
    return {}


def _volume(raised: OSError) -> dict[str, str]:
    path = os.fspath(raised.filename) if isinstance(raised.filename, (str, os.PathLike)) else ""
    if not path:
        return {}
    try:
        volume = os.statvfs(os.path.dirname(path) or ".")
    except OSError:
        return {"path": str(path)}
    return {"path": str(path), "free": str(volume.f_bavail * volume.f_frsize)}


def _format(raised: BaseException) -> str:
    """Format it as Python does, with all that led to it, without our own lines."""
    import traceback

    told = traceback.TracebackException.from_exception(raised, limit=-4 * MAX_FRAMES)
    if _is_explained(type(raised)) and not _has_telling_frames(told.__cause__ or told.__context__):
        # What led to it is in its message; the frames are ours and Python's.
        told.__cause__, told.__suppress_context__ = None, True
    _trim(told, set())
    return "".join(told.format())


def _has_telling_frames(told: "traceback.TracebackException | None") -> bool:
    """Whether lines of the user, or of a package, are among what led to an error."""
    while told is not None:
        if any(not _is_ours(frame.filename) and not _is_of_python(frame.filename) for frame in told.stack):
            return True
        told = told.__cause__ or told.__context__
    return False


def _trim(told: "traceback.TracebackException", seen: set[int]) -> None:
    if id(told) in seen:
        return
    seen.add(id(told))
    theirs = [frame for frame in told.stack if not _is_ours(frame.filename)]
    if theirs:
        told.stack[:] = theirs
    elif _is_explained(told.exc_type):
        # Its message says it all; without frames the heading goes too.
        told.stack = None  # type: ignore[assignment]
    for other in (told.__cause__, told.__context__, *(told.exceptions or ())):
        if other is not None:
            _trim(other, seen)


def _is_explained(type_: type[BaseException] | None) -> bool:
    return type_ is not None and issubclass(type_, HeadwaterError) and not issubclass(type_, InternalError)


def _frames(traceback: TracebackType | None, code_root: str) -> tuple[FrameRecord, ...]:
    found: list[tuple[FrameType, int]] = []
    while traceback is not None:
        if not _is_ours(traceback.tb_frame.f_code.co_filename):
            found.append((traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    if len(found) > MAX_FRAMES:
        found = found[: MAX_FRAMES // 3] + found[-2 * MAX_FRAMES // 3 :]
    return tuple(_record(frame, line, code_root) for frame, line in found)


def _record(frame: FrameType, line: int, code_root: str) -> FrameRecord:
    import linecache

    file = frame.f_code.co_filename
    is_user = is_user_file(file, code_root)
    return FrameRecord(
        file=file,
        line=line,
        function=frame.f_code.co_qualname,
        text=masked(linecache.getline(file, line, frame.f_globals).strip()),
        is_user=is_user,
        locals=preview_locals(_with_attributes(frame.f_locals)) if is_user else {},
    )


def _with_attributes(variables: dict[str, object]) -> dict[str, object]:
    """Show what the step had set or read of `self` beside its local variables."""
    flow = variables.get("self")
    kept = getattr(flow, "__dict__", None)
    if not isinstance(kept, dict):
        return variables
    # Parameters and constants are descriptors: what was read of them is not in `__dict__`.
    read = flow._loaded if isinstance(flow, FlowSpec) else {}
    attributes = {f"self.{name}": value for name, value in {**kept, **read, **kept}.items() if not name.startswith("_")}
    return {name: value for name, value in variables.items() if name != "self"} | attributes


def is_user_file(file: str, code_root: str) -> bool:
    """Say whether a file is part of the user's project rather than of an installed package."""
    if file.startswith("<") or _is_ours(file):
        return False
    path = os.path.abspath(file)
    if "site-packages" in path or "dist-packages" in path or path.startswith(_STANDARD_LIBRARY):
        return False
    return path.startswith(os.path.join(os.path.abspath(code_root), ""))


def _is_of_python(file: str) -> bool:
    return file.startswith((_STANDARD_LIBRARY, "<frozen ")) and "-packages" not in file


def _is_ours(file: str) -> bool:
    return file.startswith(_PACKAGE)
