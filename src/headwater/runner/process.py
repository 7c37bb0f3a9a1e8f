"""The process that drives a run which was started from Python."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from typing import TextIO

from headwater.model.errors import HeadwaterError

#: Pause between two looks at a file that another process writes.
LOOK_SECONDS = 0.02
#: How long a process may take to end by itself when it is asked to; longer than a run's own drain.
_GRACE_SECONDS = 15.0


class FlowProcess:
    """The process that drives a run; what it prints goes to files, so that nobody's reading can hold it up."""

    def __init__(self, command: list[str], environ: Mapping[str, str], cwd: str, show_output: bool) -> None:
        self.command = command
        self._folder = tempfile.mkdtemp(prefix="headwater-runner-")
        self._kept: dict[str, str] = {}
        self._run_file = self._path("run")
        with open(self._path("stdout"), "wb") as stdout, open(self._path("stderr"), "wb") as stderr:
            self._process = subprocess.Popen(
                [*command, "--run-id-file", self._run_file],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=dict(environ),
                cwd=cwd,
            )
        self._echoes = [self._echo(name) for name in ("stdout", "stderr")] if show_output else []

    def returncode(self) -> int | None:
        return self._process.poll()

    def run_path(self) -> str:
        """Wait until the run has a name, and give it.

        Raises:
            HeadwaterError: the process ended before that.
        """
        while True:
            is_over = self._process.poll() is not None
            if os.path.exists(self._run_file):
                with open(self._run_file, encoding="utf-8") as file:
                    return file.read().strip()
            if is_over:
                self._join_echoes()
                said = self.text("stderr").strip() or self.text("stdout").strip()
                raise HeadwaterError(f"no run began (exit code {self._process.returncode})\n\n{said}")
            time.sleep(LOOK_SECONDS)

    def wait(self, timeout: float | None) -> None:
        """Wait for its end.

        Raises:
            TimeoutError: it has not ended in that time, and goes on.
        """
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"the flow still runs after {timeout} s") from error
        self._join_echoes()

    def stop(self) -> None:
        """Ask it to end, and kill it when it does not."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._join_echoes()

    def close(self) -> None:
        """Stop it and remove its files; what it printed stays readable."""
        self.stop()
        self._kept = {name: self.text(name) for name in ("stdout", "stderr")}
        shutil.rmtree(self._folder, ignore_errors=True)

    def text(self, stream: str) -> str:
        """What it has printed so far."""
        if stream in self._kept:
            return self._kept[stream]
        with open(self._path(stream), encoding="utf-8", errors="replace") as file:
            return file.read()

    def lines(self, stream: str, position: int, is_over: bool) -> list[tuple[int, str]]:
        """Give (position after it, line) of what was printed from a position on; a line without end only at the end."""
        with open(self._path(stream), "rb") as file:
            file.seek(position)
            found = []
            for line in file:
                if line.endswith(b"\n") or is_over:
                    position += len(line)
                    found.append((position, line.decode("utf-8", "replace").rstrip("\n")))
        return found

    def _echo(self, stream: str) -> threading.Thread:
        thread = threading.Thread(target=self._print_all, args=(stream,), daemon=True)
        thread.start()
        return thread

    def _print_all(self, stream: str) -> None:
        shown_on: TextIO = getattr(sys, stream)
        with open(self._path(stream), encoding="utf-8", errors="replace") as file:
            while True:
                is_over = self._process.returncode is not None
                while text := file.read(65536):
                    shown_on.write(text)
                    shown_on.flush()
                if is_over:
                    return
                time.sleep(LOOK_SECONDS)

    def _join_echoes(self) -> None:
        for thread in self._echoes:
            thread.join()
        self._echoes = []

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)
