"""Starts the engine's process before this one has imported what drives a run: both import at the same time."""

import os

from headwater.cli.flow_file import ENGINE
from headwater.engines.local import LocalEngine
from headwater.model.order import CodeSource
from headwater.settings import Settings, read_settings


def start_engine_early(found: dict[str, object], code: CodeSource, words: list[str]) -> None:
    """Start the worker processes before this one imports the flow: both import it at the same time."""
    if not any(word == "inline" or word == "--engine=inline" for word in words):
        settings = read_settings({}, os.environ, os.getcwd())
        max_log_bytes = int(settings.max_log_size.value) << 20
        found[ENGINE] = LocalEngine(code, max_running=_workers(words, settings), max_log_bytes=max_log_bytes)


def _workers(words: list[str], settings: Settings) -> int:
    """The limit of attempts at work, before the command line is parsed for good."""
    for number, word in enumerate(words):
        text = word.partition("=")[2] if word.startswith("--max-workers=") else ""
        if word == "--max-workers" and number + 1 < len(words):
            text = words[number + 1]
        if text.isdigit() and int(text):
            return int(text)
    return int(settings.max_workers.value)
