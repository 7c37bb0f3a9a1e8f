"""From the annotations of an endpoint to the types that its requests are read with, and their JSON schemas."""

import inspect
import sys
import typing
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from headwater.hosting.extra_fields import close_rows, extra_field
from headwater.hosting.repeated import repeated_name
from headwater.hosting.spec import Batch, EndpointMark
from headwater.hosting.values import from_json, is_array, is_frame, schema_of, to_json
from headwater.model.errors import UserMistake

#: Where the schemas that others refer to stand in an OpenAPI document.
REFERENCE = "#/components/schemas/{name}"


class Signature:
    """What one endpoint takes and gives, ready to read requests and write answers.

    Raises:
        UserMistake: the annotations cannot be served; says which one.
    """

    def __init__(self, name: str, function: Callable[..., object], mark: EndpointMark) -> None:
        self.name = name
        self.mark = mark
        self.takes_whole_body = is_older_form(function)
        fields: list[Any] = [("request_dict", dict[str, Any])]
        self.gives: Any = dict[str, Any]
        if not self.takes_whole_body:
            fields, self.gives = _annotations(name, function, is_batched=mark.batch is not None)
        #: Names of the parameters, in order.
        self.parameters = tuple(field[0] for field in fields)
        #: Type of each, of one call.
        self.types: dict[str, Any] = {field[0]: field[1] for field in fields}
        self.defaults = {field[0]: field[2] for field in fields if len(field) == 3}
        #: Its types do not say what the input holds: columns of a frame, shape of an array, fields of an object.
        self.is_open = any(_is_open(kind) for kind in self.types.values())
        # An unknown type shows only when a decoder or a schema is made.
        try:
            self._body = msgspec.defstruct(f"{name}_request", fields, forbid_unknown_fields=True, kw_only=True)
            body: Any = dict[str, Any] if self.takes_whole_body else self._body
            self._decoder = msgspec.json.Decoder(body, dec_hook=from_json)
            schemas, definitions = msgspec.json.schema_components(
                [body, self.gives], schema_hook=schema_of, ref_template=REFERENCE
            )
        except (TypeError, NameError) as error:
            raise UserMistake(f"endpoint `{name}` cannot be served: {error}", hint=_TYPES) from error
        self.takes_schema = _inlined(schemas[0], definitions)
        self.gives_schema = schemas[1]
        self.definitions: dict[str, Any] = definitions
        self._has_rows = close_rows(definitions)
        self._encode = msgspec.json.Encoder(enc_hook=to_json).encode

    def read(self, body: bytes) -> Sequence[object]:
        """Read a request's body: the arguments, in the order of the parameters.

        Raises:
            msgspec.DecodeError: it is no JSON, an object has a name twice, or it is not of the types.
            RecursionError: it is nested too deeply.
        """
        try:
            read = self._decoder.decode(body)
        except UnicodeDecodeError as wrong:
            raise msgspec.DecodeError(f"it is not UTF-8: {wrong.reason}") from wrong
        if (name := repeated_name(body)) is not None:
            raise msgspec.DecodeError(f"an object has `{name[:100]}` twice")
        if self.takes_whole_body:
            return [read]
        if self._has_rows:
            self._refuse_extra(msgspec.json.decode(body))
        return [getattr(read, name) for name in self.parameters]

    def _refuse_extra(self, values: object) -> None:
        """Raise for a field that a row type does not have."""
        path = extra_field(values, self.takes_schema, self.definitions)
        if path is not None:
            field = path.rpartition(".")[2]
            raise msgspec.ValidationError(f"Object contains unknown field `{field[:100]}` - at `{path[:200]}`")

    def convert(self, values: dict[str, object]) -> Sequence[object]:
        """Read values that are Python objects already (from a frame or a tensor), with the same checks."""
        read = msgspec.convert(values, self._body, dec_hook=from_json)
        if self._has_rows:
            self._refuse_extra(values)
        return [getattr(read, name) for name in self.parameters]

    def write(self, answer: object) -> bytes:
        """Write an answer as JSON; numbers that JSON does not know become null.

        Raises:
            TypeError: it holds something that has no JSON form.
        """
        return self._encode(answer)


def is_older_form(function: Callable[..., object]) -> bool:
    """Whether an endpoint is `def x(self, request_dict)` without annotations: it gets the whole body."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return [each.name for each in parameters] == ["request_dict"] and parameters[0].annotation is parameters[0].empty


def _annotations(name: str, function: Callable[..., object], *, is_batched: bool) -> tuple[list[Any], Any]:
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise UserMistake(f"endpoint `{name}`: an annotation names what is not there: {error}") from error
    parameters = list(inspect.signature(function).parameters.values())[1:]
    fields: list[Any] = []
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise UserMistake(f"endpoint `{name}`: `{parameter}` has no name that a caller could give", hint=_TYPES)
        if parameter.name not in hints:
            raise UserMistake(f"endpoint `{name}`: parameter `{parameter.name}` has no annotation", hint=_TYPES)
        kind = _one_call(name, parameter.name, hints[parameter.name], is_batched=is_batched)
        fields.append(
            (parameter.name, kind)
            if parameter.default is parameter.empty
            else (parameter.name, kind, _default(parameter.default))
        )
    if inspect.iscoroutinefunction(function):
        raise UserMistake(
            f"endpoint `{name}` is `async`", hint="write a plain method: each call has a process to itself"
        )
    gives = hints.get("return", Any)
    if is_batched and typing.get_origin(gives) in (Batch, list, Sequence):
        gives = typing.get_args(gives)[0]
    return fields, gives


def _one_call(endpoint: str, name: str, hint: Any, *, is_batched: bool) -> Any:
    if not is_batched:
        if typing.get_origin(hint) is Batch:
            asked = "@endpoint(batch=32)"
            raise UserMistake(f"endpoint `{endpoint}`: `{name}` is a Batch, but its calls are not gathered", hint=asked)
        return hint
    if typing.get_origin(hint) is not Batch or is_array(hint) or is_frame(hint):
        raise UserMistake(
            f"endpoint `{endpoint}` gathers calls: `{name}` must be annotated `Batch[...]`",
            hint="for instance Batch[str]",
        )
    return typing.get_args(hint)[0]


def _is_open(kind: Any) -> bool:
    return is_array(kind) or is_frame(kind) or kind is Any or kind is dict or typing.get_origin(kind) is dict


def _default(value: object) -> object:
    return msgspec.field(default_factory=lambda: value) if isinstance(value, list | dict | set) else value


def _inlined(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Put the body's own schema where it is used: its name is of no interest to callers."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = definitions.pop(name) if name in definitions else schema
    found.pop("title", None)
    return found


_TYPES = (
    "what can be served: str, int, float, bool, None, lists, dicts, Literal, enums, dates, dataclasses, typed dicts, "
    "`msgspec.Struct`s, `numpy.ndarray`, `pandas.DataFrame`"
)


def size_of(value: object) -> int:
    """Give how many rows an argument holds: 1 unless it is an array or a frame."""
    if "numpy" in sys.modules and (is_array(type(value)) or is_frame(type(value))):
        return len(typing.cast(Sequence[object], value))
    return 1
