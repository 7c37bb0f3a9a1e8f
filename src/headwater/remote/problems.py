"""From what a server says that is wrong back to the error that was raised there."""

import msgspec

from headwater.model import errors
from headwater.model.errors import HeadwaterError, NotFound, ServerFailed, UserMistake


class _Problem(msgspec.Struct, frozen=True):
    """The parts of a problem that make an error."""

    detail: str
    hint: str = ""
    choices: tuple[str, ...] = ()
    error: str = ""
    facts: dict[str, str | int | float] = {}


def problem_in(url: str, status: int, body: bytes) -> HeadwaterError:
    """Give the error that an answer with a status of failure tells of; of the class that it has on the server."""
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except msgspec.DecodeError:
        text = f"{url} answers {status} and says nothing that is understood"
        return ServerFailed(text, hint="is a server of Headwater there?")
    kind = getattr(errors, problem.error, None)
    if isinstance(kind, type) and issubclass(kind, HeadwaterError):
        return _made(kind, problem)
    if status == 401:
        return UserMistake(
            f"{url} does not know the token: it was revoked, has expired, or is another server's",
            hint=f"headwater login {url}",
        )
    if status >= 500:
        return ServerFailed(f"{url} failed: {problem.detail}", hint=problem.hint)
    if status == 404:
        return NotFound(problem.detail, hint=problem.hint)
    return UserMistake(problem.detail, hint=problem.hint)


def _made(kind: type[HeadwaterError], problem: _Problem) -> HeadwaterError:
    """Make an error whose constructor would work its sentence out from fields."""
    error = kind.__new__(kind)
    HeadwaterError.__init__(error, problem.detail, hint=problem.hint)
    if isinstance(error, NotFound):
        error.choices = problem.choices
    for name, value in problem.facts.items():
        setattr(error, name, value)
    return error
