"""Opens the engine whose tasks run in this process, where a debugger works."""

from headwater.engines.inline import InlineEngine
from headwater.model.order import CodeSource
from headwater.model.ports import Engine
from headwater.worker import inline_attempt


def open_engine(code: CodeSource) -> Engine:
    """Give an engine for the flow's file."""
    return InlineEngine(code, inline_attempt)
