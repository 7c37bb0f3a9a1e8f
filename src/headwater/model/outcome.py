"""What a worker sends back: how the attempt ended, what it left behind, where to go next."""

from typing import Literal

import msgspec

from headwater.model.artifact import Header, Ref
from headwater.model.ids import Digest, RunId, TaskKey

#: How an attempt ended.
ExitCause = Literal[
    "ok",
    "exception",
    "sys_exit",
    "signal",
    "timeout",
    "out_of_memory",
    "disk_full",
    "lost_worker",
    "cancelled",
    "import_error",
    "unserialisable",
    "damaged_input",
    "bad_transition",
    "secret_missing",
    "environment",
    "rejected",
    "condition",
    "time_limit",
]


class Transition(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the step goes next."""

    #: All targets of a split, the chosen one of a switch, the only one otherwise; empty at the end.
    targets: tuple[str, ...] = ()
    #: Children of a foreach or gang.
    width: int | None = None
    #: The foreach's items, indexed.
    items: Ref | None = None


class FrameRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One frame of a traceback."""

    file: str
    line: int
    function: str
    #: Source line.
    text: str = ""
    #: In the user's project, not in a library or in Headwater.
    is_user: bool = False
    #: Capped previews of the local variables (user frames only).
    locals: dict[str, str] = {}


class TaskError(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an attempt failed, as data."""

    #: Full name of the exception's class; empty when there was none (a signal).
    type: str
    message: str
    #: Outermost first; ours left out.
    frames: tuple[FrameRecord, ...] = ()
    #: The whole formatted traceback, ours trimmed.
    traceback: str = ""
    hint: str = ""
    #: Signal name, exit code, path, needed and free bytes, attribute ...: what the cause names.
    details: dict[str, str] = {}


class FileRead(msgspec.Struct, frozen=True, omit_defaults=True):
    """A data file as a step found it."""

    size_bytes: int
    #: Unix time of its last change.
    modified_at: float = 0.0
    #: BLAKE3 of its bytes; None when there was too much to hash.
    digest: Digest | None = None
    #: First line of a `.csv` or `.tsv`: the names of its columns.
    head: str = ""


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an attempt took and used; seconds unless the name says otherwise."""

    started_at: float = 0.0
    ended_at: float = 0.0
    host: str = ""
    pid: int = 0
    user_cpu: float = 0.0
    system_cpu: float = 0.0
    #: Peak resident memory above what the fork started with.
    peak_memory_bytes: int = 0
    queue: float = 0.0
    environment: float = 0.0
    importing: float = 0.0
    input_load: float = 0.0
    compute: float = 0.0
    save: float = 0.0
    #: fork, spawn, inline, executable; and why it was not fork.
    started_by: str = ""
    spawn_reason: str = ""
    #: Data files that the step opened for reading through Python, by absolute path; at most 64.
    files: dict[str, FileRead] = {}


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """The end of one attempt."""

    kind: str
    v: int
    run: RunId
    key: TaskKey
    attempt: int
    cause: ExitCause
    #: Artifacts that this attempt set (not those it inherited unchanged).
    artifacts: dict[str, Ref] = {}
    headers: dict[Digest, Header] = {}
    #: Payloads of the small ones.
    small: dict[Digest, bytes] = {}
    transition: Transition | None = None
    error: TaskError | None = None
    #: It failed, but `@catch` lets the run go on: counts as finished, not as successful.
    is_caught: bool = False
    #: Another attempt may help (False for exit code 202 and for mistakes that a retry repeats).
    is_retryable: bool = True
    usage: Usage = Usage()
    #: Names read, with digests: inherited artifacts, parameters.
    reads: dict[str, Digest] = {}
    #: Project files that the process had loaded, with the digest of their bytes.
    modules: dict[str, Digest] = {}
    #: `current.metrics.summary(...)`.
    summary: dict[str, float | int | str | bool | None] = {}
