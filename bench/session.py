"""One benchmark invocation: which peers are there, where files go, how commands are run and timed."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.sample import Sample

BENCH = Path(__file__).parent
VENVS = BENCH / ".venvs"
#: On the disk of the checkout: a temporary folder may live in memory, where a flush costs nothing.
WORK = BENCH / ".work"

#: No peer reports home while it is measured, and all have the same user.
QUIET = {
    "HEADWATER_USER": "bench",
    "METAFLOW_USER": "bench",
    "METAFLOW_DEFAULT_METADATA": "local",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "RAY_USAGE_STATS_ENABLED": "0",
    "DO_NOT_TRACK": "1",
    "PYTHONWARNINGS": "ignore",
}

#: They change what a start costs (every module compiled anew, a write per line), and are nobody's default.
UNUSUAL = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")


class Ended(msgspec.Struct, frozen=True):
    """A command that has ended."""

    seconds: float
    #: Seconds until the first byte on stdout; None when there was none.
    first_byte: float | None
    output: str
    #: Lines that the command's own code left in the file named by BENCH_OUT, in order.
    facts: list[dict[str, float]]
    #: Largest resident memory of any one process of the tree, MB.
    peak_memory: float
    #: Largest resident memory of the command's own process, MB.
    own_memory: float


class CommandFailed(Exception):
    """A measured command did not end well; names it and shows its last lines."""


class Session(msgspec.Struct, frozen=True):
    """What the rows share."""

    #: Fewer rounds, and narrower work for what takes minutes.
    is_quick: bool
    #: Peers whose environment is installed.
    peers: frozenset[str]
    #: Interpreter that has Headwater and what the probes import, and nothing else.
    ours: str = sys.executable
    #: Servers whose environment is installed.
    servers: frozenset[str] = frozenset()

    def rounds(self, full: int) -> int:
        """How often to repeat."""
        return min(full, 3) if self.is_quick else full

    def python(self, subject: str) -> str:
        """Interpreter of a subject: a peer's own, or ours."""
        return self.ours if subject in {"headwater", "limit"} else str(VENVS / subject / "bin" / "python")

    def argv(self, subject: str, *arguments: str) -> list[str]:
        """Command line of a subject's interpreter; Ray runs in a network of its own, reachable by nobody."""
        command = [self.python(subject), *arguments]
        if subject == "ray":
            isolate = ["unshare", "--net", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child"]
            if os.geteuid() != 0:
                isolate.insert(1, "--map-root-user")
            return [*isolate, command[0], str(BENCH / "peers" / "own_network.py"), *command]
        return command

    def script(self, subject: str, job: str, *arguments: str) -> list[str]:
        """Command line of a job of a peer: `bench/peers/jobs_<subject>.py JOB ...`."""
        return self.argv(subject, str(BENCH / "peers" / f"jobs_{subject}.py"), job, *arguments)

    def flow(self, subject: str, name: str, folder: Path, *arguments: str) -> list[str]:
        """Command line of a flow; Metaflow runs the same file with its import line changed."""
        source = BENCH / "flows" / f"{name}.py"
        if subject == "headwater":
            return self.argv(subject, str(source), *arguments)
        copy = folder / f"{name}.py"
        copy.write_text(source.read_text().replace("from headwater import", f"from {subject} import"))
        top = ["--quiet", "--no-pylint"] if "show" not in arguments else ["--no-pylint"]
        return self.argv(subject, str(copy), *top, *arguments)

    def compare(
        self, commands: Mapping[str, Sequence[str]], rounds: int, *, notes: Mapping[str, str] | None = None
    ) -> dict[str, Sample]:
        """Time whole processes; the subjects take turns, each in a fresh folder."""
        seconds: dict[str, list[float]] = {subject: [] for subject in commands}
        peaks: dict[str, float] = {}
        for _ in range(rounds):
            for subject, command in commands.items():
                with fresh_folder() as folder:
                    ended = run(command, folder)
                seconds[subject].append(ended.seconds)
                peaks[subject] = max(peaks.get(subject, 0.0), ended.peak_memory)
        return {
            subject: Sample(tuple(values), peak_memory=peaks[subject], note=(notes or {}).get(subject, ""))
            for subject, values in seconds.items()
        }


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """A folder on the checkout's disk, gone afterwards."""
    WORK.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=WORK))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(command: Sequence[str], folder: Path, *, may_fail: bool = False, **variables: str) -> Ended:
    """Run a command to its end in a folder that also holds its stores.

    Raises:
        CommandFailed: its exit code is not 0 and that was not expected.
    """
    facts, errors = folder / "facts.jsonl", folder / "stderr"
    facts.unlink(missing_ok=True)
    usual = {name: value for name, value in os.environ.items() if name not in UNUSUAL}
    environment = {**usual, **QUIET, **stores(folder), "BENCH_OUT": str(facts), **variables}
    with open(errors, "wb") as error_file:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=error_file
        )
        own: list[float] = [0.0]
        watcher = threading.Thread(target=watch_memory, args=(process.pid, own), daemon=True)
        watcher.start()
        output, first_byte = read_all(process, began)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    watcher.join()
    if process.returncode != 0 and not may_fail:
        tail = (output + errors.read_text(errors="replace"))[-2000:]
        raise CommandFailed(f"{' '.join(command)} ended with {process.returncode}\n{tail}")
    lines = facts.read_text().splitlines() if facts.exists() else []
    return Ended(
        seconds, first_byte, output, [json.loads(line) for line in lines], usage.ru_maxrss * 1024 / 1e6, own[0]
    )


def stores(folder: Path) -> dict[str, str]:
    """Variables that keep everything a subject writes inside the folder."""
    return {
        "HEADWATER_HOME": str(folder / "home"),
        "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(folder),
        "METAFLOW_HOME": str(folder / "metaflow-home"),
        "PREFECT_HOME": str(folder / "prefect"),
        "DASK_TEMPORARY_DIRECTORY": str(folder / "dask"),
        "JOBLIB_TEMP_FOLDER": str(folder),
    }


def read_all(process: subprocess.Popen[bytes], began: float) -> tuple[str, float | None]:
    assert process.stdout is not None
    with process.stdout as stdout:
        first = stdout.read(1)
        first_byte = time.perf_counter() - began if first else None
        return (first + stdout.read()).decode(errors="replace"), first_byte


def watch_memory(pid: int, largest: list[float]) -> None:
    """Keep the last high-water mark that the kernel gives for the process."""
    while True:
        try:
            with open(f"/proc/{pid}/status") as status:
                marks = [line for line in status if line.startswith("VmHWM")]
        except OSError:
            return
        if not marks:
            return
        largest[0] = int(marks[0].split()[1]) * 1024 / 1e6
        time.sleep(0.05)
