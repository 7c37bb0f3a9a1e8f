"""Removes one protection at a time from a copy of the sources, and sees whether the tests that guard it go red.

`python -m tests.durability.sabotage [NAME ...]` prints the table of RELIABILITY.md.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Sabotage(NamedTuple):
    """One removal."""

    name: str
    #: Below src/headwater.
    file: str
    old: str
    new: str
    #: What pytest is asked for: the tests, of which one at least must fail.
    tests: str


DISK, OBJECTS, SWEEP = "store/place_disk.py", "store/objects.py", "store/sweep.py"
LOCKS, STREAMS, DATABASE, WRITES = "ledger/locks.py", "ledger/streams.py", "ledger/database.py", "ledger/sql/writes.sql"
ZYGOTE, CHILD, PROCESSES = "engines/zygote.py", "engines/child.py", "engines/processes.py"
DRIVE = "runtime/drive.py"
PROCESS_TESTS = "tests/ledger/test_ledger_processes.py"

SABOTAGES = [
    Sabotage(
        "no fsync of the file",
        DISK,
        "os.fsync(file.descriptor)",
        "pass",
        "tests/store/test_place_disk.py",
    ),
    Sabotage(
        "no fsync of the folder",
        DISK,
        "        os.fsync(descriptor)\n    finally",
        "        pass\n    finally",
        "tests/store/test_place_disk.py",
    ),
    Sabotage(
        "rename before the flush",
        DISK,
        """            failpoint("store.before_fsync")
            for file in pending:
                os.fsync(file.descriptor)
            failpoint("store.before_rename")
            for file in pending:
                os.rename(file.temporary, file.final)
                file.is_renamed = True
""",
        """            for file in pending:
                os.rename(file.temporary, file.final)
                file.is_renamed = True
            for file in pending:
                os.fsync(file.descriptor)
""",
        "tests/store/test_place_disk.py",
    ),
    Sabotage(
        "rename before the write",
        DISK,
        "                _write_parts(pending[-1].descriptor, parts)\n",
        "                os.rename(pending[-1].temporary, pending[-1].final)\n"
        "                _write_parts(pending[-1].descriptor, parts)\n"
        "                os.link(pending[-1].final, pending[-1].temporary)\n",
        "tests/store/test_place_disk.py tests/store/test_store_crashes.py",
    ),
    Sabotage(
        "a flush that failed is asked again",
        DISK,
        "                os.fsync(file.descriptor)\n",
        "                try:\n                    os.fsync(file.descriptor)\n"
        "                except OSError:\n                    os.fsync(file.descriptor)\n",
        "tests/store/test_place_disk.py",
    ),
    Sabotage(
        "ENOSPC is swallowed",
        DISK,
        "raise self._disk_full(batch, pending) from error",
        "return",
        "tests/store/test_place_disk.py tests/durability/test_disk_full.py",
    ),
    Sabotage(
        "half-written files stay",
        DISK,
        "            os.unlink(file.final if file.is_renamed else file.temporary)",
        "            pass",
        "tests/store/test_place_disk.py",
    ),
    Sabotage(
        "no hash on load of a root",
        OBJECTS,
        "root = unframe(digest, stored, self._where(digest), is_trusted=is_trusted)",
        "root = unframe(digest, stored, self._where(digest), is_trusted=True)",
        "tests/store/test_objects.py tests/durability/test_damage.py",
    ),
    Sabotage(
        "no hash on load of a buffer",
        OBJECTS,
        "            self._check_raw(digest, stored)\n            self._stamp(digest, found)\n        return stored",
        "            self._stamp(digest, found)\n        return stored",
        "tests/store/test_objects.py tests/durability/test_damage.py",
    ),
    Sabotage(
        "dedup by existence only",
        OBJECTS,
        "        if not self._is_stamped(blob.digest, found):\n            try:",
        "        if False:\n            try:",
        "tests/store/test_objects.py tests/durability/test_damage.py",
    ),
    Sabotage(
        "a stamp holds for any file of the name",
        OBJECTS,
        "self._stamps.known(digest) == found.identity",
        "self._stamps.known(digest) is not None",
        "tests/store/test_objects.py",
    ),
    Sabotage(
        "a dedup hit does not renew",
        OBJECTS,
        "        self.place.touch(key)\n",
        "",
        "tests/store/test_objects.py",
    ),
    Sabotage(
        "fsck --data hashes nothing",
        "store/fsck.py",
        'is_hashed = level == "data" and',
        "is_hashed = False and",
        "tests/store/test_fsck.py tests/durability/test_damage.py",
    ),
    Sabotage(
        "gc does not look again after the move",
        SWEEP,
        "put_back = put_back_from_trash(place, reachable(), plan.spare_newer_than, trash)",
        "put_back: tuple[Digest, ...] = ()",
        "tests/store/test_sweep.py",
    ),
    Sabotage(
        "gc takes what is newer than the oldest run",
        SWEEP,
        "        elif found.modified_at >= spare_newer_than:",
        "        elif False:",
        "tests/store/test_sweep.py",
    ),
    Sabotage(
        "synchronous = NORMAL",
        DATABASE,
        '"synchronous = FULL"',
        '"synchronous = NORMAL"',
        "tests/ledger/test_ledger_durability.py",
    ),
    Sabotage(
        "an event is told before its commit",
        DRIVE,
        """        failpoint("drive.before_commit")
        try:
