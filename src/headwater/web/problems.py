"""What the API says when it does not do what was asked: `application/problem+json` (RFC 9457)."""

import msgspec

from headwater.model.errors import (
    ArtifactDamaged,
    ArtifactMissing,
    CursorRefused,
    DeploymentRefused,
    DiskFull,
    HeadwaterError,
    LeaseLost,
    NotFound,
    NotInstalled,
    RunIsDriven,
    RunIsFinished,
    UserMistake,
    VersionConflict,
)

TYPE = "application/problem+json"

_TITLES = {
    400: "Malformed request",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Not as things stand",
    413: "Too large",
    415: "Unsupported media type",
    421: "Wrong host",
    422: "Refused",
    429: "Too many requests",
    500: "Something of ours failed",
    503: "Not ready",
    507: "The disk is full",
}
#: The first class that fits counts.
_STATUS_BY_ERROR: tuple[tuple[type[HeadwaterError], int], ...] = (
    (NotFound, 404),
    (DeploymentRefused, 409),
    (CursorRefused, 400),
    (UserMistake, 422),
    (VersionConflict, 409),
    (RunIsDriven, 409),
    (RunIsFinished, 409),
    (LeaseLost, 409),
    (ArtifactMissing, 404),
    (ArtifactDamaged, 422),
    (DiskFull, 507),
    (NotInstalled, 503),
)


#: What programs want to know of some errors besides their sentence.
_FACTS = ("kind", "key", "version", "host", "pid", "age_seconds", "digest")


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong with a request, or stands against it."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    #: What to do.
    hint: str = ""
    #: What there is instead.
    choices: tuple[str, ...] = ()
    #: Class of the error, for programs: `NotFound`, `LeaseLost`.
    error: str = ""
    #: Fields of that error: the version that is there, the process that drives.
    facts: dict[str, str | int | float] = {}


class Refused(Exception):
    """A request that is not carried out; holds what to tell."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        hint: str = "",
        error: str = "",
        choices: tuple[str, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        #: Sent along.
        self.headers = headers or {}
        self.problem = Problem(_TITLES.get(status, "Error"), status, detail, hint=hint, error=error, choices=choices)


def problem_of(error: Exception) -> Problem:
    """Say what an error of any kind means to a caller; of our own failures nothing but that they happened."""
    if isinstance(error, Refused):
        return error.problem
    for kind, status in _STATUS_BY_ERROR:
        if isinstance(error, kind):
            choices = tuple(getattr(error, "choices", ())[:10])
            return Problem(
                _TITLES[status],
                status,
                error.message,
                hint=error.hint,
                choices=choices,
                error=type(error).__name__,
                facts={name: getattr(error, name) for name in _FACTS if hasattr(error, name)},
            )
    return Problem(_TITLES[500], 500, "the server's log says more")
