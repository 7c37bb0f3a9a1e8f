"""Identities: run ids, task keys, names.

A task's key says where in the run it stands: its step, how often a loop of its level went back before
it (`pass`), and the foreach children that it is inside of, outermost first::

    train                       the only `train` of the run
    train~2                     the third pass of a loop on the same level
    score/start.17              item 17 of the foreach that `start` opened
    score~1/start.3/fan~2.5     pass 1, inside item 5 of pass 2 of `fan`, inside item 3 of `start`

Keys of one run are unique, the same in every replay, and sort nowhere: order comes from labels.
"""

import re

import msgspec

#: BLAKE3 digest, 64 lower-case hexadecimal digits.
Digest = str
#: A run's ULID, 26 characters, sorts by start time.
RunId = str
#: See the module's docstring.
TaskKey = str

#: What may be the name of a flow, artifact, parameter or tag-like noun before it becomes part of any path.
NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_-]{0,127}$")
#: What may be the name of a step.
STEP_NAME = re.compile(r"^[a-z_][a-z0-9_]{0,127}$")

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_KEY_PART = re.compile(r"^([a-z_][a-z0-9_]*)(?:~(\d+))?(?:\.(\d+))?$")


class Frame(msgspec.Struct, frozen=True):
    """One foreach (or gang) that a task is inside of."""

    #: Step that opened it.
    opener: str
    #: Pass of the opener's own level when it opened.
    opener_pass: int
    #: Index of the item, from 0.
    index: int


class KeyParts(msgspec.Struct, frozen=True):
    """A task key, taken apart."""

    step: str
    passes: int
    frames: tuple[Frame, ...]


def task_key(step: str, passes: int = 0, frames: tuple[Frame, ...] = ()) -> TaskKey:
    """Give the key of a task."""
    key = step if not passes else f"{step}~{passes}"
    for frame in frames:
        opener = frame.opener if not frame.opener_pass else f"{frame.opener}~{frame.opener_pass}"
        key += f"/{opener}.{frame.index}"
    return key


def parse_task_key(key: TaskKey) -> KeyParts:
    """Take a key apart.

    Raises:
        ValueError: the text is no task key.
    """
    head, *tail = key.split("/")
    matched = _KEY_PART.match(head)
    if matched is None or matched[3] is not None:
        raise ValueError(f"{key!r} is no task key")
    frames = []
    for part in tail:
        inner = _KEY_PART.match(part)
        if inner is None or inner[3] is None:
            raise ValueError(f"{key!r} is no task key")
        frames.append(Frame(inner[1], int(inner[2] or 0), int(inner[3])))
    return KeyParts(matched[1], int(matched[2] or 0), tuple(frames))


def new_ulid(unix_seconds: float, random_bytes: bytes) -> str:
    """Make a ULID from a time and 10 random bytes (https://github.com/ulid/spec)."""
    number = (int(unix_seconds * 1000) << 80) | int.from_bytes(random_bytes[:10], "big")
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -5, -5))
