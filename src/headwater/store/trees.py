"""Trees of files: the code of a run, saved under one digest and laid out again elsewhere."""

import os
import stat
from collections.abc import Iterator, Mapping

import msgspec

from headwater.model.errors import ArtifactDamaged, UserMistake
from headwater.model.ids import Digest
from headwater.model.private_files import make_private_folder
from headwater.store.framing import frame, hash_bytes, root_digest
from headwater.store.ignore_files import IgnoreRules, rules_above
from headwater.store.objects import Blob, ObjectStore
from headwater.store.tree_cache import TreeCache
from headwater.store.tree_rules import (
    LeftOut,
    holds_key,
    leads_out,
    why_left_out_file,
    why_left_out_folder,
    why_left_out_name,
)

TREE_CODEC = "tree/1"
#: What a tree holds at most; a flow's file may lie in a folder that is no project at all.
_MOST_FILES = 3000
_MOST_BYTES = 64 << 20
_MOST_ENTRIES = 30_000
#: The same of a package, which holds data too.
_MOST_PACKAGED_FILES = 10_000
_MOST_PACKAGED_BYTES = 256 << 20
#: Contents that wait to be written together.
_MOST_WAITING_BYTES = 64 << 20


class TreeFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file of a tree."""

    #: BLAKE3 of its bytes; also the key of the raw object that holds them.
    digest: Digest
    size: int
    is_executable: bool = False


class Listing(msgspec.Struct, frozen=True):
    """What the root object of a tree holds, as JSON."""

    #: By path below the root, with forward slashes, sorted.
    files: dict[str, TreeFile]
    kind: str = "tree"
    v: int = 1


class Tree(msgspec.Struct, frozen=True):
    """A saved tree."""

    digest: Digest
    #: Digest of each file's bytes, by path below the root.
    files: dict[str, Digest]
    #: What was not saved, and why.
    left_out: tuple[LeftOut, ...] = ()
    #: Bytes of each file, by path.
    sizes: dict[str, int] = {}

    @property
    def total_bytes(self) -> int:
        """Bytes of all files."""
        return sum(self.sizes.values())


def save_tree(objects: ObjectStore, root: str, *, cache_folder: str | None = None, with_data: bool = False) -> Tree:
    """Save the code and small text files below a folder; durable on return.

    Left out: hidden files, virtual environments, caches, what looks like a secret, what ignore files name, links that
    lead out, binary and large files (see `tree_rules.py`, `ignore_files.py`). `cache_folder` keeps digests of files
    that have not changed since the last time. `with_data` saves binary and data files as well, as a package that runs
    away from its folder needs them.

    Raises:
        UserMistake: the folder cannot be read.
        DiskFull: names path, needed and free.
    """
    root = os.path.realpath(root)
    # What is known of a file with data must not let it into a tree without.
    cache = TreeCache(cache_folder, f"{root}\0data" if with_data else root)
    most_files = _MOST_PACKAGED_FILES if with_data else _MOST_FILES
    most_bytes = _MOST_PACKAGED_BYTES if with_data else _MOST_BYTES
    left_out: list[LeftOut] = []
    files: dict[str, TreeFile] = {}
    blobs: list[Blob] = []
    total = waiting = 0
    for path in _candidates(root, cache, left_out):
        if len(files) >= most_files or total >= most_bytes:
            reason = f"a tree holds at most {most_files} files and {most_bytes >> 20} MiB"
            left_out.append(LeftOut(path, reason, is_beyond_limit=True))
            continue
        taken = _take(objects, root, path, cache, left_out, with_data=with_data)
        if taken is not None:
            files[path], blob = taken
            total += files[path].size
            if blob is not None:
                blobs.append(blob)
                waiting += files[path].size
        if waiting > _MOST_WAITING_BYTES:
            objects.put_many(blobs)
            blobs, waiting = [], 0
    listing = [msgspec.json.encode(Listing(dict(sorted(files.items()))))]
    digest = root_digest(TREE_CODEC, listing)
    objects.put_many([*blobs, Blob(digest, frame(TREE_CODEC, listing), is_root=True)])
    cache.keep()
    return Tree(
        digest,
        {path: file.digest for path, file in files.items()},
        tuple(left_out),
        {path: file.size for path, file in files.items()},
    )


def read_tree(objects: ObjectStore, digest: Digest) -> Listing:
    """Give what a tree holds.

    Raises:
        ArtifactMissing, ArtifactDamaged, FormatUnknown: it cannot be read.
    """
    root = objects.read_root(digest)
    if root.codec != TREE_CODEC:
        raise ArtifactDamaged(digest, "the store", f"it holds {root.codec}, not {TREE_CODEC}")
    return msgspec.json.decode(root.payload, type=Listing)


def read_listing(objects: ObjectStore, digest: Digest) -> dict[str, Digest]:
    """Give the digest of each file of a tree by path; raises as `read_tree`."""
    return {path: file.digest for path, file in read_tree(objects, digest).files.items()}


def objects_of_tree(objects: ObjectStore, digest: Digest) -> Iterator[Digest]:
    """List the objects that a tree needs, its own first; raises as `read_tree`."""
    yield digest
    yield from dict.fromkeys(read_listing(objects, digest).values())


def read_tree_file(objects: ObjectStore, digest: Digest, path: str) -> bytes:
    """Give one file of a tree.

    Raises:
        KeyError: the tree has no such file.
        ArtifactMissing, ArtifactDamaged, FormatUnknown: it cannot be read.
    """
    return bytes(objects.map_raw(read_tree(objects, digest).files[path].digest))


def materialise(objects: ObjectStore, digest: Digest, folder: str) -> None:
    """Lay a tree out in a new folder, which appears whole or not at all; does nothing when it is there already.

    Every file is verified; no path leaves the folder, no link is made or followed.

    Raises:
        ArtifactDamaged: an object, or a path of the listing, is not what was saved.
        ArtifactMissing: an object is not there.
    """
    if os.path.isdir(folder):
        return
    listing = read_tree(objects, digest)
    building = f"{folder}.{os.getpid()}-{os.urandom(4).hex()}"
    make_private_folder(building)
    try:
        _lay_out(objects, digest, listing.files, building)
        os.rename(building, folder)
    except FileExistsError:
        _remove(building)
    except OSError:
        _remove(building)
        if not os.path.isdir(folder):  # else another process was faster
            raise
    except BaseException:
        _remove(building)
        raise


def verify_tree(objects: ObjectStore, digest: Digest, folder: str, *, cache_folder: str | None = None) -> list[str]:
    """Compare a tree that was laid out with what was saved; gives what differs, by path: `flow.py is changed`.

    Also found: files that are missing, and further ones that Python could import or a program read; what Python itself
    writes (`__pycache__`) is left aside. Links count as changed. `cache_folder` keeps the digests of files that were
    seen before, so that files which are the same on the disk are not read again.

    Raises:
        ArtifactMissing, ArtifactDamaged, FormatUnknown: the tree itself cannot be read.
    """
    files = read_tree(objects, digest).files
    cache = TreeCache(cache_folder, folder)
    found = [f"{path} {wrong}" for path, file in files.items() if (wrong := _wrong(folder, path, file, cache))]
    found += [f"{path} was added" for path in _files_below(folder) if path not in files]
    cache.keep()
    return sorted(found)


def _wrong(folder: str, path: str, file: TreeFile, cache: TreeCache) -> str:
    full = f"{folder}/{path}"
    try:
        found = os.lstat(full)
        if not stat.S_ISREG(found.st_mode) or found.st_size != file.size:
            return "is changed"
        if bool(found.st_mode & stat.S_IXUSR) != file.is_executable:
            return "is changed: it may be executed" if not file.is_executable else "is changed: it cannot be executed"
        digest = cache.digest(path, found)
        if digest is None:
            with open(full, "rb") as opened:
                digest = hash_bytes(opened.read())
            cache.note(path, found, digest)
        return "" if digest == file.digest else "is changed"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _files_below(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        # Links to folders are listed as folders, and not followed.
        links = [name for name in folders if os.path.islink(f"{parent}/{name}")]
        folders[:] = [name for name in folders if name != "__pycache__"]
        prefix = f"{parent[len(folder) + 1 :]}/".lstrip("/")
        yield from (f"{prefix}{name}" for name in [*names, *links])


def _lay_out(objects: ObjectStore, digest: Digest, files: Mapping[str, TreeFile], folder: str) -> None:
    for path, file in files.items():
        if not _is_safe(path):
            raise ArtifactDamaged(digest, "the store", f"its path {path!r} leaves the tree")
        target = f"{folder}/{path}"
        parent = os.path.dirname(target)
        # Python would make the folder of what it compiles as open as the umask of a user's step leaves it.
        make_private_folder(f"{parent}/__pycache__" if path.endswith(".py") else parent)
        mode = 0o700 if file.is_executable else 0o600
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with open(descriptor, "wb") as opened:
            opened.write(objects.map_raw(file.digest))


def _is_safe(path: str) -> bool:
    return "\0" not in path and all(part not in ("", ".", "..") for part in path.split("/"))


def _remove(folder: str) -> None:
    for parent, folders, names in os.walk(folder, topdown=False):
        for name in names:
            os.unlink(f"{parent}/{name}")
        for name in folders:
            os.rmdir(f"{parent}/{name}")
    os.rmdir(folder)


def _candidates(root: str, cache: TreeCache, left_out: list[LeftOut]) -> Iterator[str]:
    """List the files that the names allow, those nearest to the root first."""
    looked_at = 0
    level = [("", rules_above(root))]
    while level:
        below: list[tuple[str, IgnoreRules]] = []
        for folder, inherited in level:
            entries = _entries(root, folder)
            rules = inherited.and_those_of(root, folder, [entry.name for entry in entries])
            for entry in entries:
                looked_at += 1
                if looked_at > _MOST_ENTRIES:
                    limit = f"more than {_MOST_ENTRIES} files lie below the root"
                    left_out.append(LeftOut(folder or ".", limit, is_beyond_limit=True))
                    return
                is_folder = entry.is_dir(follow_symlinks=False)
                path = f"{folder}{entry.name}/" if is_folder else f"{folder}{entry.name}"
                reason = why_left_out_folder(entry.path, entry.name) if is_folder else why_left_out_name(entry.name)
                reason = reason or (cache.why_ignored(path, rules) if rules.digest else None)
                if reason:
                    left_out.append(LeftOut(path, reason))
                elif entry.is_symlink() and leads_out(root, path):
                    left_out.append(LeftOut(path, "a link that leads out of the folder", leads_out=True))
                elif is_folder:
                    below.append((path, rules))
                else:
                    yield path
        level = below


def _entries(root: str, folder: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(f"{root}/{folder}") as listing:
            return sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        if folder:
            return []
        raise UserMistake(f"{root} cannot be read: {error.strerror}", hint="is it the folder of your flow?") from error


def _take(
    objects: ObjectStore, root: str, path: str, cache: TreeCache, left_out: list[LeftOut], *, with_data: bool
) -> tuple[TreeFile, Blob | None] | None:
    """Read a file, unless the cache and the store have it; None when it is left out."""
    full = f"{root}/{path}"
    try:
        found = os.stat(full)
        reason = why_left_out_file(path.rpartition("/")[2], found, with_data=with_data)
        if reason is not None:
            left_out.append(LeftOut(path, reason))
            return None
        is_executable = bool(found.st_mode & stat.S_IXUSR)
        known = cache.digest(path, found)
        if known is not None and objects.renew(known):
            return TreeFile(known, found.st_size, is_executable), None
        with open(full, "rb") as file:
            # As far as it went when it was looked at: a log that somebody writes meanwhile may never end.
            content = file.read(found.st_size)
    except OSError as error:
        left_out.append(LeftOut(path, f"it cannot be read: {error.strerror}"))
        return None
    if not with_data and not path.endswith(".py") and not _is_text(content):
        left_out.append(LeftOut(path, "not text"))
        return None
    if not path.endswith(".py") and holds_key(content):
        left_out.append(LeftOut(path, "holds a private key"))
        return None
    digest = hash_bytes(content)
    cache.note(path, found, digest)
    return TreeFile(digest, len(content), is_executable), Blob(digest, [content], is_root=False)


def _is_text(content: bytes) -> bool:
    if b"\0" in content[:8192]:
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
