"""Runs the audits of a version in a process of its own, before it may answer anybody."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

import msgspec

from headwater.hosting.workers import WORKER_COMMAND
from headwater.model.service import AuditResult, ServiceVersion

#: Seconds that all audits of a version may take together.
AUDIT_SECONDS = 300.0
_PROGRAM = "headwater.hosting.audit_program"
#: Of what they print, so much is kept.
_KEPT = 4000


class AuditRequest(msgspec.Struct, frozen=True):
    """What the auditing process is given."""

    version: ServiceVersion
    #: The live version; None for the first one.
    live: ServiceVersion | None


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of what the auditing process tells."""

    result: AuditResult | None = None
    examples: dict[str, msgspec.Raw] = {}


class Audited(msgspec.Struct, frozen=True):
    """What the audits came to."""

    results: tuple[AuditResult, ...]
    #: The end of what they printed.
    output: str = ""
    #: A request by endpoint, made of the reference.
    examples: dict[str, msgspec.Raw] = {}

    @property
    def is_passed(self) -> bool:
        """None failed."""
        return all(result.is_passed for result in self.results)


def run_audits(
    version: ServiceVersion,
    live: ServiceVersion | None,
    *,
    command: Sequence[str] = WORKER_COMMAND,
    environ: Mapping[str, str] | None = None,
    seconds: float = AUDIT_SECONDS,
) -> Audited:
    """Load a version in a scratch process and run its audits in order; one that hangs is killed and has failed.

    A version that does not load has failed the audit `loads`, which every version has.

    Args:
        version: what is audited.
        live: what answers now.
        command: how a worker of its environment is started; the last word is replaced.
        environ: variables of that process; None = this one's.
        seconds: that loading and all audits may take.
    """
    names = ("loads", *version.definition.audits)
    process = subprocess.Popen(
        [*command[:-1], _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ if environ is None else environ),
        start_new_session=True,
    )
    try:
        told, said = process.communicate(msgspec.json.encode(AuditRequest(version, live)), timeout=seconds)
        end = f"its process ended with code {process.returncode}"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        told, said = process.communicate()
        end = f"it did not end within {seconds:g} s"
    lines = [msgspec.json.decode(line, type=Told) for line in told.splitlines()]
    results = [line.result for line in lines if line.result is not None]
    if all(result.is_passed for result in results) and len(results) < len(names):
        results.append(AuditResult(names[len(results)], is_passed=False, message=end))
    examples = {name: request for line in lines for name, request in line.examples.items()}
    return Audited(tuple(results), said[-_KEPT:].decode(errors="replace"), examples)
