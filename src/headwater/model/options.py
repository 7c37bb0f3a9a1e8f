"""What decorators say about a step, as data; whoever cares (plan, engine, task) reads it here."""

import msgspec

from headwater.model.packages import PackageSet
from headwater.model.production import Approval
from headwater.model.secret import SecretSource


class Retry(msgspec.Struct, frozen=True):
    """`@retry`: try a failed task again."""

    #: Tries after the first one.
    times: int = 3
    #: Pause before each of them; the planner turns it into "not before t". Nobody who writes `@retry` at a desk waits.
    minutes_between_retries: float = 0


class Catch(msgspec.Struct, frozen=True):
    """`@catch`: after the last retry let the run go on, the failure kept in `var`."""

    var: str | None = None
    print_exception: bool = True


class Timeout(msgspec.Struct, frozen=True):
    """`@timeout`: the step's longest duration."""

    seconds: float


class Resources(msgspec.Struct, frozen=True):
    """`@resources`: what a task needs of its machine; None = nothing asked, nothing reserved."""

    cpu: float | None = None
    #: Number of devices.
    gpu: int | None = None
    #: MB (10^6 bytes), as in the field's usual API.
    memory: float | None = None
    #: MB.
    disk: float | None = None
    #: MB.
    shared_memory: float | None = None
    #: Kill the task when its resident memory exceeds `memory`.
    enforce: bool = False


class Executable(msgspec.Struct, frozen=True):
    """`@executable`: the step's body is a program that reads an order and writes an outcome."""

    command: tuple[str, ...]


class Unsupported(msgspec.Struct, frozen=True):
    """A decorator of a back end that is not here: accepted, its resources honoured, said by `check`."""

    name: str
    arguments: dict[str, str] = {}


class StepOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything the decorators of one step say."""

    retry: Retry | None = None
    catch: Catch | None = None
    timeout: Timeout | None = None
    resources: Resources | None = None
    #: `@environment(vars=...)`: set before the user's step runs.
    environment: dict[str, str] = {}
    executable: Executable | None = None
    #: `@parallel`: the step is entered with `num_parallel`.
    is_parallel: bool = False
    #: `@pypi`, `@conda`, `@uv` (or the flow's `@pypi_base`, `@conda_base`); None = the interpreter that runs the flow.
    packages: PackageSet | None = None
    #: `@secrets(sources=[...])`.
    secrets: tuple[SecretSource, ...] = ()
    #: `@approval` on the step: it starts only after somebody agreed.
    approval: Approval | None = None
    #: `@promote_if` on the step: it starts only when these hold for the run's summary metrics; else the run ends there.
    promote_if: tuple[str, ...] = ()
    unsupported: tuple[Unsupported, ...] = ()
