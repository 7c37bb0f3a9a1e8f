"""Every error that Headwater raises.

HeadwaterError                  anything that we can explain
├── UserMistake                 the command, flow or call is wrong: exit code 2
│   ├── FlowMistakes            all mistakes that the checks found in a flow
│   ├── FlowNotImported         the flow's file does not import
│   ├── ParameterMistake        a parameter's value or definition
│   ├── InvalidNext             `self.next` was called with what it cannot take
│   ├── InvalidDecorator        a decorator's arguments
│   ├── MergeConflict           `merge_artifacts` found different values
│   ├── MergeMissing            `merge_artifacts(include=...)` names what no input has
│   ├── InvalidPathspec         not of the form Flow/Run/Step/Task/Artifact
│   ├── NamespaceMismatch       the object is outside the current namespace
│   ├── TagRefused              a tag that cannot be set or removed
│   ├── NotFound                no such flow, run, step, task, artifact
│   │   └── NotFoundByKey       the same, asked for with `[]`: a KeyError too
│   ├── ResumeRefused           what would be reused does not fit
│   ├── SettingMistake          a setting's value
│   ├── CursorRefused           a cursor of a list that is none, or that of another list
│   ├── EnvironmentMistake      packages that cannot be resolved or built
│   └── DeploymentRefused       what was asked of a deployment, alias, schedule or trigger cannot be
├── ArtifactNotStorable         a value that no codec takes; names attribute and path
├── ArtifactMissing             its object is in no place
├── ArtifactDamaged             its bytes do not hash to their digest
├── FormatUnknown               written by a newer Headwater
├── LedgerDamaged               the ledger's database cannot be read or written
├── DiskFull                    names path, needed and free
├── VersionConflict             somebody else changed the record meanwhile
├── PackageDamaged              a deployment's package is not as it was deployed; names the file
├── SecretMissing               a secret cannot be read
├── AlertNotDelivered           a channel did not take an alert
├── RunIsDriven                 another process drives the run
├── RunIsFinished               the run's stream has ended
├── LeaseLost                   another process took the run over
├── ServerNotReached            the server with the store does not answer
├── ServerFailed                the server failed in a way that it does not explain
├── StepTimeout                 `@timeout` is over (public name TimeoutException)
├── ExecutableFailed            the program of an `@executable` step
├── FailureHandledByCatch       stands for a failure that left no exception (a kill)
├── NotInstalled                an optional package is missing; names the extra
└── InternalError               a promise of our own code is broken
"""

from collections.abc import Sequence

import msgspec


class HeadwaterError(Exception):
    """Something went wrong that we can explain."""

    #: Exit code of a command that ends with it.
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        #: What to do.
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n\nhint: {self.hint}" if self.hint else self.message


class UserMistake(HeadwaterError):
    """What was asked cannot be done as asked."""

    exit_code = 2


class CursorRefused(UserMistake):
    """A cursor is none, or belongs to another list: other filters, another order."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the cursor {reason}", hint="begin with the first page again, without a cursor")


class Mistake(msgspec.Struct, frozen=True):
    """One finding of a flow's checks."""

    message: str
    file: str
    line: int
    hint: str = ""
    #: False: a warning, the flow may run.
    is_error: bool = True

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}: {self.message}"
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class FlowMistakes(UserMistake):
    """A flow cannot run; lists everything that the checks found."""

    def __init__(self, flow: str, mistakes: Sequence[Mistake]) -> None:
        count = sum(1 for mistake in mistakes if mistake.is_error)
        noun = "mistake" if count == 1 else "mistakes"
        super().__init__(f"{flow} has {count} {noun}\n\n" + "\n".join(str(mistake) for mistake in mistakes))
        self.flow = flow
        self.mistakes = tuple(mistakes)


class FlowNotImported(UserMistake):
    """A flow's file does not import."""


class ParameterMistake(UserMistake):
    """A parameter's value or definition is wrong."""


class InvalidNext(UserMistake):
    """`self.next` was called with what it cannot take."""


class InvalidDecorator(UserMistake):
    """A decorator's arguments are wrong."""

    #: What else is wrong with the same decorator.
    others: "tuple[InvalidDecorator, ...]" = ()


