"""Removes objects that nothing refers to: listed, moved to a trash folder, looked at again, and deleted after a grace.

A writer that relies on an object which is there already touches it first. So what is newer than the oldest live run is
spared, and what was touched or referred to between the listing and the move is put back.
"""

import os
from collections.abc import Callable, Iterable

import msgspec

from headwater.model.failpoints import failpoint
from headwater.model.ids import Digest
from headwater.model.ports import Place
from headwater.model.private_files import make_private_folder
from headwater.store.keys import digest_of_key, object_key
from headwater.store.place_disk import DiskPlace
from headwater.store.stamps import SUFFIX


class SweepEntry(msgspec.Struct, frozen=True):
    """An object that nothing refers to."""

    digest: Digest
    size: int
    #: Unix time of the last write or touch.
    modified_at: float


class SweepPlan(msgspec.Struct, frozen=True):
    """What a sweep would do."""

    #: By digest.
    listing: tuple[SweepEntry, ...]
    #: Half-written files that a killed process left: paths.
    temporaries: tuple[str, ...]
    #: What the disk gets back.
    bytes: int
    #: Nothing newer is touched; Unix time.
    spare_newer_than: float
    #: Objects that are referred to, and those that nothing refers to but that are too new.
    kept: int
    spared: int


class Swept(msgspec.Struct, frozen=True):
    """What a sweep did."""

    moved: tuple[SweepEntry, ...]
    #: Somebody began to use them meanwhile: they are back.
    put_back: tuple[Digest, ...]
    temporaries: int


def plan_sweep(place: Place, reachable: Iterable[Digest], spare_newer_than: float) -> SweepPlan:
    """List what nothing refers to, and what of it is old enough; changes nothing.

    Args:
        place: where the objects are.
        reachable: every object that a run, a tree or a table of contents refers to, roots and buffers alike.
        spare_newer_than: start of the oldest live run, or earlier: nobody may be at work on something that is older and
            that nothing holds yet.
    """
    needed = set(reachable)
    entries: list[SweepEntry] = []
    kept = spared = 0
    for key in place.keys(""):
        digest = digest_of_key(key)
        found = None if digest is None else place.stat(key)
        if digest is None or found is None:
            continue
        if digest in needed:
            kept += 1
        elif found.modified_at >= spare_newer_than:
            spared += 1
        else:
            entries.append(SweepEntry(digest, found.size, found.modified_at))
    old = [
        (path, size)
        for path, modified_at, size in (place.temporaries() if isinstance(place, DiskPlace) else ())
        if modified_at < spare_newer_than
    ]
    return SweepPlan(
        listing=tuple(entries),
        temporaries=tuple(path for path, _ in old),
        bytes=sum(entry.size for entry in entries) + sum(size for _, size in old),
        spare_newer_than=spare_newer_than,
        kept=kept,
        spared=spared,
    )


def sweep(place: DiskPlace, plan: SweepPlan, reachable: Callable[[], Iterable[Digest]], trash: str) -> Swept:
    """Move what the plan lists to the trash, then put back what somebody has begun to use.

    Safe to be killed at any point: `put_back_from_trash` at the next sweep finds what should not be there.

    Args:
        place: where the objects are.
        plan: what `plan_sweep` gave.
        reachable: asked after the move.
        trash: a folder on the same disk.
    """
    make_private_folder(trash)
    moved = [entry for entry in plan.listing if _move(place, entry, plan.spare_newer_than, trash)]
    failpoint("store.after_move_to_trash")
    put_back = put_back_from_trash(place, reachable(), plan.spare_newer_than, trash)
    for path in plan.temporaries:
        _unlink(path)
    returned = set(put_back)
    return Swept(tuple(entry for entry in moved if entry.digest not in returned), put_back, len(plan.temporaries))


def put_back_from_trash(
    place: DiskPlace, reachable: Iterable[Digest], spare_newer_than: float, trash: str
) -> tuple[Digest, ...]:
    """Put back what is referred to, or was touched after the listing."""
    needed = set(reachable)
    back: list[Digest] = []
    for digest in _in_trash(trash):
        path = f"{trash}/{digest}"
        if digest in needed or os.stat(path).st_mtime >= spare_newer_than:
            _link(path, place.path(object_key(digest)))
            _unlink(path)
            back.append(digest)
    return tuple(back)


def empty_trash(trash: str, older_than: float) -> int:
    """Delete what was moved there before a Unix time; gives the bytes."""
    freed = 0
    for digest in _in_trash(trash):
        path = f"{trash}/{digest}"
        found = os.stat(path)
        # A move sets the ctime, and nothing can set it back.
        if found.st_ctime < older_than:
            _unlink(path)
            freed += found.st_size
    return freed


def _move(place: DiskPlace, entry: SweepEntry, spare_newer_than: float, trash: str) -> bool:
    key = object_key(entry.digest)
    found = place.stat(key)
    if found is None or found.modified_at >= spare_newer_than:
        return False
    failpoint("store.before_move_to_trash")
    try:
        os.rename(place.path(key), f"{trash}/{entry.digest}")
    except FileNotFoundError:
        return False
    place.delete(key + SUFFIX)
    return True


def _link(source: str, target: str) -> None:
    """Give a file a second name, unless there is a file already: that one was written anew and is as good."""
    try:
        os.link(source, target)
    except FileExistsError:
        return


def _in_trash(trash: str) -> list[Digest]:
    try:
        names = sorted(os.listdir(trash))
    except FileNotFoundError:
        return []
    return [name for name in names if digest_of_key(f"{name[:2]}/{name}") is not None]


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
