"""What a driver sends to a worker: one attempt of one task, as plain data. Print it, replay it, send it anywhere."""

import msgspec

from headwater.model.artifact import Ref
from headwater.model.ids import Digest, RunId, TaskKey
from headwater.model.launch import Launch
from headwater.model.options import StepOptions
from headwater.model.production import Project


class TaskInput(msgspec.Struct, frozen=True, omit_defaults=True):
    """A finished task that this one follows."""

    key: TaskKey
    #: `train/4`
    step: str
    label: int
    #: Index in the foreach that the join closes; None for a static branch.
    index: int | None = None
    #: All that the task left behind, inherited artifacts included.
    artifacts: dict[str, Ref] = {}


class ForeachFrame(msgspec.Struct, frozen=True, omit_defaults=True):
    """One foreach (outermost first) that the task is inside of."""

    opener: str
    index: int
    count: int
    #: The attribute that was iterated.
    attribute: str = ""
    #: The indexed items; None for a gang, whose item is its index.
    items: Ref | None = None


class Gang(msgspec.Struct, frozen=True):
    """The gang (`num_parallel`) that the task is a member of."""

    num_nodes: int
    node_index: int
    #: Label of member 0.
    control_label: int
    main_ip: str = "127.0.0.1"


class CodeSource(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the user's code is."""

    #: Folder that is put on sys.path.
    root: str
    #: Path of the flow's file below it.
    file: str
    #: Canonical name of its module.
    module: str
    #: Class in the module.
    flow: str
    #: The tree that was saved at the start of the run.
    tree: Digest | None = None


class TaskOrder(msgspec.Struct, frozen=True, omit_defaults=True):
    """One attempt of one task."""

    kind: str
    v: int
    run: RunId
    #: `Churn/17`
    run_path: str
    key: TaskKey
    step: str
    #: Integer in `Churn/17/train/4`.
    label: int
    #: From 0.
    attempt: int
    code: CodeSource
    #: Folder of store and ledger (or the URLs that settings name), so that a worker can open them.
    home: str
    #: The run's seed; the attempt's is derived from it and the key.
    seed: int
    user: str
    options: StepOptions = StepOptions()
    #: Parameters and constants of the run.
    parameters: dict[str, Ref] = {}
    #: The tasks that it follows; empty for the first step, and for a join whose inputs are packed.
    inputs: tuple[TaskInput, ...] = ()
    #: Object that holds a JSON list of `TaskInput`s, for wide joins.
    packed_inputs: Digest | None = None
    frames: tuple[ForeachFrame, ...] = ()
    #: The foreaches that a join closes, nearly always one; `index` means nothing there, it is each input's own.
    closed: tuple[ForeachFrame, ...] = ()
    gang: Gang | None = None
    #: Payloads of small artifacts that the task will probably read.
    small: dict[Digest, bytes] = {}
    #: BLAS and OpenMP threads; None = leave as is.
    threads: int | None = None
    #: Devices assigned to it (CUDA_VISIBLE_DEVICES).
    gpus: tuple[int, ...] | None = None
    #: The retries are used up by kills: do not run the step, keep the failure in the `@catch` variable.
    failure_to_catch: str | None = None
    #: Last attempt, or another would follow a failure.
    is_last_attempt: bool = True
    tags: tuple[str, ...] = ()
    namespace: str | None = None
    #: Path of the run that this one resumes.
    origin: str | None = None
    #: Object of the lock of the environment to run in; None = the interpreter that runs the flow.
    environment: Digest | None = None
    #: `@project`; None = it belongs to none.
    project: Project | None = None
    #: What a deployment's run knows of its start.
    launch: Launch | None = None
    #: File that takes the attempt's metric points; empty = metrics are not kept.
    metrics_file: str = ""
    #: File to which the attempt's log lines go.
    log_file: str = ""
