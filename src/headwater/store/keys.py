"""Keys of a place: relative paths that cannot leave it, and where an object lies."""

import re

from headwater.model.errors import InternalError
from headwater.model.ids import Digest

_KEY = re.compile(r"[a-z0-9_-][a-z0-9._-]*(?:/[a-z0-9_-][a-z0-9._-]*)*")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def checked_key(key: str) -> str:
    """Give the key back if it is one: parts of `[a-z0-9._-]`, none of which begins with a dot.

    Raises:
        InternalError: it is no key, so that nothing outside the place can be named by accident.
    """
    if not _KEY.fullmatch(key):
        raise InternalError(f"{key!r} is no key of a place")
    return key


def is_digest(text: str) -> bool:
    """Tell whether a text has the form of a digest."""
    return _DIGEST.fullmatch(text) is not None


def object_key(digest: Digest) -> str:
    """Give the key of an object: `ab/abcdef...`.

    Raises:
        InternalError: it is no digest.
    """
    if not is_digest(digest):
        raise InternalError(f"{digest!r} is no digest")
    return f"{digest[:2]}/{digest}"


def digest_of_key(key: str) -> Digest | None:
    """Give the digest of the object at a key; None when it is no object's key."""
    folder, _, name = key.partition("/")
    return name if is_digest(name) and folder == name[:2] else None
