"""What is built in a store's folder of environments: listed, and removed when nothing needs it."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from headwater.environments.build import BUILDING
from headwater.environments.files import is_locked, locked
from headwater.environments.stamp import first_damage, read_stamp
from headwater.model.ids import Digest

#: `building`: somebody is at it now. `left over`: whoever built it was killed.
State = Literal["ready", "damaged", "building", "left over"]

_DIGEST_LENGTH = 64


class Environment(msgspec.Struct, frozen=True):
    """One folder of the inventory."""

    #: Of its lock.
    digest: Digest
    state: State
    path: str
    python: str = ""
    #: Unix time; 0 = never whole.
    built_at: float = 0
    #: Bytes of its files. Unpacked wheels are shared: those that several environments have count in each.
    size_bytes: int = 0
    #: Bytes that leave the disk with it: those that nothing else shares.
    own_bytes: int = 0
    #: First file that is gone or was changed.
    damage: str = ""


def list_environments(folder: str) -> Iterator[Environment]:
    """Yield what is built, being built or left over in the folder of environments, by digest."""
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return
    for name in names:
        digest = name.partition(".")[0]
        path = os.path.join(folder, name)
        if len(digest) != _DIGEST_LENGTH or not os.path.isdir(path):
            continue
        if name.endswith(BUILDING):
            state: State = "building" if is_locked(_lock(folder, digest)) else "left over"
            yield Environment(digest, state, path, own_bytes=_own_bytes(path))
        elif name == digest:
            yield _built(digest, path)


def remove_environment(folder: str, environment: Environment, is_needed: Callable[[Digest], bool]) -> bool:
    """Remove one, unless somebody is at it or has begun to need it meanwhile; says whether it is gone."""
    path = _lock(folder, environment.digest)
    if is_locked(path):
        return False
    with locked(path):
        if environment.state == "left over":
            shutil.rmtree(environment.path, ignore_errors=True)
            return True
        # Aside first: whoever starts from now on builds it again, whoever started before is seen below.
        aside = f"{environment.path}.removed{BUILDING}"
        shutil.rmtree(aside, ignore_errors=True)
        os.rename(environment.path, aside)
        if is_needed(environment.digest):
            os.rename(aside, environment.path)
            return False
        shutil.rmtree(aside, ignore_errors=True)
    return True


def _built(digest: Digest, path: str) -> Environment:
    stamp = read_stamp(path)
    if stamp is None:
        return Environment(digest, "left over", path, own_bytes=_own_bytes(path))
    damage = first_damage(path, stamp)
    return Environment(
        digest,
        "damaged" if damage else "ready",
        path,
        stamp.python,
        stamp.at,
        stamp.size_bytes,
        _own_bytes(path),
        damage,
    )


def _own_bytes(path: str) -> int:
    """Bytes of the files that have no other name: the kept wheels share all others."""
    size = 0
    for where, _, names in os.walk(path):
        for name in names:
            try:
                found = os.lstat(os.path.join(where, name))
            except FileNotFoundError:
                continue
            size += found.st_size if found.st_nlink == 1 else 0
    return size


def _lock(folder: str, digest: Digest) -> str:
    return os.path.join(folder, f"{digest}.lock")
