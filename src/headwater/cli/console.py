"""Picks how a run is shown: a live table on a terminal, plain lines elsewhere."""

from types import TracebackType
from typing import Protocol, TextIO, cast

from headwater.cli.live import LiveWatcher
from headwater.cli.plain import PlainWatcher
from headwater.cli.streams import LastingStream
from headwater.runtime.drive import Happening


def watcher(out: TextIO, *, is_quiet: bool, is_shared: bool = False) -> "Watcher":
    """Give the watcher that fits where the output goes.

    Args:
        out: the stream.
        is_quiet: tell only what goes wrong.
        is_shared: steps print to the same terminal, or a debugger talks there: nothing may be drawn over.
    """
    is_live = out.isatty() and not is_quiet and not is_shared
    lasting = cast(TextIO, LastingStream(out))
    return LiveWatcher(lasting) if is_live else PlainWatcher(lasting, is_quiet=is_quiet)


class Watcher(Protocol):
    """Shows one run to a person."""

    def store(self, path: str, source: str, user: str, page: str | None = None) -> None:
        """Name the store, first of all, and where its page is shown; None = nowhere."""

    def see(self, happening: Happening) -> None:
        """Show one thing that happened."""

    def interrupted(self, count: int) -> None:
        """Say what Ctrl-C does."""

    def __enter__(self) -> "Watcher": ...

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None: ...
