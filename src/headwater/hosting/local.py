"""Serves one service from its file on this machine, and loads it anew when its code or its source changes."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator

import msgspec

from headwater.home import Home
from headwater.hosting.compile import compile_service
from headwater.hosting.loading import find_service
from headwater.hosting.pool import VersionPool
from headwater.hosting.services import Hosted, Services
from headwater.hosting.sources import small_of, version_from
from headwater.hosting.workers import PoolLimits
from headwater.model.errors import HeadwaterError, UserMistake
from headwater.model.order import CodeSource
from headwater.model.service import ServiceDefinition, ServiceVersion

#: Seconds between looks at the files.
_LOOK_SECONDS = 0.4
_LEFT_OUT = {"__pycache__", "node_modules", "venv", "env", "build", "dist"}
#: Gets what happens, for people.
Say = Callable[[str], None]


def compiled(code: CodeSource) -> tuple[ServiceDefinition, CodeSource]:
    """Import and compile a service's file; gives its definition, and the code with the class named.

    Raises:
        FlowNotImported, FlowMistakes, UserMistake: it cannot be served.
    """
    service = find_service(code)
    named = CodeSource(code.root, code.file, code.module, service.__name__)
    return compile_service(service, named).definition, named


class LocalService:
    """One service that follows its file."""

    def __init__(
        self, home: Home, version: ServiceVersion, limits: PoolLimits, *, source: str | None, reload: bool, say: Say
    ) -> None:
        """Take what it needs.

        Args:
            home: store and ledger.
            version: what to serve first.
            limits: what its workers may take.
            source: whose artifacts; None = as the service says.
            reload: load it anew when a Python file of the project changes.
            say: gets what happens.
        """
        self._home = home
        self._version = version
        self._limits = limits
        self._source = source
        self._is_reloading = reload
        self._say = say

    async def attend(self, services: Services, folder: str, loaded: asyncio.Event) -> None:
        """Load it, then follow it until cancelled.

        Raises:
            VersionFailed: it does not load in the first place.
        """
        hosted = Hosted(self._version.definition.service)
        services.put(hosted)
        try:
            hosted.live = await self._start(self._version, folder)
            loaded.set()
            await self._follow(hosted, folder)
        finally:
            if hosted.live is not None:
                await hosted.live.close()

    async def _start(self, version: ServiceVersion, folder: str) -> VersionPool:
        pool = VersionPool(version, small_of(self._home, version), self._limits, folder=folder)
        await pool.start()
        return pool

    async def _follow(self, hosted: Hosted, folder: str) -> None:
        seen = _state_of(self._version.code.root) if self._is_reloading else {}
        while True:
            await asyncio.sleep(_LOOK_SECONDS if self._is_reloading else 3600)
            if not self._is_reloading or (now := _state_of(self._version.code.root)) == seen:
                continue
            changed = sorted(path for path in {*now, *seen} if now.get(path) != seen.get(path))
            seen = now
            self._say(f"{', '.join(changed[:3])} changed: loading {hosted.name} anew")
            await self._replace(hosted, folder)

    async def _replace(self, hosted: Hosted, folder: str) -> None:
        try:
            definition = await compile_elsewhere(self._version.code)
            version = version_from(self._home, definition, self._version.code, source=self._source)
            pool = await self._start(version, folder)
        except HeadwaterError as error:
            self._say(f"{error}\n\nthe version before goes on answering")
            return
        before, hosted.live = hosted.live, pool
        self._version = version
        self._say(f"{hosted.name} answers anew")
        if before is not None:
            await before.close(drain_seconds=10)


async def compile_elsewhere(code: CodeSource) -> ServiceDefinition:
    """Compile the service in a process of its own: this one has imported its file as it was before.

    Raises:
        UserMistake: it cannot be served; the text is what that process said.
    """
    command = (sys.executable, "-P", "-m", "headwater.hosting.compiling")
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    told, said = await process.communicate(msgspec.json.encode(code))
    if process.returncode:
        raise UserMistake(said.decode(errors="replace").strip())
    return msgspec.json.decode(told, type=ServiceDefinition)


def _state_of(root: str) -> dict[str, tuple[int, int]]:
    """Size and time of the project's Python files, by path below the root."""
    return {os.path.relpath(path, root): (facts.st_size, facts.st_mtime_ns) for path, facts in _python_files(root)}


def _python_files(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if not entry.name.startswith(".") and entry.name not in _LEFT_OUT:
                yield from _python_files(entry.path)
        elif entry.name.endswith(".py") and entry.is_file():
            yield entry.path, entry.stat()
