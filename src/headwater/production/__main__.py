"""`python -P -m headwater.production ROLE --home FOLDER`: a process of the daemon; `headwater up` starts the first."""

import importlib
import sys
from collections.abc import Callable, Sequence

from headwater.model.errors import HeadwaterError, UserMistake
from headwater.production.asked import Asked, read_words
from headwater.production.journal import Journal

#: Role -> (module, function that is it until told to stop); each process imports only its own.
_ROLES = {
    "supervisor": ("headwater.production.supervisor", "be_supervisor"),
    "scheduler": ("headwater.production.scheduler", "be_scheduler"),
    "launcher": ("headwater.production.driving", "be_launcher"),
    "alerter": ("headwater.production.telling", "be_alerter"),
    "host": ("headwater.production.answering", "be_host"),
    "web": ("headwater.production.answering", "be_web"),
}


def main(words: Sequence[str]) -> int:
    """Be what the first word says, until told to stop; gives the exit code."""
    role = words[0] if words else ""
    if role not in _ROLES:
        raise UserMistake(f"the daemon has no role `{role}`", hint=f"its roles are {', '.join(_ROLES)}")
    asked = read_words(words[1:])
    module, function = _ROLES[role]
    be: Callable[[Asked, Journal], int] = getattr(importlib.import_module(module), function)
    return be(asked, Journal(role, asked.log))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except HeadwaterError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
