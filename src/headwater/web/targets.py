"""The parts of addresses that name deployments and services, and how they are found for somebody."""

from typing import Annotated

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.hosting.versions import require_service
from headwater.model.deployment import AliasState
from headwater.model.errors import DeploymentRefused, NotFound
from headwater.web.asked import Asked
from headwater.web.scope.visible import Projects, project_of_name

#: `Churn@production`, `fraud.Churn@user.ann`.
TargetName = Annotated[str, msgspec.Meta(min_length=3, max_length=400)]
#: `Sentiment`.
ServiceName = Annotated[str, msgspec.Meta(min_length=1, max_length=260, pattern=r"^[A-Za-z0-9_.-]+$")]
#: Of a deployment or version.
Number = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
#: Why something is done: kept with the change.
Reason = Annotated[str, msgspec.Meta(max_length=2000)]
#: The production token of somebody else's deployment; in bodies only, never in an address.
GivenToken = Annotated[str, msgspec.Meta(max_length=500)]


class TargetPath(msgspec.Struct, frozen=True):
    """`Churn@production`."""

    target: TargetName


class TargetVersionPath(msgspec.Struct, frozen=True):
    """Deployment 3 of the flow of `Churn@production`."""

    target: TargetName
    number: Number


class ServicePath(msgspec.Struct, frozen=True):
    """`Sentiment`."""

    service: ServiceName


class ServiceVersionPath(msgspec.Struct, frozen=True):
    """Version 3 of `Sentiment`."""

    service: ServiceName
    number: Number


class ServiceEndpointPath(msgspec.Struct, frozen=True):
    """The endpoint `score` of `Sentiment`."""

    service: ServiceName
    endpoint: Annotated[str, msgspec.Meta(max_length=128, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class PredictionPath(msgspec.Struct, frozen=True):
    """A logged prediction of `Sentiment`."""

    service: ServiceName
    prediction: Annotated[str, msgspec.Meta(max_length=100)]


#: Whatever names an alias.
OfTarget = TargetPath | TargetVersionPath
#: Whatever names a service.
OfService = ServicePath | ServiceVersionPath | ServiceEndpointPath | PredictionPath


def project_of_target(asked: Asked, at: OfTarget) -> str:
    """Give the project in the name of an alias, whether or not there is one of that name."""
    return project_of_name(at.target)


def project_of_service(asked: Asked, at: OfService) -> str:
    """Give the project of a service: that of the run that it answers from; empty where the caller sees none."""
    return Projects(asked.ledger).of_service(at.service)


def find_alias(asked: Asked, target: str) -> AliasState:
    """Find an alias that names a deployment, or waits to.

    Raises:
        NotFound: there is none that the caller may know of, or the text is no name of one.
    """
    try:
        return Aliases(asked.ledger).require(target)
    except DeploymentRefused as refused:
        raise NotFound(refused.message, hint=refused.hint) from refused


def find_service(asked: Asked, service: str) -> AliasState:
    """Find a service that is deployed; raises NotFound."""
    return require_service(asked.ledger, service)