""",
        """        yield from events
        failpoint("drive.before_commit")
        try:
""",
        "tests/durability/test_order_of_work.py",
    ),
    Sabotage(
        "orders go out before the commit",
        DRIVE,
        """            yield from self._commit()
            if self._frontier.finished is not None:
                return
            self._send(orders)
""",
        """            self._send(orders)
            yield from self._commit()
            if self._frontier.finished is not None:
                return
""",
        "tests/durability/test_order_of_work.py",
    ),
    Sabotage(
        "an outcome of an attempt given up is taken",
        DRIVE,
        "if task is None or task.attempt != outcome.attempt:",
        "if task is None:",
        "tests/durability/test_order_of_work.py",
    ),
    Sabotage(
        "no reserve for the last words",
        DRIVE,
        "            if not self._free_reserve():\n                raise\n",
        "            raise\n",
        "tests/durability/test_order_of_work.py tests/durability/test_disk_full.py",
    ),
    Sabotage(
        "no epoch check",
        WRITES,
        "WHERE id = ? AND epoch = ? AND status = 'running'\nRETURNING last_event;",
        "WHERE id = ? AND ? > 0 AND status = 'running'\nRETURNING last_event;",
        f"{PROCESS_TESTS} -k fenced_or_epoch",
    ),
    Sabotage(
        "a takeover keeps the epoch",
        WRITES,
        "SET epoch = epoch + 1, owner_host",
        "SET epoch = epoch, owner_host",
        "tests/ledger/contract/test_streams_contract.py",
    ),
    Sabotage(
        "a finished run takes more events",
        WRITES,
        "WHERE id = ? AND epoch = ? AND status = 'running'\nRETURNING last_event;",
        "WHERE id = ? AND epoch = ?\nRETURNING last_event;",
        "tests/ledger/contract/test_streams_contract.py",
    ),
    Sabotage(
        "no lock of the run",
        LOCKS,
        "                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "                pass\n",
        f"{PROCESS_TESTS} -k two_processes",
    ),
    Sabotage(
        "writers do not queue",
        LOCKS,
        "            fcntl.lockf(queue.descriptor, fcntl.LOCK_EX)\n",
        "",
        f"{PROCESS_TESTS} -k queue",
    ),
    Sabotage(
        "no rollback",
        DATABASE,
        '                    self._connection.execute("ROLLBACK")',
        '                    self._connection.execute("COMMIT")',
        "tests/ledger/contract/test_streams_contract.py",
    ),
    Sabotage(
        "what an attempt left behind lives on",
        ZYGOTE,
        "                kill([stray, *descendants_of(stray)])",
        "                pass",
        "tests/durability/test_orphans.py -k left_behind",
    ),
    Sabotage(
        "a zygote does not kill its family",
        ZYGOTE,
        "            kill(alive)\n",
        "",
        "tests/durability/test_orphans.py -k driver",
    ),
    Sabotage(
        "orphans are not adopted",
        PROCESSES,
        "        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)",
        "        pass",
        "tests/engines/test_death.py tests/durability/test_orphans.py",
    ),
    Sabotage(
        "a task does not die with its supervisor",
        PROCESSES,
        "        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)",
        "        pass",
        "tests/durability/test_orphans.py -k at_once",
    ),
    Sabotage(
        "SIGTERM ends a task without unwinding it",
        CHILD,
        "        signal.signal(signal.SIGTERM, self._unwind)\n",
        "",
        "tests/durability/test_orphans.py -k ctrl_c",
    ),
    Sabotage(
        "a second Ctrl-C waits as the first",
        DRIVE,
        "grace = 0.0 if self._interrupts.count > 1 else GRACE_SECONDS",
        "grace = GRACE_SECONDS",
        "tests/durability/test_orphans.py -k second_ctrl_c",
    ),
    Sabotage(
        "every SIGKILL is called out of memory",
        "engines/exits.py",
        "number == signal.SIGKILL and death.was_kernel_short_of_memory",
        "number == signal.SIGKILL",
        "tests/engines/test_exits.py",
    ),
    Sabotage(
        "the limit of logs is not heeded",
        "cli/early_engine.py",
        ", max_log_bytes=max_log_bytes)",
        ")",
        "tests/durability/test_kept_lines.py -k limit",
    ),
    Sabotage(
        "an IPv6 form of a private address is not seen through",
        "production/alerts/addresses.py",
        "    if address.ipv4_mapped is not None:\n        return address.ipv4_mapped\n",
        "",
        "tests/production/test_alert_addresses.py",
    ),
    Sabotage(
        "alerts go to private addresses",
        "production/alerts/addresses.py",
        "    return is_private_allowed or address.is_global",
        "    return True",
        "tests/production/test_alert_webhook.py",
    ),
    Sabotage(
        "a channel's certificate may be of another name",
        "production/alerts/connecting.py",
        "server_hostname=host",
        'server_hostname="hooks.test"',
        "tests/production/test_alert_webhook.py",
    ),
    Sabotage(
        "what a channel answers is not masked",
        "production/alerts/sending.py",
        'mask(" ".join(text.split()), channel)',
        '" ".join(text.split())',
        "tests/production/test_alert_webhook.py",
    ),
    Sabotage(
        "a mail server that drips is waited for",
        "production/alerts/mail.py",
        "    watchdog.start()\n",
        "",
        "tests/production/test_alert_mail.py",
    ),
    Sabotage(
        "a channel that hangs holds the others up",
        "production/alerts/outbox.py",
        "        thread.start()\n",
        "        thread.start()\n        thread.join()\n",
        "tests/production/test_alerter.py",
    ),
    Sabotage(
        "alerts that were not delivered are forgotten with their alerter",
        "production/alerts/alerter.py",
        "{alert.cause: alert for alert in self._alerts.waiting()}",
        "{}",
        "tests/production/test_alert_crashes.py",
    ),
    Sabotage(
        "two alerters at once",
        "production/alerts/alerter.py",
        "    while not ledger.lead(ROLE):",
        "    while False:",
        "tests/production/test_alert_crashes.py",
    ),
    Sabotage(
        "an alert that is looked at again is counted again",
        "production/alerts/kept.py",
        "            if alert.at <= (known.last_at or known.at):\n                return\n",
        "",
        "tests/production/test_alert_crashes.py tests/production/test_alerter.py",
    ),
    Sabotage(
        "a decision counts for gates that come after it",
        DRIVE,
        " and gate.at <= request.at",
        "",
        "tests/runtime/test_gates.py",
    ),
    Sabotage(
        "a decision counts however late it was made",
        DRIVE,
        " and not is_late",
        "",
        "tests/runtime/test_gates.py",
    ),
    Sabotage(
        "a gate expires before what was decided is read",
        DRIVE,
        "if is_early and not self._frontier.gates:",
        "if is_early:",
        "tests/runtime/test_gates.py",
    ),
    Sabotage(
        "nobody looks for a decision after giving the run back",
        "runtime/execute.py",
        "elif frontier.gates and self._home.ledger.requests(lease.run, driver.request_number):",
        "elif False:",
        "tests/runtime/test_gates.py",
    ),
    Sabotage(
        "an approved task is asked about again",
        "plan/frontier.py",
        " and task.key not in self.passed:",
        ":",
        "tests/plan/test_gates.py",
    ),
    Sabotage(
        "the time in the queue counts for a run's limit",
        "plan/limits.py",
        "now - frontier.first_task_at - frontier.away_seconds",
        "now - frontier.started.at - frontier.away_seconds",
        "tests/runtime/test_limits.py",
    ),
    Sabotage(
        "a driver that leaves fails what it stops",
        DRIVE,
        """                if outcome.transition is not None and (outcome.cause == "ok" or outcome.is_caught):
                    self._end(outcome)
