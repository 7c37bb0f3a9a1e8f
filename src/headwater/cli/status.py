"""`headwater status RUN`: shows how a run stands."""

import sys
import time

import click

from headwater.cli.list import metrics_text, run_facts, took
from headwater.cli.printing import paint, print_facts, print_json, print_table, printable_lines
from headwater.cli.reading import find_run, gives_json, opened, reads_store
from headwater.cli.report import error_text
from headwater.cli.status_facts import FailedTask, RunView, StepStatus, read_status
from headwater.cli.words import bytes_text, duration, local_time, slot_text
from headwater.client.display import printable
from headwater.client.plain import plain_values
from headwater.client.records import RunRecord
from headwater.model.rows import RunRow

_HEADS = ("step", "tasks", "status", "began", "took", "in tasks", "peak memory")
#: How parts of the time are called.
_PART_NAMES = {
    "queue": "queue",
    "environment": "environment",
    "importing": "import",
    "input_load": "input load",
    "compute": "compute",
    "save": "save",
}
_EXIT_CODES = {"succeeded": 0, "waiting": 0, "failed": 1, "cancelled": 130, "interrupted": 1}
#: Longest sleep between two looks while following.
_LOOK_SECONDS = 0.5


@click.command("status")
@click.argument("run")
@click.option("-f", "--follow", is_flag=True, help="Tell what changes until the run ends; exit code as that of `run`.")
@gives_json
@reads_store
def command(run: str, follow: bool, as_json: bool, home: str | None) -> int:
    """Show how a run stands: steps, failures and what to type next, where the time went, metrics."""
    with opened(home) as view:
        record = find_run(view, run)
        if follow:
            _follow(record)
        found = read_status(record)
        parameters = plain_values(view, found.row.parameters)
        page = view.home.page_url()
    if as_json:
        print_json(status_facts(found, parameters))
    else:
        _print(found, parameters, page)
    return _EXIT_CODES.get(found.row.status, 0) if follow else 0


def status_facts(found: RunView, parameters: dict[str, object]) -> dict[str, object]:
    """What JSON says of how a run stands."""
    return {
        **run_facts(found.row),
        "parameters": parameters,
        "driver": found.owner,
        "steps": found.steps,
        "failures": found.failures,
        "more_failures": found.more_failures,
        "seconds": found.seconds,
        "user_cpu_seconds": found.user_cpu,
        "system_cpu_seconds": found.system_cpu,
    }


def _follow(record: RunRecord) -> None:
    """Print a line to stderr whenever a count changes, until nobody drives the run."""
    ledger = record.view.ledger
    told = ""
    while True:
        row = record.fresh()
        counts = ", ".join(f"{count} {status}" for status, count in sorted(row.task_counts.items()))
        line = f"{row.path} {row.status}: {counts or 'no task yet'}"
        if line != told:
            print(f"{local_time(time.time())} {line}", file=sys.stderr, flush=True)
            told = line
        if row.status not in ("running", "queued"):
            return
        ledger.wait(_LOOK_SECONDS)


def _print(found: RunView, parameters: dict[str, object], page: str | None) -> None:
    row = found.row
    print(f"{row.path}  {paint(row.status)}  {took(row, time.time())}".rstrip())
    print()
    print_facts(_head(found, parameters, page))
    print()
    print_table(_HEADS, [_step_line(step) for step in found.steps if step.tasks])
    waiting = [step.step for step in found.steps if not step.tasks]
    if waiting:
        print(f"not reached: {', '.join(waiting)}")
    for failure in found.failures:
        _print_failure(failure)
    if found.more_failures:
        print(f"\nand {found.more_failures} failures more: --json does not list them, the logs have them")
    _print_next(found)


