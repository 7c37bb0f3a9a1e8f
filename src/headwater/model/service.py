"""A compiled service: its endpoints with their types as JSON schemas, what it serves from, how versions roll out."""

from typing import Literal

import msgspec

from headwater.model.artifact import Ref
from headwater.model.ids import Digest
from headwater.model.order import CodeSource
from headwater.model.packages import PackageSet


class Rollout(msgspec.Struct, frozen=True, omit_defaults=True):
    """`Canary(...)`: how a new version takes over from the live one."""

    #: How long it answers beside the live one without being heard, in seconds.
    shadow_seconds: float = 0
    #: Shares of the traffic in percent, one after the other; empty = all at once.
    steps: tuple[float, ...] = ()
    #: Requests to the candidate before a share is judged.
    min_requests: int = 1000
    #: What follows when the numbers do not decide.
    on_inconclusive: Literal["hold", "promote", "rollback"] = "hold"
    #: Header whose value keeps a caller with one version; None = each request is drawn by itself.
    sticky_by: str | None = None
    #: By how much the candidate's share of failed (or refused) requests may be above the live version's: 0.01 = 1 %.
    max_more_errors: float = 0.01
    #: How many times as slow it may be.
    max_slower: float = 1.25
    #: How far the distribution of its answers may be from the live version's, 0 to 1; None = it is only shown.
    max_shift: float | None = None
    #: Seconds that a share may take; then the numbers are inconclusive.
    step_seconds: float = 86400


class TensorSpec(msgspec.Struct, frozen=True):
    """A tensor of the Open Inference Protocol."""

    name: str
    datatype: str
    #: -1 = any length.
    shape: tuple[int, ...]


class EndpointSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """One endpoint as callers see it."""

    name: str
    doc: str
    #: JSON schema of the request's body: an object with a property a parameter.
    takes: msgspec.Raw
    #: JSON schema of the answer.
    gives: msgspec.Raw
    #: Schemas that both refer to, by name.
    definitions: dict[str, msgspec.Raw] = {}
    #: The same as tensors; empty where only the data says (a frame's columns).
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    #: How many calls are gathered into one at most; None = each call by itself.
    batch: int | None = None
    #: How long the first of a batch waits for others, in milliseconds.
    within_ms: float = 0
    #: Seconds after which a call is given up.
    timeout_seconds: float = 30.0
    #: A call whose worker died under it goes to another one, once.
    repeats: bool = True


class LogOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is logged of a service's answers."""

    #: Share of the requests, from 0 (none) to 1.
    share: float = 1.0
    #: Fields of requests and answers whose values are not kept, at any depth.
    mask: tuple[str, ...] = ()
    #: Bytes that the log may take; the oldest go first.
    budget_bytes: int = 1 << 30


class MonitorOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """How requests are compared with what the model learned from."""

    #: So many false alarms a month are allowed, on average; 0 = nobody is told.
    false_alarms: float = 1.0
    #: Requests from which normal input is learned when the service names no reference.
    learn_from: int = 1000


class ServiceDefinition(msgspec.Struct, frozen=True, omit_defaults=True):
    """A compiled service."""

    service: str
    #: Path of its file below the code root, and the line of the class.
    file: str
    line: int
    module: str
    endpoints: dict[str, EndpointSpec]
    doc: str = ""
    #: Whose artifacts: `SentimentFlow`, `SentimentFlow@production`, `SentimentFlow/17`; None = it needs none.
    source: str | None = None
    #: Each new successful run of the source becomes a candidate version.
    follow: bool = False
    #: Artifact that says what normal input looks like.
    reference: str | None = None
    rollout: Rollout = Rollout()
    #: Names of the methods that must pass before a version takes traffic, in the order written.
    audits: tuple[str, ...] = ()
    #: What is logged of its answers.
    log: LogOptions = LogOptions()
    #: How its requests are watched.
    monitor: MonitorOptions = MonitorOptions()
    #: Packages that it runs with; None = the interpreter that serves or deploys it.
    packages: PackageSet | None = None


class ServiceVersion(msgspec.Struct, frozen=True, omit_defaults=True):
    """A service put to work: its code and the artifacts that it answers from; plain data that any process can load."""

    definition: ServiceDefinition
    code: CodeSource
    #: Folder of store and ledger.
    home: str
    #: From 1; 0 = it was never deployed (`headwater serve`).
    number: int = 0
    #: `SentimentFlow/17`; None = the service has no source.
    run: str | None = None
    #: All artifacts of that run's last task, and its parameters.
    artifacts: dict[str, Ref] = {}
    user: str = ""
    #: A request for each endpoint that fits what the reference artifact holds; none where it does not fit.
    examples: dict[str, msgspec.Raw] = {}

    @property
    def name(self) -> str:
        """`Sentiment/3`; `Sentiment/0` when it was never deployed."""
        return f"{self.definition.service}/{self.number}"


class AuditResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an audit of a version came to."""

    name: str
    is_passed: bool
    seconds: float = 0.0
    #: What it raised, when it did not pass.
    message: str = ""


class DeployedVersion(msgspec.Struct, frozen=True, omit_defaults=True):
    """A version as it was deployed, never changed; record kind `version`, key `<service>/<number>`."""

    id: str
    version: ServiceVersion
    #: What `digest` is worked out from, hashed: two versions with the same one answer the same.
    digest: Digest
    at: float
    user: str
    host: str
    audits: tuple[AuditResult, ...] = ()
    #: Object of the lock of its environment; None = the interpreter below.
    lock: Digest | None = None
    #: Interpreter that deployed it, and its packages.
    python: str = ""
    environment: dict[str, str] = {}
    #: Files of its package, and their bytes.
    files: int = 0
    size_bytes: int = 0
    note: str = ""
    kind: str = "service_version"
    v: int = 1

    @property
    def service(self) -> str:
        """Name of the service."""
        return self.version.definition.service

    @property
    def number(self) -> int:
        """From 1, per service."""
        return self.version.number