""",
        """                self._end(outcome)
""",
        "tests/runtime/test_limits.py",
    ),
    Sabotage(
        "a hook may hang for ever",
        "runtime/hooks.py",
        "if setting.clock() >= ends_at:",
        "if False:",
        "tests/runtime/test_hooks.py",
    ),
]


class Workshop:
    """A copy of sources and tests in which things may be broken."""

    def __init__(self, folder):
        self.folder = Path(folder)
        ignored = shutil.ignore_patterns("__pycache__")
        for name in ("src", "tests"):
            shutil.copytree(ROOT / name, self.folder / name, ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", self.folder)

    def run(self, tests, patience=300):
        """Run tests against the copy; gives pytest's exit code and its last lines."""
        words = tests.replace("fenced_or_epoch", "fenced or epoch").split(" -k ")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not long", "-p", "no:cacheprovider"]
        command += words[0].split() + (["-k", words[1]] if len(words) > 1 else [])
        environ = {**os.environ, "PYTHONPATH": str(self.folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                command, cwd=self.folder, env=environ, capture_output=True, text=True, timeout=patience
            )
        except subprocess.TimeoutExpired:
            return 1, "the tests hang"
        return done.returncode, done.stdout[-2000:] + done.stderr[-500:]

    def catch(self, sabotage):
        """Break it, run its tests, mend it; gives the exit code, and which test failed."""
        path = self.folder / "src" / "headwater" / sabotage.file
        whole = path.read_text()
        assert whole.count(sabotage.old) >= 1, f"{sabotage.file} has no {sabotage.old!r}"
        path.write_text(whole.replace(sabotage.old, sabotage.new))
        try:
            code, said = self.run(sabotage.tests)
        finally:
            path.write_text(whole)
        failed = [line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return code, failed[0].split(" - ")[0] if failed else said


def main(names):
    """Print the table."""
    print("| Removed | In | Caught by |\n|---|---|---|")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(folder)
        for sabotage in SABOTAGES:
            if not names or any(name in sabotage.name for name in names):
                code, failed = workshop.catch(sabotage)
                missed += code != 1
                caught = f"`{failed.removeprefix('FAILED ')}`" if code == 1 else f"**nothing** (exit code {code})"
                print(f"| {sabotage.name} | `{sabotage.file}` | {caught} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
