"""Versions of services as the ledger keeps them, and the alias that says which one is live."""

from collections.abc import Iterator

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.names import PRODUCTION
from headwater.model.deployment import AliasState
from headwater.model.errors import NotFound
from headwater.model.nearest import did_you_mean
from headwater.model.ports import Ledger
from headwater.model.records import Held, Record
from headwater.model.service import DeployedVersion

#: Kinds of their records.
VERSION = "version"
SERVICE = "service"
_PAGE = 500


def service_aliases(ledger: Ledger) -> Aliases:
    """Give the aliases of services: `Sentiment@production` names the live version."""
    return Aliases(ledger, SERVICE)


def target_of(service: str) -> str:
    """Give the alias of a service's live version."""
    return f"{service}@{PRODUCTION}"


def service_name(text: str) -> str:
    """Give the service that `Sentiment`, `Sentiment@production` or `Sentiment/3` names."""
    return text.partition("@")[0].partition("/")[0]


def require_service(ledger: Ledger, text: str) -> AliasState:
    """Give where a service stands.

    Raises:
        NotFound: no service of that name is deployed; names near ones.
    """
    name = service_name(text)
    state = service_aliases(ledger).get(target_of(name))
    if state is None or state.deployment is None:
        known = [each.name for each in service_aliases(ledger).all()]
        hint = did_you_mean(name, known, what="Services") or "headwater deploy SERVICE.py deploys one"
        raise NotFound(f"no service `{name}` is deployed", choices=known, hint=hint)
    return state


def find_version(ledger: Ledger, service: str, number: int) -> DeployedVersion:
    """Find version 3 of `Sentiment`.

    Raises:
        NotFound: there is none.
    """
    record = ledger.record(VERSION, f"{service}/{number}")
    if record is None:
        numbers = [str(each.number) for each in list_versions(ledger, service)]
        hint = f"there are {', '.join(numbers[-10:])}" if numbers else "headwater deploy SERVICE.py deploys one"
        raise NotFound(f"{service} has no version {number}", choices=numbers, hint=hint)
    return _decode(record)


def list_versions(ledger: Ledger, service: str) -> list[DeployedVersion]:
    """Give the versions of a service, by number."""
    return sorted((_decode(record) for record in _records(ledger, f"{service}/")), key=lambda each: each.number)


def next_number(ledger: Ledger, service: str) -> int:
    """Give the number of the next version of a service."""
    numbers = [int(record.key.rpartition("/")[2]) for record in _records(ledger, f"{service}/")]
    return max(numbers, default=0) + 1


def record_of(deployed: DeployedVersion) -> Record:
    """Give a version's record; it holds everything that its processes need."""
    version = deployed.version
    holder = f"{deployed.service}, version {deployed.number}"
    holds = [Held(f"{holder}: artifact {name}", ref=ref) for name, ref in sorted(version.artifacts.items())]
    if version.code.tree is not None:
        holds.insert(0, Held(f"{holder}: code", tree=version.code.tree))
    if deployed.lock is not None:
        holds.append(Held(f"{holder}: environment", object=deployed.lock))
    body = msgspec.Raw(msgspec.json.encode(deployed))
    return Record(VERSION, f"{deployed.service}/{deployed.number}", 1, deployed.at, body, tuple(holds))


def _records(ledger: Ledger, prefix: str) -> Iterator[Record]:
    after = ""
    while page := ledger.records(VERSION, prefix=prefix, after=after, limit=_PAGE):
        yield from page
        after = page[-1].key


def _decode(record: Record) -> DeployedVersion:
    return msgspec.json.decode(record.body, type=DeployedVersion)
