"""One run: all that the head of its page shows, and the packages that it had."""

import msgspec

from headwater.client.packages import packages_of_step
from headwater.model.artifact import Ref
from headwater.model.errors import ArtifactDamaged, ArtifactMissing
from headwater.model.graph import ParameterSpec
from headwater.model.ids import Digest, TaskKey
from headwater.model.outcome import ExitCause
from headwater.model.rows import RunRow, TaskQuery
from headwater.web.access import Role
from headwater.web.api.runs import RunSummary, summaries
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import RunPath, find_run, project_of_run


class ParameterView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A parameter or constant of a run."""

    name: str
    #: Cut to size; `<package.Class>` for what is not plain data.
    value: object
    digest: Digest
    #: Full name of the value's class.
    type: str
    size: int
    help: str = ""
    #: JSON text of the default; None when there is none or it is computed at start.
    default: str | None = None
    is_constant: bool = False


class CodeFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a run's code came from."""

    #: The flow's file, below the folder.
    file: str
    module: str
    #: Folder in which it was.
    root: str
    #: Digest of the saved files; None when none were saved.
    tree: Digest | None = None


class FailureView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a run failed."""

    cause: ExitCause
    message: str
    #: `Churn/17/train/4`; None when no task did.
    task: str | None = None
    step: str | None = None
    label: int | None = None
    #: Full name of the exception's class.
    error: str = ""
    hint: str = ""


class RunView(RunSummary, frozen=True, omit_defaults=True, kw_only=True):
    """All that the head of a run's page shows."""

    namespace: str | None = None
    values: tuple[ParameterView, ...]
    seed: int
    #: The command line that started it.
    command: tuple[str, ...]
    code: CodeFacts
    doc: str = ""
    end_step: str = "end"
    #: Version of the interpreter that ran the flow.
    python: str = ""
    #: Packages that it had; `environment` lists them.
    package_count: int = 0
    #: Step -> digest of its environment's lock, of steps with one of their own.
    environments: dict[str, Digest] = {}
    failure: FailureView | None = None
    #: Process that drives it now; None when nobody does.
    driver: str | None = None
    #: What the caller is in its project.
    role: Role
    #: Command lines to copy, by what they do: status, resume, cancel, compare.
    commands: dict[str, str] = {}


class Environment(msgspec.Struct, frozen=True):
    """Packages, name -> version, and `python`."""

    #: Of the interpreter that ran the flow.
    interpreter: dict[str, str]
    #: Step -> its own packages; steps without any had those of the interpreter.
    steps: dict[str, dict[str, str]]


def show_run(asked: Asked, at: RunPath) -> RunView:
    """Show a run: all that the head of its page needs."""
    record = find_run(asked, at)
    row, started = record.row, record.started
    summary = summaries(asked, [row])[0]
    owner = asked.ledger.owner(row.run)
    specs = {spec.attribute: spec for spec in started.graph.parameters}
    values = (
        _parameter(name, summary.parameters[name], ref, specs.get(name), is_constant=name in started.graph.constants)
        for name, ref in row.parameters.items()
    )
    source = started.code
    return RunView(
        **{field: getattr(summary, field) for field in RunSummary.__struct_fields__},
        namespace=row.namespace,
        values=tuple(values),
        seed=started.seed,
        command=started.command,
        code=CodeFacts(source.file, source.module, source.root, source.tree),
        doc=started.graph.doc,
        end_step=row.end_step,
        python=started.environment.get("python", ""),
        package_count=max(0, len(started.environment) - 1),
        environments=started.environments,
        failure=_failure(asked, row),
        driver=None if owner is None else f"{owner.host}, process {owner.pid}",
        role=asked.access.role_in(row.project) or "viewer",
        commands=_commands(row),
    )


def show_environment(asked: Asked, at: RunPath) -> Environment:
    """Show the packages that a run had."""
    record = find_run(asked, at)
    found = {}
    for step in record.started.environments:
        try:
            found[step] = packages_of_step(record, step)
        except (ArtifactMissing, ArtifactDamaged):
            found[step] = {"lock": record.started.environments[step]}
    return Environment(record.started.environment, found)


def _parameter(name: str, value: object, ref: Ref, spec: ParameterSpec | None, *, is_constant: bool) -> ParameterView:
    about, default = ("", None) if spec is None else (spec.help, spec.default)
    return ParameterView(name, value, ref.digest, ref.type, ref.size, about, default, is_constant)


def _failure(asked: Asked, row: RunRow) -> FailureView | None:
    if row.status != "failed" or row.cause is None:
        return None
    task = None if row.failed_key is None else _task_of(asked, row, row.failed_key)
    if task is None:
        return FailureView(row.cause, row.message)
    step, label, error, hint = task
    return FailureView(row.cause, row.message, f"{row.path}/{step}/{label}", step, label, error, hint)


def _task_of(asked: Asked, row: RunRow, key: TaskKey) -> tuple[str, int, str, str] | None:
    found = asked.ledger.tasks(TaskQuery(row.run, keys=(key,), limit=1)).rows
    if not found:
        return None
    error = found[0].error
    return found[0].step, found[0].label, error.type if error else "", error.hint if error else ""


def _commands(row: RunRow) -> dict[str, str]:
    commands = {"status": f"headwater status {row.path}"}
    if row.status in ("failed", "interrupted", "cancelled", "waiting", "queued"):
        commands["resume"] = f"headwater resume {row.path}"
    if row.status in ("running", "waiting", "queued", "interrupted"):
        commands["cancel"] = f"headwater cancel {row.path}"
    if row.origin is not None:
        commands["compare"] = f"headwater compare {row.origin} {row.path}"
    return commands


ROUTES = (
    Route("GET", "/runs/{flow}/{label}", show_run, needs="viewer", of=project_of_run),
    Route("GET", "/runs/{flow}/{label}/environment", show_environment, needs="viewer", of=project_of_run),
)
