"""Why a run of a deployment was started, and the record that a slot, event or request was dealt with."""

from typing import Literal

import msgspec

from headwater.model.ids import RunId

#: Who asked for a run.
TriggerKind = Literal["schedule", "event", "finish", "backfill", "person", "retry", "shadow"]


class TriggerEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event that a run was started for: one of `current.trigger.events`."""

    id: str
    name: str
    at: float
    #: `event`: somebody published it; `run`: a run finished.
    type: Literal["event", "run"] = "event"
    payload: dict[str, msgspec.Raw] = {}
    #: `Churn/17` of the run that finished, or that published it.
    run: str | None = None


class Trigger(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a run was started by."""

    kind: TriggerKind
    #: The schedule's name, the backfill's id, the person.
    source: str = ""
    events: tuple[TriggerEvent, ...] = ()


class Launch(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a deployment's run knows of its start; part of `RunStarted`."""

    #: `Churn@production`, `fraud.Churn@user.ann`.
    target: str
    #: ULID and number (the 3 of `Churn@production, deployment 3`).
    deployment: str
    number: int
    #: The same for every attempt to start this run; at most one run of a store has it.
    idempotency_key: str
    trigger: Trigger
    #: The slot that the run stands for, Unix time; None when it stands for none.
    logical_date: float | None = None
    is_production: bool = False
    pool: str = "default"
    priority: int = 0
    timeout_seconds: float | None = None
    no_output_seconds: float | None = None
    #: Its tasks get no secrets (a shadow without a grant).
    is_without_secrets: bool = False
    #: Interpreter for the steps that declare no packages: as the deployment recorded it; None = the driver's own.
    python: str | None = None


class Firing(msgspec.Struct, frozen=True, omit_defaults=True):
    """The one record of a slot, an event's delivery or a request to run: what was done about it. Never changed."""

    #: The run's idempotency key; recorded once, whoever comes again finds it here.
    key: str
    target: str
    #: `schedule:<name>`, `event`, `backfill:<id>`, `person`, `retry`, `shadow`.
    source: str
    at: float
    verdict: Literal["started", "skipped", "missed", "refused"]
    #: Unix time of the slot; None for what has none.
    slot: float | None = None
    #: Why it was not started, or how many more slots this record speaks for.
    reason: str = ""
    run: RunId | None = None
    #: `Churn/17`; the ledger fills it in.
    run_path: str | None = None


class PublishedEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that somebody, or a finished run, told everybody."""

    #: A second event with the same id is the same event: it is stored once.
    id: str
    name: str
    at: float
    payload: dict[str, msgspec.Raw] = {}
    #: Who published it; events of one source are delivered in their order. `run:<Flow>` for finished runs.
    source: str = ""
    #: `Churn/17`: the run that finished, or in which it was published.
    run: str | None = None
    #: `<project>.<branch>` in which it was published; None = everywhere. Only triggers of the same one see it.
    scope: str | None = None
    #: Place in the ledger's list, from 1; handed out by the ledger.
    number: int = 0