def _head(found: RunView, parameters: dict[str, object], page: str | None) -> list[tuple[str, object]]:
    row, owner = found.row, found.owner
    ended = None if row.finished_at is None else local_time(row.finished_at)
    return [
        ("user", row.user),
        ("started", f"{local_time(row.started_at)} on {row.host}"),
        ("ended", ended),
        ("page", None if page is None else f"{page}/runs/{row.path}"),
        ("deployment", _deployment_text(row)),
        ("stands for", None if row.launch is None else slot_text(row.launch.logical_date)),
        ("driver", None if owner is None else f"process {owner.pid} on {owner.host}"),
        ("resumes", row.origin),
        ("note", row.note),
        ("tags", ", ".join(row.tags)),
        ("parameters", ", ".join(f"{name}={value!r}" for name, value in parameters.items())),
        ("metrics", metrics_text(row)),
        ("time", _seconds_text(found)),
        ("why", row.message if row.status != "succeeded" else None),
    ]


def _deployment_text(row: RunRow) -> str | None:
    """`Churn@production, deployment 3, by schedule daily`."""
    launch = row.launch
    if launch is None:
        return None
    return f"{launch.target}, deployment {launch.number}, by {launch.trigger.kind} {launch.trigger.source}".rstrip()


def _seconds_text(found: RunView) -> str:
    parts = [(found.seconds[part], name) for part, name in _PART_NAMES.items()]
    shown = ", ".join(f"{name} {duration(seconds)}" for seconds, name in parts if seconds >= 0.05)
    cpu = f"cpu {duration(found.user_cpu + found.system_cpu)}"
    return f"{shown} (summed over tasks; {cpu})" if shown else ""


def _step_line(step: StepStatus) -> tuple[object, ...]:
    statuses = ", ".join(
        status if len(step.tasks) == 1 else f"{count} {status}" for status, count in sorted(step.tasks.items())
    )
    if step.reused:
        statuses += f", {step.reused} reused"
    began = local_time(step.started_at).rpartition(" ")[2]
    took = "" if step.finished_at is None or step.started_at is None else duration(step.finished_at - step.started_at)
    peak = bytes_text(step.peak_memory_bytes) if step.peak_memory_bytes else ""
    return step.step, sum(step.tasks.values()), statuses, began, took, duration(step.task_seconds), peak


def _print_failure(failure: FailedTask) -> None:
    again = f" (attempt {failure.attempt + 1})" if failure.attempt else ""
    how = {"caught": "failed, caught by @catch", "retrying": "failed, is tried again"}.get(failure.status, "failed")
    print(f"\n{failure.task} {how}{again}: {printable(error_text(failure.cause or 'unknown', failure.error))}")
    error = failure.error
    user_frames = [frame for frame in error.frames if frame.is_user] if error is not None else []
    for frame in user_frames[-1:]:
        print(f"  {printable(frame.file)}:{frame.line} in {printable(frame.function)}")
        print(f"    {printable(frame.text)}")
    if error is not None and error.hint:
        for line in printable_lines(f"hint: {error.hint}"):
            print(f"  {line}")
    print(f"  logs:   headwater logs {failure.task}")
    print(f"  debug:  headwater debug {failure.task}")


def _print_next(found: RunView) -> None:
    row = found.row
    match row.status:
        case "interrupted":
            print(f"\nits process is gone; continue it: headwater resume {row.path}")
        case "waiting":
            print()
            for step in row.gates:
                print(f"`{step}` waits for approval: headwater approve {row.path}/{step}    (or `headwater reject`)")
            if row.gate_expires_at is not None:
                print(f"unanswered, it counts as rejected from {local_time(row.gate_expires_at)} on")
            print(f"then: headwater resume {row.path}    (a daemon, `headwater up`, does so by itself)")
        case "queued":
            print(f"\nit waits for the daemon: headwater up    stop: headwater cancel {row.path}")
        case "failed" | "cancelled":
            print(f"\nresume: headwater resume {row.path}")
        case "running":
            print(f"\nwatch: headwater logs {row.path} -f    stop: headwater cancel {row.path}")
        case _:
            print(f"\nresults: headwater artifacts {row.path}/{row.end_step}")
