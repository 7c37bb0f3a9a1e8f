"""Checks the objects: which are missing, cut short, changed, of an unknown format, left over, or open to others.

Nothing is unpickled. `quick` looks for the files, `default` at their sizes too, `data` hashes every byte whatever its
stamp says.
"""

import os
import stat
import time
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from headwater.model.artifact import Ref
from headwater.model.errors import ArtifactDamaged, ArtifactMissing, FormatUnknown
from headwater.model.findings import Finding
from headwater.model.ids import Digest
from headwater.model.private_files import make_private_folder
from headwater.store.framing import unframe
from headwater.store.item_format import ITEMS_CODEC
from headwater.store.keys import digest_of_key, object_key
from headwater.store.objects import ObjectStore
from headwater.store.payload import split_payload
from headwater.store.place_disk import DiskPlace
from headwater.store.stamps import SUFFIX
from headwater.store.trees import TREE_CODEC, read_tree

Level = Literal["quick", "default", "data"]

_ASIDE = "`--repair` sets the bad file aside"
_AGAIN = f"run the task again, which writes it anew; {_ASIDE}"
#: For what is no task's: code, and the locks and wheels of environments.
_FROM_FILES = f"run or deploy the same files again, which stores them anew; {_ASIDE}"


class Reference(msgspec.Struct, frozen=True):
    """Something that needs an object."""

    #: Run, step, task and artifact: `Churn/17/train/4/model`.
    where: str
    digest: Digest
    #: False: a raw buffer or a file of a tree.
    is_root: bool = True
    #: Bytes of a raw object, where they are known.
    size: int | None = None
    #: What to do when it is missing or damaged.
    remedy: str = _AGAIN


def references_of_artifact(where: str, ref: Ref) -> Iterator[Reference]:
    """List the objects that an artifact needs (a small root is the ledger's, see `check_small`)."""
    if not ref.is_small:
        yield Reference(where, ref.digest)
    for digest in ref.buffers:
        yield Reference(where, digest, is_root=False)


def references_of_tree(objects: ObjectStore, where: str, digest: Digest) -> Iterator[Reference]:
    """List the objects that a tree of code needs; only its own when that cannot be read."""
    yield Reference(where, digest, remedy=_FROM_FILES)
    try:
        listing = read_tree(objects, digest)
    except (ArtifactMissing, ArtifactDamaged, FormatUnknown):
        return
    for path, file in listing.files.items():
        yield Reference(f"{where}:{path}", file.digest, is_root=False, size=file.size, remedy=_FROM_FILES)


def reference_of_object(where: str, digest: Digest) -> Reference:
    """Describe a raw object that a record holds, such as an environment's lock or wheel."""
    return Reference(where, digest, is_root=False, remedy=_FROM_FILES)


def check_objects(
    objects: ObjectStore,
    references: Iterable[Reference],
    *,
    level: Level = "default",
    subset: float = 1.0,
    after: Digest = "",
) -> Iterator[Finding]:
    """Check what is referred to, in the order of the digests.

    Args:
        objects: the store.
        references: all of them; one object may have several.
        level: how deep.
        subset: with `data`, the share of the objects that is hashed; the same ones for the same number.
        after: go on behind this digest.
    """
    by_digest: dict[Digest, Reference] = {}
    sizes: dict[Digest, int] = {}
    for reference in references:
        by_digest.setdefault(reference.digest, reference)
        if reference.size is not None:
            sizes[reference.digest] = reference.size
    if level != "quick":
        for reference in by_digest.values():
            if reference.is_root:
                sizes.update(_buffer_sizes(objects, reference.digest))
    for digest in sorted(by_digest):
        if digest > after:
            finding = _check_one(objects, by_digest[digest], sizes.get(digest), level, subset)
            if finding is not None:
                yield finding


def check_small(where: str, digest: Digest, stored: bytes) -> Finding | None:
    """Check the root object of a small artifact, which is a row of the ledger's database."""
    try:
        unframe(digest, memoryview(stored), "the ledger's small objects")
    except ArtifactDamaged as damaged:
        return _finding("damaged-object", where, digest, f"bytes that hash to {digest}", damaged.found)
    except FormatUnknown as unknown:
        return _unknown_format(where, digest, unknown)
    return None


