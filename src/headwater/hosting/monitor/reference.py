"""Reads the reference artifact of a version, in a process of its environment, and learns the profile from it."""

import os
import signal
import subprocess

import msgspec

from headwater.home import Home
from headwater.hosting.deploying import laid_out, worker_of
from headwater.hosting.monitor.columns import Row
from headwater.hosting.monitor.profile import Profile, learn_profile
from headwater.hosting.monitor.reference_program import Sampled
from headwater.model.errors import HeadwaterError, VersionConflict
from headwater.model.ports import Ledger
from headwater.model.records import Record
from headwater.model.service import DeployedVersion, ServiceVersion

#: Kind of the records of profiles; key `<service>/<number>`.
PROFILE = "profile"
_PROGRAM = "headwater.hosting.monitor.reference_program"
#: Seconds that loading the reference may take.
_SECONDS = 120.0


class NoReference(HeadwaterError):
    """The reference of a version could not be used; normal input is learned from requests instead."""


def profile_of(ledger: Ledger, service: str, number: int) -> Profile | None:
    """Give the profile of a version; None while there is none."""
    record = ledger.record(PROFILE, f"{service}/{number}")
    return None if record is None else msgspec.json.decode(record.body, type=Profile)


def keep_profile(
    ledger: Ledger, deployed: DeployedVersion, profile: Profile, at: float, *, is_instead: bool = False
) -> Profile:
    """Keep the profile of a version, and give the one that is kept: the first one stays.

    Args:
        ledger: where it goes.
        deployed: the version.
        profile: what normal input looks like.
        at: now, Unix time.
        is_instead: it takes the place of the one that is there, which turned out to be of no use.
    """
    key = f"{deployed.service}/{deployed.number}"
    body = msgspec.Raw(msgspec.json.encode(profile))
    latest = ledger.record(PROFILE, key) if is_instead else None
    try:
        ledger.write_records([Record(PROFILE, key, 1 if latest is None else latest.version + 1, at, body)])
    except VersionConflict:
        kept = profile_of(ledger, deployed.service, deployed.number)
        assert kept is not None
        return kept
    return profile


def profile_version(home: Home, deployed: DeployedVersion, at: float) -> Profile:
    """Give the profile of a version; learns it from the reference when there is none yet.

    Raises:
        NoReference: the version has none, or its values are no rows; says why.
    """
    known = profile_of(home.ledger, deployed.service, deployed.number)
    return known or keep_profile(home.ledger, deployed, read_reference(home, deployed), at)


def read_reference(home: Home, deployed: DeployedVersion) -> Profile:
    """Learn the profile of a version from its reference.

    Raises:
        NoReference: it has none, or its values are no rows; says why.
    """
    version = deployed.version
    name = version.definition.reference
    if name is None:
        raise NoReference(f"{deployed.service} names no reference")
    if name not in version.artifacts:
        raise NoReference(f"{version.run or deployed.service} has no artifact `{name}`")
    try:
        command, environ = worker_of(home, deployed)
        sampled = _sample(laid_out(home, deployed), [*command[:-1], _PROGRAM], dict(environ))
    except (HeadwaterError, OSError) as error:
        raise NoReference(f"artifact `{name}` could not be read: {error}") from error
    if sampled.problem:
        raise NoReference(f"artifact `{name}` {sampled.problem}")
    rows: list[Row] = sampled.rows
    return learn_profile(rows, f"{name} of {version.run}")


def _sample(version: ServiceVersion, command: list[str], environ: dict[str, str]) -> Sampled:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environ,
        start_new_session=True,
    )
    try:
        told, _ = process.communicate(msgspec.json.encode(version), timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Sampled([], f"took more than {_SECONDS:g} s to load")
    if process.returncode or not told:
        return Sampled([], f"could not be loaded: its process ended with code {process.returncode}")
    return msgspec.json.decode(told, type=Sampled)