class MergeConflict(UserMistake):
    """`merge_artifacts` found different values; nothing was merged."""

    def __init__(self, message: str, artifact_names: Sequence[str], *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.artifact_names = list(artifact_names)


class MergeMissing(UserMistake):
    """`merge_artifacts(include=...)` names artifacts that no input has."""

    def __init__(self, message: str, artifact_names: Sequence[str], *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.artifact_names = list(artifact_names)


class InvalidPathspec(UserMistake):
    """A path is not of the form Flow/Run/Step/Task/Artifact."""


class NamespaceMismatch(UserMistake):
    """The object exists, outside the current namespace."""


class TagRefused(UserMistake):
    """A tag that cannot be set or removed."""


class NotFound(UserMistake):
    """There is no such flow, run, step, task or artifact."""

    def __init__(self, message: str, *, choices: Sequence[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        #: What there is instead, nearest first.
        self.choices = tuple(choices)


class NotFoundByKey(NotFound, KeyError):
    """What `[]` of a client object raises: a KeyError with a sentence."""


class ResumeRefused(UserMistake):
    """What would be reused does not fit what was asked."""


class SettingMistake(UserMistake):
    """A setting has a value that it cannot have."""


class EnvironmentMistake(UserMistake):
    """The packages that a step asks for cannot be resolved or built; holds the reason that the tool gave."""


class DeploymentRefused(UserMistake):
    """What was asked of a deployment, alias, schedule or trigger cannot be; nothing was changed."""


class VersionConflict(HeadwaterError):
    """Somebody else changed a record meanwhile; nothing was written."""

    def __init__(self, kind: str, key: str, version: int) -> None:
        super().__init__(
            f"{kind} `{key}` was changed by somebody else: version {version} is there already",
            hint="look at it and try again",
        )
        self.kind = kind
        self.key = key
        self.version = version


class PackageDamaged(HeadwaterError):
    """A deployment's package is not as it was deployed; names the file."""


class SecretMissing(HeadwaterError):
    """A secret cannot be read; names its source, never a value."""


class AlertNotDelivered(HeadwaterError):
    """A channel did not take an alert; holds what it answered, its secrets masked."""


class ArtifactNotStorable(HeadwaterError):
    """A value that no codec takes."""

    def __init__(self, attribute: str, path: str, reason: str, *, hint: str = "") -> None:
        where = f"`self.{attribute}`" if not path else f"`self.{attribute}`, at {path},"
        super().__init__(f"{where} cannot be stored: {reason}", hint=hint)
        self.attribute = attribute
        #: Where inside the value, e.g. `['model'].callback`; empty = the value itself.
        self.path = path
        self.reason = reason


class ArtifactMissing(HeadwaterError):
    """An object is in no place."""

    def __init__(self, digest: str, *, hint: str = "") -> None:
        hint = hint or "`headwater fsck` lists what it belongs to"
        super().__init__(f"object {digest} is missing from the store", hint=hint)
        self.digest = digest


class ArtifactDamaged(HeadwaterError):
    """The bytes of an object do not hash to its digest."""

    def __init__(self, digest: str, where: str, found: str, *, hint: str = "") -> None:
        super().__init__(
            f"object {digest} at {where} is damaged: {found}",
            hint=hint or "producing the value again heals it; `headwater fsck --data --repair` sets it aside",
        )
        self.digest = digest
        self.where = where
        self.found = found


class FormatUnknown(HeadwaterError):
    """Written in a format that this Headwater does not know."""


class LedgerDamaged(HeadwaterError):
    """The ledger's database cannot be read or written as it is; names the file and what SQLite says."""


class DiskFull(HeadwaterError):
    """A volume has no room left."""

    def __init__(self, path: str, needed: int | None, free: int | None) -> None:
        asked = "" if needed is None else f": {needed} bytes needed"
        left = "" if free is None else f", {free} free"
        super().__init__(f"disk full at {path}{asked}{left}", hint="free some room, then `headwater resume`")
        self.path = path
        self.needed = needed
        self.free = free


class RunIsDriven(HeadwaterError):
    """Another process drives the run."""

    def __init__(self, run: str, host: str, pid: int, age_seconds: float) -> None:
        super().__init__(
            f"{run} is driven by process {pid} on {host} since {age_seconds:.0f} s",
            hint=f"`headwater cancel {run}` stops it",
        )
        self.host = host
        self.pid = pid
        self.age_seconds = age_seconds


class RunIsFinished(HeadwaterError):
    """The run's stream has ended; terminal states never change."""


class LeaseLost(HeadwaterError):
    """Another process took the run over; nothing was written."""


class ServerNotReached(HeadwaterError):
    """The server that has the store does not answer; names it, and for how long it was tried."""


class ServerFailed(HeadwaterError):
    """The server failed, or answered what no server of ours does; its log says more."""


class StepTimeout(HeadwaterError):
    """The time that `@timeout` gives is over."""


class ExecutableFailed(HeadwaterError):
    """The program of an `@executable` step did not do what its protocol asks."""

    def __init__(self, message: str, *, code: int | None = None, signal: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        #: Its exit code, when that was the failure.
        self.code = code
        #: Name of the signal that killed it.
        self.signal = signal


class FailureHandledByCatch(HeadwaterError):
    """A task was killed and left no exception; `@catch` keeps this instead."""


class NotInstalled(HeadwaterError):
    """An optional package is missing; `extra` is empty for one that none of our extras brings."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        wanted = f"'headwater[{extra}]'" if extra else package
        super().__init__(f"{purpose} needs `{package}`", hint=f"pip install {wanted}")
        self.package = package


class InternalError(HeadwaterError):
    """A promise of our own code is broken; please report it with the state below."""
