"""`Parameter`: a value that the command line gives to a flow; and class constants. Both are read-only artifacts."""

from collections.abc import Callable
from typing import Any

import msgspec

from headwater.flow.step import caller_place
from headwater.model.errors import Mistake, ParameterMistake
from headwater.model.graph import ParameterSpec

NOT_MODIFIABLE = "Flow level attributes and Parameters are not modifiable"


class JSONTypeClass:
    """Type of a parameter whose text is JSON and whose value is what the JSON says."""

    name = "JSON"

    def convert(self, value: object, param: object = None, ctx: object = None) -> Any:
        """Parse JSON text; anything else is taken as it is."""
        if not isinstance(value, str | bytes):
            return value
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise ValueError(f"{value!r:.200} is no JSON: {error}") from error

    def __repr__(self) -> str:
        return "JSON"


#: For `Parameter(type=JSONType)`.
JSONType = JSONTypeClass()


class ParameterContext(msgspec.Struct, frozen=True):
    """What a default that is computed at the start of a run (`default=function`) is called with."""

    flow_name: str
    user_name: str
    parameter_name: str
    logger: Callable[..., None] = print
    ds_type: str = "local"
    configs: dict[str, object] = {}


class _ReadOnly:
    """A class attribute that steps read from their run, and cannot set."""

    attribute = ""

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute

    def __set__(self, flow: object, value: object) -> None:
        raise AttributeError(NOT_MODIFIABLE, name=self.attribute, obj=flow)

    def __delete__(self, flow: object) -> None:
        raise AttributeError(NOT_MODIFIABLE, name=self.attribute, obj=flow)

    def _load(self, flow: Any) -> tuple[bool, Any]:
        """Give (found, value) of this attribute in the flow's run."""
        loaded = flow._loaded
        if self.attribute in loaded:
            return True, loaded[self.attribute]
        if flow._scope is None:
            return False, None
        try:
            value = flow._scope.load(self.attribute)
        except KeyError:
            return False, None
        loaded[self.attribute] = value
        return True, value


class Constant(_ReadOnly):
    """A public class variable: `Flow.x` is the value, `self.x` in a step the value that its run recorded."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __get__(self, flow: object, owner: type) -> Any:
        if flow is None:
            return self.value
        found, value = self._load(flow)
        return value if found else self.value


class _Absent:
    def __repr__(self) -> str:
        return "no default"


#: Stands for a default that was not given.
ABSENT = _Absent()

_TYPE_NAMES: dict[object, str] = {str: "str", int: "int", float: "float", bool: "bool", JSONType: "json"}


class Parameter(_ReadOnly):
    """A value that whoever starts a run may choose; in steps it is the read-only artifact of the attribute's name.

    Args:
        name: Name on the command line (`--name`); the attribute may be called differently.
        default: Value when none is given; a function is called once a run, with a `ParameterContext`.
        type: str, int, float, bool, `JSONType`, or a type of click; by default the type of `default`, else str.
        help: One line for `--help`.
        required: Refuse to start without a value.
        show_default: Show the default in `--help`.
        separator: Split the text at it; the value is a list.
        is_flag: `--name` alone means True.
        **extra: Further arguments of `click.option`, given on to the command line.
    """

    #: Reported by checks as a mistake when the name is one of the command line's own options.
    def __init__(
        self,
        name: str,
        default: object = ABSENT,
        type: object = None,
        help: str | None = None,
        required: bool = False,
        show_default: object = True,
        separator: str | None = None,
        is_flag: bool = False,
        **extra: Any,
    ) -> None:
        self.name = name
        self.default = ABSENT if default is None else default
        self.help = help or ""
        self.required = required
        self.show_default = show_default
        self.separator = separator
        self.is_flag = is_flag
        self.extra = extra
        self.place = caller_place(self._depth)
        self.type = _type_of(self.default, is_flag) if type is None else type

    #: Calls between `__init__` and the user's code.
    _depth = 1

    def __get__(self, flow: object, owner: type) -> Any:
        if flow is None:
            return self
        found, value = self._load(flow)
        if not found:
            text = f"Flow {owner.__name__} has no value for the parameter '{self.name}' outside of a run"
            raise AttributeError(text, name=self.attribute)
        return value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def is_computed(self) -> bool:
        """True when the default is a function."""
        return callable(self.default)

    def convert(self, value: object) -> Any:
        """Turn text from the command line, or a value given from Python, into the parameter's value.

        Raises:
            ParameterMistake: the value is not one of the parameter's type.
        """
        if self.extra.get("multiple") and isinstance(value, list | tuple):
            return tuple(self._convert_one(each) for each in value)
        if self.separator is not None and isinstance(value, list | tuple):
            return [self._convert_one(each) for each in value]
        if self.separator is not None and isinstance(value, str):
            return value.split(self.separator)
        return self._convert_one(value)

    def spec(self) -> ParameterSpec:
        """Describe it for those who only see the graph."""
        default = None
        if self.default is not ABSENT and not self.is_computed:
            try:
                default = msgspec.json.encode(self.convert(self.default)).decode()
            except (TypeError, ParameterMistake):
                default = None
        kind = _TYPE_NAMES.get(self.type, "str")
        is_required = self.required and self.default is ABSENT
        return ParameterSpec(
            self.name,
            self.attribute,
            kind,
            is_required,
            default,
            self.is_computed,
            self.help,
            separator=self.separator,
            is_multiple=bool(self.extra.get("multiple")),
            is_own_type=self.type not in _TYPE_NAMES,
        )

    def mistakes(self) -> list[Mistake]:
        """Say what is wrong with the definition itself."""
        found: list[str] = []
        if self.default is not ABSENT and not self.is_computed:
            try:
                self.convert(self.default)
            except ParameterMistake as wrong:
                found.append(f"the default of {wrong.message}")
        if self.separator is not None and self.type is not str:
            found.append(f"parameter `{self.name}` has a separator, which only text can have")
        if self.is_flag and self.type is not bool:
            found.append(f"parameter `{self.name}` is a flag, which only bool can be")
        return [Mistake(text, self.place.file, self.place.line) for text in found]

    def _convert_one(self, value: object) -> Any:
        try:
            return _convert(value, self.type)
        except ParameterMistake:
            raise
        except Exception as error:
            reason = getattr(error, "message", None) or str(error)
            raise ParameterMistake(f"parameter `{self.name}`: {reason}") from error


_TRUE = {"true", "1", "yes", "y", "t", "on"}
_FALSE = {"false", "0", "no", "n", "f", "off"}


def _type_of(default: object, is_flag: bool) -> object:
    if is_flag or isinstance(default, bool):
        return bool
    for kind in (int, float):
        if isinstance(default, kind):
            return kind
    return JSONType if isinstance(default, list | dict | tuple) else str


def _convert(value: object, kind: Any) -> Any:
    if kind is str:
        return _text(value)
    if kind is bool:
        return _bool(value)
    if kind is int or kind is float:
        return _number(value, kind)
    if hasattr(kind, "convert"):
        return kind.convert(value, None, None)
    return kind(value)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    raise ValueError(f"{value!r:.200} is no text")


def _bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = value.strip().lower() if isinstance(value, str) else str(value)
    if text in _TRUE | _FALSE:
        return text in _TRUE
    raise ValueError(f"{value!r:.200} is neither True nor False")


def _number(value: object, kind: type) -> Any:
    noun = "whole number" if kind is int else "number"
    try:
        number = None if isinstance(value, bool) else kind(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or (kind is int and not isinstance(value, str) and number != value):
        raise ValueError(f"{value!r:.200} is no {noun}")
    return number
