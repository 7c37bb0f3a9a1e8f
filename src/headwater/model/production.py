"""What the decorators of a flow say about production: when it runs, how, who is told, what must hold first."""

from typing import Literal

import msgspec

#: What is done about slots that passed while nothing could fire: none of them, the latest one, all within a window.
MissedPolicy = Literal["none", "latest", "all"]
#: What happens to a new run while one of the same deployment is at work.
Overlap = Literal["skip", "queue", "cancel_previous", "allow"]


class Schedule(msgspec.Struct, frozen=True, omit_defaults=True):
    """`@schedule`: one time table of a flow."""

    #: Five fields (minute hour day month weekday), already checked; `daily=True` and the like are written so too.
    cron: str
    #: Unique within its flow; the cron expression when none was given.
    name: str = ""
    #: IANA name of the zone on whose wall clock it is read.
    timezone: str = "UTC"
    missed: MissedPolicy = "latest"
    #: With `all`: how far back missed slots are still run, in seconds; None = without end.
    window_seconds: float | None = None
    #: Each firing is delayed by a share of this that depends on the slot alone.
    jitter_seconds: float = 0
    #: Unix times outside of which it does not fire; None = no bound.
    starts_at: float | None = None
    ends_at: float | None = None
    #: Parameters of its runs by name, as JSON values.
    parameters: dict[str, msgspec.Raw] = {}

    @property
    def key(self) -> str:
        """What tells it from the others of its flow: its name, else its cron expression."""
        return self.name or self.cron


class EventTrigger(msgspec.Struct, frozen=True, omit_defaults=True):
    """`@trigger`: one published event that the flow waits for."""

    name: str
    #: Parameter -> field of the payload; None = fields go to the parameters of the same name.
    parameters: dict[str, str] | None = None


class FinishTrigger(msgspec.Struct, frozen=True, omit_defaults=True):
    """`@trigger_on_finish`: a flow after whose successful runs this one starts."""

    flow: str
    #: None = the deployed flow's own project and branch.
    project: str | None = None
    #: `user.ann`, `test.new`, `prod`.
    branch: str | None = None


class Triggers(msgspec.Struct, frozen=True, omit_defaults=True):
    """All triggers of a flow. Several events (or flows) of one decorator must all come within the window."""

    events: tuple[EventTrigger, ...] = ()
    flows: tuple[FinishTrigger, ...] = ()
    window_seconds: float = 7 * 86400


class RunPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """`@run_policy`: how a deployment's runs share the machine, and when one of them is given up."""

    overlap: Overlap = "skip"
    #: Runs of this deployment at once, for `queue` and `allow`; None = no limit of its own.
    max_parallel: int | None = None
    pool: str = "default"
    #: Higher goes first among the queued runs of a pool.
    priority: int = 0
    timeout_seconds: float | None = None
    #: Give a run up when no task has written a line or ended for so long.
    no_output_seconds: float | None = None
    #: A failed run is resumed so often, each time keeping what it had finished.
    retries: int = 0
    minutes_between_retries: float = 5


class AlertRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """`@alert`: something about a deployment's runs that people want to be told."""

    #: `failure` and `recovery` and `missed` hold for every production deployment without being asked for.
    on: Literal["failure", "recovery", "missed", "late", "metric"]
    #: `late`: wall-clock time (`08:00`) by which a run must have succeeded each day, in this zone.
    by: str | None = None
    timezone: str = "UTC"
    #: `metric`: name in the run's summary metrics, and the bounds outside of which people are told.
    metric: str | None = None
    below: float | None = None
    above: float | None = None


class Approval(msgspec.Struct, frozen=True, omit_defaults=True):
    """`@approval`: somebody must agree first. On a step: before it starts. On a flow: before an alias moves to it."""

    role: str = "deployer"
    #: Unanswered for so long counts as rejected; None = it waits for ever.
    expires_seconds: float | None = None


class ExitHooks(msgspec.Struct, frozen=True, omit_defaults=True):
    """`@exit_hook`: functions of the flow's module that are called when a run has ended, by name."""

    on_success: tuple[str, ...] = ()
    on_error: tuple[str, ...] = ()


class ProductionOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything the decorators of a flow's class say."""

    #: `@project(name=...)`.
    project: str | None = None
    schedules: tuple[Schedule, ...] = ()
    triggers: tuple[Triggers, ...] = ()
    policy: RunPolicy = RunPolicy()
    alerts: tuple[AlertRule, ...] = ()
    #: Conditions on a candidate's newest run, such as `f1 >= 0.7`, before an alias moves to it.
    promote_if: tuple[str, ...] = ()
    approval: Approval | None = None
    exit_hooks: ExitHooks = ExitHooks()


class Project(msgspec.Struct, frozen=True, omit_defaults=True):
    """The project and branch that a run belongs to (`@project`, `--branch`, `--production`)."""

    name: str
    #: `user.ann`, `test.new`, `prod`.
    branch: str
    is_production: bool = False

    def facts(self, flow: str) -> dict[str, object]:
        """Give what `current` knows of it in a run of this flow."""
        return {
            "project_name": self.name,
            "branch_name": self.branch,
            "project_flow_name": f"{self.name}.{self.branch}.{flow}",
            "is_production": self.is_production,
            "is_user_branch": self.branch.startswith("user."),
        }