def check_folder(place: DiskPlace, referred: Iterable[Digest], *, now: float | None = None) -> Iterator[Finding]:
    """Look for what is in the folder and should not be: orphans, leftovers, files that others may read or own."""
    known = set(referred)
    for key in place.keys(""):
        digest = digest_of_key(key)
        if digest is None:
            if not (key.endswith(SUFFIX) and digest_of_key(key.removesuffix(SUFFIX))):
                yield _info("foreign-file", key, "objects only", "a file of another name", "remove it if it is yours")
            continue
        try:
            found = os.lstat(place.path(key))
        except FileNotFoundError:
            continue
        if digest not in known:
            text = f"none, {found.st_size} bytes"
            yield _info("orphan-object", key, "a reference", text, "`headwater gc` removes it", digest)
        yield from _check_permissions(key, digest, found)
    at = time.time() if now is None else now
    for path, modified_at, size in place.temporaries():
        age = f"{size} bytes, {max(0, at - modified_at):.0f} s old"
        yield _info("leftover-temporary", path, "no half-written file", age, "`headwater gc` removes it")


def repair(place: DiskPlace, findings: Iterable[Finding], quarantine: str) -> list[str]:
    """Set damaged objects aside, and close what is open to others; deletes nothing.

    An object that was set aside is missing from then on; writing its value again brings it back. Gives what was done,
    a line each.
    """
    done: list[str] = []
    for finding in findings:
        path = place.path(object_key(finding.digest)) if finding.digest else ""
        if finding.kind in ("damaged-object", "wrong-size", "unknown-format") and os.path.lexists(path):
            make_private_folder(quarantine)
            os.rename(path, f"{quarantine}/{finding.digest}")
            place.delete(object_key(finding.digest) + SUFFIX)
            done.append(f"{finding.digest} set aside in {quarantine}")
        elif finding.kind == "foreign-permissions":
            os.chmod(path, 0o600)
            done.append(f"{finding.digest} closed to others")
    return done


def _check_one(
    objects: ObjectStore, reference: Reference, size: int | None, level: Level, subset: float
) -> Finding | None:
    digest, where, remedy = reference.digest, reference.where, reference.remedy
    found = objects.place.stat(object_key(digest))
    if found is None:
        return _finding("missing-object", where, digest, "an object", "none", remedy)
    if level == "quick":
        return None
    if size is not None and found.size != size:
        return _finding("wrong-size", where, digest, f"{size} bytes", f"{found.size} bytes", remedy)
    is_hashed = level == "data" and int(digest[:8], 16) < subset * (1 << 32)
    try:
        if is_hashed:
            objects.verify(digest, is_root=reference.is_root)
        elif reference.is_root:
            objects.open_unverified(digest)
    except ArtifactDamaged as damaged:
        return _finding("damaged-object", where, digest, f"bytes that hash to {digest}", damaged.found, remedy)
    except ArtifactMissing:
        return _finding("missing-object", where, digest, "an object", "none", remedy)
    except FormatUnknown as unknown:
        return _unknown_format(where, digest, unknown)
    return None


def _buffer_sizes(objects: ObjectStore, digest: Digest) -> dict[Digest, int]:
    """Say how large the buffers of an artifact are, as its root object tells; nothing when that is damaged."""
    try:
        root = objects.read_root(digest)
    except (ArtifactMissing, ArtifactDamaged, FormatUnknown):
        return {}
    if root.codec in (ITEMS_CODEC, TREE_CODEC):
        return {}
    return {entry.digest: entry.size for entry in split_payload(root.payload).entries if entry.digest is not None}


def _check_permissions(key: str, digest: Digest, found: os.stat_result) -> Iterator[Finding]:
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode):
        yield _finding(
            "foreign-file", key, digest, "a plain file", stat.filemode(found.st_mode), "look where it is from"
        )
        return
    if mode & 0o077:
        remedy = "`--repair` closes it"
        yield _finding("foreign-permissions", key, digest, "0600", f"{mode:04o}", remedy, severity="warning")
    if found.st_uid != os.geteuid():
        remedy = f"`chown` it, or run as its owner {found.st_uid}"
        expected = f"owner {os.geteuid()}"
        yield _finding("foreign-ownership", key, digest, expected, f"owner {found.st_uid}", remedy, severity="warning")


def _unknown_format(where: str, digest: Digest, unknown: FormatUnknown) -> Finding:
    return _finding("unknown-format", where, digest, "a format known here", unknown.message, unknown.hint)


def _finding(
    kind: str,
    where: str,
    digest: Digest,
    expected: str,
    found: str,
    remedy: str = _AGAIN,
    *,
    severity: Literal["warning", "error"] = "error",
) -> Finding:
    return Finding(kind, where, expected, found, remedy, severity, digest)


def _info(kind: str, where: str, expected: str, found: str, remedy: str, digest: Digest = "") -> Finding:
    return Finding(kind, where, expected, found, remedy, "info", digest)
