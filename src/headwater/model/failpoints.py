"""Named points at which a test may kill the process or make a call fail; nothing in production.

`HEADWATER_FAILPOINT=store.after_rename:3` kills the process (SIGKILL) at the third passage of that point,
`...:3:ENOSPC` raises that OSError there, `...:3+:EIO` from the third passage on. `HEADWATER_FAILPOINT_LOG=FILE`
appends the name of every point passed, so that a test can enumerate them.
"""

import errno
import os
import signal

_wanted = os.environ.get("HEADWATER_FAILPOINT", "")
_log = os.environ.get("HEADWATER_FAILPOINT_LOG", "")
_passed: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Mark a point of the protocol `room.what`; does nothing unless a test asked for it."""
    if _wanted or _log:
        _pass(name)


def _pass(name: str) -> None:
    _passed[name] = count = _passed.get(name, 0) + 1
    if _log:
        descriptor = os.open(_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, f"{name}\n".encode())
        os.close(descriptor)
    wanted, _, rest = _wanted.partition(":")
    if wanted != name:
        return
    passage, _, error = rest.partition(":")
    is_onward = passage.endswith("+")
    number = int(passage.rstrip("+") or 1)
    if count == number or (is_onward and count > number):
        if not error:
            os.kill(os.getpid(), signal.SIGKILL)
        code = getattr(errno, error)
        raise OSError(code, os.strerror(code), f"failpoint {name}")
