"""Locks: read from what uv prints, written for what uv reads, kept as objects of the store."""

from collections.abc import Iterator, Mapping

import msgspec

from headwater.model.errors import EnvironmentMistake, FormatUnknown
from headwater.model.ids import Digest
from headwater.model.packages import EnvironmentLock, LockedPackage
from headwater.store.framing import hash_bytes
from headwater.store.objects import ObjectStore

#: Newest version of a lock that is understood.
VERSION = 1


class _Head(msgspec.Struct):
    kind: str = ""
    v: int = 0


def encode_lock(lock: EnvironmentLock) -> bytes:
    """Give a lock's bytes; the same for equal locks."""
    ordered = msgspec.structs.replace(lock, packages=dict(sorted(lock.packages.items())))
    return msgspec.json.encode({"kind": lock.kind, "v": lock.v, **msgspec.to_builtins(ordered)})


def decode_lock(text: bytes | memoryview) -> EnvironmentLock:
    """Read a lock's bytes.

    Raises:
        FormatUnknown: a newer Headwater wrote it.
    """
    head = msgspec.json.decode(text, type=_Head)
    if head.v > VERSION:
        raise FormatUnknown(f"a lock of version {head.v} is newer than this Headwater", hint="pip install -U headwater")
    return msgspec.json.decode(text, type=EnvironmentLock)


def lock_digest(lock: EnvironmentLock) -> Digest:
    """Give the digest under which a lock is kept."""
    return hash_bytes(encode_lock(lock))


def save_lock(objects: ObjectStore, lock: EnvironmentLock) -> Digest:
    """Keep a lock as an object and give its digest."""
    return objects.put_raw([encode_lock(lock)])


def read_lock(objects: ObjectStore, digest: Digest) -> EnvironmentLock:
    """Read a lock that is kept.

    Raises:
        ArtifactMissing, ArtifactDamaged: it is not there, or not as it was written.
        FormatUnknown: a newer Headwater wrote it.
    """
    return decode_lock(objects.map_raw(digest))


def parse_requirements(text: str) -> dict[str, LockedPackage]:
    """Read the packages of a requirements file with hashes, as uv writes it.

    Raises:
        EnvironmentMistake: a package has no hash: it could be anything when it is installed.
    """
    packages = dict(_package(words) for words in _entries(text))
    without = [name for name, package in packages.items() if not package.hashes]
    if without:
        raise EnvironmentMistake(
            f"no hash can be kept for {', '.join(f'`{name}`' for name in without)}",
            hint="ask for a release of it, or for the address of a wheel (`@ https://.../name-1.0-py3-none-any.whl`)",
        )
    return packages


def with_hashes_of(packages: Mapping[str, LockedPackage], text: str) -> dict[str, LockedPackage]:
    """Give packages with the hashes that another requirements file has for their versions, where it has some."""
    hashes: dict[tuple[str, str], tuple[str, ...]] = {}
    for name, package in map(_package, _entries(text)):
        key = name, package.url or package.version
        hashes[key] = (*hashes.get(key, ()), *package.hashes)
    return {
        name: msgspec.structs.replace(package, hashes=tuple(sorted(set(known))))
        if (known := hashes.get((name, package.url or package.version)))
        else package
        for name, package in packages.items()
    }


def requirements_of(lock: EnvironmentLock) -> str:
    """Write a lock as the requirements file that uv installs from, each package with its hashes."""
    lines = []
    for name, package in sorted(lock.packages.items()):
        pinned = f"{name} @ {package.url}" if package.url else f"{name}=={package.version}"
        lines.append(" \\\n".join([pinned, *(f"    --hash={one}" for one in package.hashes)]))
    return "\n".join(lines) + "\n"


def _entries(text: str) -> Iterator[list[str]]:
    """Yield the words of each requirement, its continuation lines joined."""
    for line in text.replace("\\\n", " ").splitlines():
        words = line.split()
        if words and not words[0].startswith(("#", "-")):
            yield words


def _package(words: list[str]) -> tuple[str, LockedPackage]:
    hashes = tuple(sorted(word.removeprefix("--hash=") for word in words if word.startswith("--hash=")))
    if len(words) > 2 and words[1] == "@":
        return words[0], LockedPackage(version="", hashes=hashes, url=words[2])
    name, _, version = words[0].partition("==")
    return name, LockedPackage(version=version, hashes=hashes)
