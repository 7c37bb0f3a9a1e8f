"""`IncludeFile`: a parameter whose value is the content of a file."""

import importlib
import os
from collections.abc import Callable
from typing import Any

from headwater.flow.parameter import ABSENT, Parameter
from headwater.model.errors import Mistake, ParameterMistake
from headwater.model.graph import ParameterSpec
from headwater.model.nearest import did_you_mean


class IncludeFile(Parameter):
    """A file whose content is read once, when the run starts, and kept as a read-only artifact.

    Args:
        name: Name on the command line (`--name PATH`).
        required: Refuse to start without a path.
        is_text: The value is text; else bytes.
        encoding: Of the text.
        help: One line for `--help`.
        default: Path when none is given, looked up from the working directory, then beside the flow's file; a
            function gives a path and is called once a run. Without one the value is None.
        parser: Function (or its dotted name) that turns the content into the value.
        **extra: Further arguments of `click.option`.
    """

    def __init__(
        self,
        name: str,
        required: bool = False,
        is_text: bool = True,
        encoding: str = "utf-8",
        help: str | None = None,
        default: str | os.PathLike[str] | Callable[..., object] | None = None,
        parser: str | Callable[[Any], object] | None = None,
        **extra: Any,
    ) -> None:
        path = os.fspath(default) if isinstance(default, os.PathLike) else default
        super().__init__(name, default=path, type=str, help=help, required=required, **extra)
        self.is_text = is_text
        self.encoding = encoding
        self.parser = parser

    _depth = 2

    def convert(self, value: object) -> Any:
        """Read the file at a path.

        Raises:
            ParameterMistake: there is no such file, it cannot be decoded, or the parser fails.
        """
        if not isinstance(value, str | os.PathLike):
            raise ParameterMistake(f"parameter `{self.name}`: {value!r:.200} is no path")
        content = self._read(os.fspath(value))
        return content if self.parser is None else self._parse(content)

    def spec(self) -> ParameterSpec:
        """Describe it for those who only see the graph; the default is the path's JSON text."""
        is_required = self.required and self.default is ABSENT
        return ParameterSpec(
            self.name,
            self.attribute,
            "file",
            is_required,
            None,
            self.is_computed,
            self.help,
            encoding=self.encoding if self.is_text else None,
            is_own_type=self.parser is not None,
        )

    def mistakes(self) -> list[Mistake]:
        """Say what is wrong with the definition; whether the file exists is asked when a run starts."""
        if self.default is ABSENT or callable(self.default) or isinstance(self.default, str):
            return []
        text = f"the default of `{self.name}` is {self.default!r:.100}, which is no path"
        return [Mistake(text, self.place.file, self.place.line)]

    def _read(self, path: str) -> str | bytes:
        found = self._find(path)
        try:
            with open(found, "rb") as file:
                content = file.read()
        except OSError as error:
            hint = _near_files(path)
            raise ParameterMistake(f"parameter `{self.name}`: {path}: {error.strerror}", hint=hint) from error
        if not self.is_text:
            return content
        try:
            return content.decode(self.encoding)
        except (UnicodeDecodeError, LookupError) as error:
            hint = "give another `encoding`, or is_text=False to have the bytes"
            raise ParameterMistake(f"parameter `{self.name}`: {path}: {error}", hint=hint) from error

    def _find(self, path: str) -> str:
        expanded = os.path.expanduser(path)
        if not os.path.isabs(expanded) and not os.path.exists(expanded):
            beside = os.path.join(os.path.dirname(self.place.file), expanded)
            return beside if os.path.exists(beside) else expanded
        return expanded

    def _parse(self, content: str | bytes) -> Any:
        try:
            parse = _import(self.parser) if isinstance(self.parser, str) else self.parser
            return parse(content)  # type: ignore[misc]
        except Exception as error:
            text = f"parameter `{self.name}`: its parser raised {type(error).__name__}: {error}"
            raise ParameterMistake(text) from error


def _import(path: str) -> Callable[[Any], object]:
    module, _, name = path.rpartition(".")
    found: Callable[[Any], object] = getattr(importlib.import_module(module), name)
    return found


def _near_files(path: str) -> str:
    folder = os.path.dirname(os.path.expanduser(path)) or "."
    try:
        return did_you_mean(os.path.basename(path), os.listdir(folder))
    except OSError:
        return f"there is no folder {folder}"
