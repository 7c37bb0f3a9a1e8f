"""Calls uv, and turns what it refuses into a sentence for the user."""

import os
import signal
from collections.abc import Mapping, Sequence

import msgspec

from headwater.environments.masking import mask_credentials
from headwater.model.errors import EnvironmentMistake

#: What uv says besides its reason: searching for interpreters passes over broken ones.
_REASONS = ("error:", "×")
#: Exit codes after Ctrl-C.
_INTERRUPTED = (-signal.SIGINT, 128 + signal.SIGINT)
#: Variables that would change what uv installs where: an environment depends on what was asked only.
_LEFT_OUT = ("VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT", "UV_SYSTEM_PYTHON", "UV_PYTHON", "UV_TARGET")


class UvFailed(EnvironmentMistake):
    """uv ended with an error; the message is its reason."""


class Uv(msgspec.Struct, frozen=True):
    """The uv program, with a cache of its own in the store's folder; looked for when it is first needed."""

    #: Where it keeps wheels, so that an environment can be built again without the network.
    cache_folder: str
    environ: Mapping[str, str]

    def run(self, words: Sequence[str], *, folder: str, text: str = "", is_offline: bool = False) -> str:
        """Run it in a folder, whose settings for uv count, and give what it printed.

        Args:
            words: its command line.
            folder: working folder.
            text: its standard input.
            is_offline: it may use only what its cache holds.

        Raises:
            UvFailed: with its reason.
            EnvironmentMistake: there is no uv.
            KeyboardInterrupt: it was interrupted.
        """
        import subprocess

        command = [find_uv(self.environ), *words, *(["--offline"] if is_offline else [])]
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            cwd=folder,
            env=self._environment(),
            umask=0o077,
            check=False,
        )
        if done.returncode in _INTERRUPTED:
            # It had the terminal's Ctrl-C as well, which a driver only counts.
            raise KeyboardInterrupt
        if done.returncode:
            raise UvFailed(reason_in(done.stderr or done.stdout))
        return done.stdout

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in self.environ.items() if name not in _LEFT_OUT}
        ours = {
            "UV_CACHE_DIR": self.cache_folder,
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
            "UV_LINK_MODE": kept.get("UV_LINK_MODE", "hardlink"),
            "NO_COLOR": "1",
        }
        return {**kept, **ours}


def find_uv(environ: Mapping[str, str]) -> str:
    """Find the program that came with Headwater, else one on the path.

    Raises:
        EnvironmentMistake: there is none.
    """
    try:
        import uv

        return os.fsdecode(uv.find_uv_bin())
    except (ModuleNotFoundError, FileNotFoundError):
        import shutil

        found = shutil.which("uv", path=environ.get("PATH"))
    if found is None:
        raise EnvironmentMistake(
            "uv was not found, which makes the environments of steps", hint="pip install uv, next to headwater"
        )
    return found


def reason_in(printed: str) -> str:
    """Give uv's reason out of what it printed on standard error, without passwords."""
    lines = mask_credentials(printed).strip().splitlines()
    starts = [number for number, line in enumerate(lines) if line.lstrip().startswith(_REASONS)]
    chosen = lines[starts[0] :] if starts else lines
    return "\n".join(line.rstrip() for line in chosen).removeprefix("error: ") or "uv ended without a word"
