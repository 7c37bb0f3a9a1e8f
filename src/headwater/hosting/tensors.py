"""The Open Inference Protocol's tensors (version 2, with binary data): from a request to calls and back.

A scalar parameter is a tensor with an element a call; a row type is a tensor a field; an array is one tensor, and a
frame a tensor a column, each for one call.
"""

import dataclasses
import math
import struct
import typing
from collections.abc import Sequence
from typing import Any

import msgspec

from headwater.hosting.signatures import Signature
from headwater.hosting.values import is_array, is_frame
from headwater.model.service import TensorSpec

#: Datatype -> NumPy's name for it; those of BF16 and BYTES are made by hand.
_NUMPY = {
    "BOOL": "bool",
    "UINT8": "uint8",
    "UINT16": "uint16",
    "UINT32": "uint32",
    "UINT64": "uint64",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "FP16": "float16",
    "FP32": "float32",
    "FP64": "float64",
}
_DATATYPE = {name: datatype for datatype, name in _NUMPY.items()}
_SCALARS = {str: "BYTES", int: "INT64", float: "FP64", bool: "BOOL"}
_PREFIX = struct.Struct("<I")
#: Elements of one request's tensor at most.
_MOST_ELEMENTS = 50_000_000


class TensorMistake(Exception):
    """A request that is no request of the protocol, or does not fit the endpoint."""


class _Input(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, str | int | float | bool] = {}
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Output(msgspec.Struct):
    name: str
    parameters: dict[str, str | int | float | bool] = {}


class _Request(msgspec.Struct):
    inputs: list[_Input]
    id: str | None = None
    parameters: dict[str, str | int | float | bool] = {}
    outputs: list[_Output] | None = None


class Asked(msgspec.Struct):
    """A request, read."""

    #: Arguments of each call.
    calls: list[Sequence[object]]
    id: str | None
    #: Name -> wants binary data; None = all outputs.
    outputs: dict[str, bool] | None
    is_binary: bool


_requests = msgspec.json.Decoder(_Request)


def tensor_error(text: str) -> bytes:
    """Give the protocol's body of an error."""
    return msgspec.json.encode({"error": text})


def inputs_of(signature: Signature) -> tuple[TensorSpec, ...]:
    """Give the tensors that an endpoint takes, as its metadata says them; a frame's columns are not known here."""
    return tuple(
        TensorSpec(name, "FP64", (-1, -1)) if is_array(kind) else TensorSpec(name, _datatype(kind), (-1,))
        for name, kind in _tensors_of(signature).items()
        if not is_frame(kind)
    )


def outputs_of(signature: Signature) -> tuple[TensorSpec, ...]:
    """Give the tensors that an endpoint answers with, as far as its annotation says."""
    fields = _fields(signature.gives)
    if fields is not None:
        return tuple(TensorSpec(name, _datatype(kind), (-1,)) for name, kind in fields.items())
    return (TensorSpec("output", _SCALARS.get(signature.gives, "FP64"), (-1,)),)


def read_tensors(body: bytes, json_length: int, signature: Signature) -> Asked:
    """Read a request.

    Args:
        body: JSON, and behind it the binary data of tensors.
        json_length: bytes of JSON; 0 = all of it.
        signature: the endpoint that it is for.

    Raises:
        TensorMistake: says what is wrong with it.
    """
    text, binary = (body, b"") if not json_length else (body[:json_length], body[json_length:])
    try:
        request = _requests.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise TensorMistake(str(wrong)) from wrong
    arrays: dict[str, Any] = {}
    offset = 0
    for tensor in request.inputs:
        if tensor.name in arrays:
            raise TensorMistake(f"input `{tensor.name}` was sent twice")
        size = tensor.parameters.get("binary_data_size")
        if size is None:
            arrays[tensor.name] = _from_json(tensor)
            continue
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(binary) - offset:
            raise TensorMistake(f"input `{tensor.name}`: binary_data_size {size!r} is more than what was sent")
        arrays[tensor.name] = _from_binary(tensor, binary[offset : offset + size])
        offset += size
    if offset != len(binary):
        raise TensorMistake(f"{len(binary) - offset} bytes follow the tensors")
    outputs = None
    if request.outputs is not None:
        outputs = {each.name: bool(each.parameters.get("binary_data")) for each in request.outputs}
    is_binary = bool(request.parameters.get("binary_data_output"))
    return Asked(_calls(arrays, signature), request.id, outputs, is_binary)


def answer_tensors(asked: Asked, answers: Sequence[object], model: str, version: str) -> tuple[bytes, int]:
    """Write an answer: the body, and the bytes of JSON at its start (0 when nothing follows).

    Raises:
        TensorMistake: an output was asked for that there is not.
    """
    tensors = _named(answers)
    wanted = asked.outputs if asked.outputs is not None else dict.fromkeys(tensors, asked.is_binary)
    outputs: list[dict[str, object]] = []
    binary: list[bytes] = []
    for name, is_binary in wanted.items():
        if name not in tensors:
            raise TensorMistake(f"there is no output `{name}`; there are: {', '.join(tensors)}")
        array, datatype = tensors[name]
        described: dict[str, object] = {"name": name, "datatype": datatype, "shape": list(array.shape)}
        if is_binary:
            data = _to_binary(array, datatype)
            binary.append(data)
            outputs.append({**described, "parameters": {"binary_data_size": len(data)}})
        else:
            outputs.append({**described, "data": array.ravel().tolist()})
    head: dict[str, object] = {"model_name": model, "model_version": version, "outputs": outputs}
    if asked.id is not None:
        head["id"] = asked.id
    text = msgspec.json.encode(head)
    return text + b"".join(binary), len(text) if binary else 0


def _tensors_of(signature: Signature) -> dict[str, Any]:
    """Name of each tensor -> type of the parameter or field that it fills."""
    if len(signature.types) == 1:
        (kind,) = signature.types.values()
        fields = _fields(kind)
        if fields is not None:
            return fields
    return dict(signature.types)


def _fields(kind: Any) -> dict[str, Any] | None:
    """Fields of a row type by name; None when it is none."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return {field.name: field.type for field in msgspec.structs.fields(kind)}
    if dataclasses.is_dataclass(kind) or typing.is_typeddict(kind):
        return typing.get_type_hints(kind)
    return None


def _datatype(kind: Any) -> str:
    if typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    return _SCALARS.get(kind, "BYTES")


def _calls(arrays: dict[str, Any], signature: Signature) -> list[Sequence[object]]:
    types = list(signature.types.items())
    try:
        if len(types) == 1 and is_frame(types[0][1]):
            return [[_frame(arrays)]]
        if any(is_array(kind) for _, kind in types):
            return [signature.convert({name: _plain(array, types, name) for name, array in arrays.items()})]
        rows = _rows(arrays)
        if len(types) == 1 and _fields(types[0][1]) is not None:
            return [signature.convert({types[0][0]: row}) for row in rows]
        return [signature.convert(row) for row in rows]
    except (msgspec.ValidationError, ValueError) as wrong:
        raise TensorMistake(str(wrong)) from wrong


def _plain(array: Any, types: list[tuple[str, Any]], name: str) -> object:
    if any(known == name and is_array(kind) for known, kind in types):
        if array.dtype.kind not in "biuf":
            raise TensorMistake(f"input `{name}`: numbers are wanted")
        return array
    return array.ravel().tolist()[0] if array.size == 1 else array.tolist()


def _rows(arrays: dict[str, Any]) -> list[dict[str, object]]:
    lengths = {name: int(array.size) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise TensorMistake(f"the inputs have different numbers of elements: {lengths}")
    columns = {name: array.ravel().tolist() for name, array in arrays.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _frame(arrays: dict[str, Any]) -> object:
    import pandas

    return pandas.DataFrame({name: array.ravel() for name, array in arrays.items()})


def _from_json(tensor: _Input) -> Any:
    numpy = _numpy()
    if isinstance(tensor.data, msgspec.UnsetType):
        raise TensorMistake(f"input `{tensor.name}` has no data")
    count = _count(tensor)
    try:
        flat = _flattened(msgspec.json.decode(tensor.data), tensor.name)
    except msgspec.DecodeError as wrong:
        raise TensorMistake(f"input `{tensor.name}`: {wrong}") from wrong
    if len(flat) != count:
        raise TensorMistake(
            f"input `{tensor.name}`: shape {tensor.shape} holds {count} elements, {len(flat)} were sent"
        )
    kind = _NUMPY.get(tensor.datatype)
    if tensor.datatype == "BYTES":
        if any(not isinstance(value, str) for value in flat):
            raise TensorMistake(f"input `{tensor.name}`: elements of BYTES are texts")
        return numpy.array(flat, dtype=object).reshape(tensor.shape)
    if kind is None or tensor.datatype == "FP16":
        raise TensorMistake(f"input `{tensor.name}`: {tensor.datatype} has no form in JSON")
    is_fitting = (bool,) if tensor.datatype == "BOOL" else (int,) if "INT" in tensor.datatype else (int, float)
    if any(type(value) not in is_fitting for value in flat):
        raise TensorMistake(f"input `{tensor.name}` holds elements that are no {tensor.datatype}")
    try:
        return numpy.array(flat, dtype=kind).reshape(tensor.shape)
    except (OverflowError, ValueError) as wrong:
        raise TensorMistake(f"input `{tensor.name}`: {wrong}") from wrong


def _flattened(data: object, name: str) -> list[object]:
    if not isinstance(data, list):
        raise TensorMistake(f"input `{name}`: data is no array")
    while data and isinstance(data[0], list):
        if not all(isinstance(part, list) for part in data):
            raise TensorMistake(f"input `{name}`: data is nested unevenly")
        data = [value for part in data for value in part]
    return data


def _from_binary(tensor: _Input, data: bytes) -> Any:
    numpy = _numpy()
    count = _count(tensor)
    if tensor.datatype == "BYTES":
        return numpy.array(_texts(data, count, tensor.name), dtype=object).reshape(tensor.shape)
    if tensor.datatype == "BF16":
        if len(data) != count * 2:
            raise TensorMistake(f"input `{tensor.name}`: {count} elements of BF16 take {count * 2} bytes")
        wide = numpy.frombuffer(data, dtype="<u2").astype("<u4") << 16
        return wide.view("<f4").reshape(tensor.shape)
    if tensor.datatype not in _NUMPY:
        raise TensorMistake(f"input `{tensor.name}`: there is no datatype {tensor.datatype}")
    kind = numpy.dtype(_NUMPY[tensor.datatype]).newbyteorder("<")
    if len(data) != count * kind.itemsize:
        needed = count * kind.itemsize
        raise TensorMistake(f"input `{tensor.name}`: shape {tensor.shape} takes {needed} bytes, {len(data)} were sent")
    return numpy.frombuffer(data, dtype=kind).reshape(tensor.shape)


def _texts(data: bytes, count: int, name: str) -> list[str]:
    found: list[str] = []
    offset = 0
    try:
        while offset < len(data):
            (length,) = _PREFIX.unpack_from(data, offset)
            offset += 4 + length
            if offset > len(data):
                raise TensorMistake(f"input `{name}`: an element is longer than what was sent")
            found.append(data[offset - length : offset].decode())
    except (struct.error, UnicodeDecodeError) as wrong:
        raise TensorMistake(f"input `{name}`: {wrong}") from wrong
    if len(found) != count:
        raise TensorMistake(f"input `{name}`: {count} elements were said, {len(found)} were sent")
    return found


def _count(tensor: _Input) -> int:
    if any(length < 0 for length in tensor.shape):
        raise TensorMistake(f"input `{tensor.name}`: {tensor.shape} is no shape")
    count = math.prod(tensor.shape)
    if count > _MOST_ELEMENTS:
        raise TensorMistake(f"input `{tensor.name}` holds more than {_MOST_ELEMENTS} elements")
    return count


def _named(answers: Sequence[object]) -> dict[str, tuple[Any, str]]:
    """Outputs by name, each an array with its datatype; a dictionary a call gives one an entry."""
    numpy = _numpy()
    if answers and all(_fields(type(answer)) is not None for answer in answers):
        answers = [msgspec.to_builtins(answer) for answer in answers]
    rows = [answer for answer in answers if isinstance(answer, dict)]
    if rows and len(rows) == len(answers):
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: _typed(numpy.array([row.get(name) for row in rows])) for name in names}
    if len(answers) == 1 and hasattr(answers[0], "shape"):
        return {"output": _typed(numpy.asarray(answers[0]))}
    if len(answers) == 1 and isinstance(answers[0], list):
        return {"output": _typed(numpy.asarray(answers[0]))}
    return {"output": _typed(numpy.asarray(answers))}


def _typed(array: Any) -> tuple[Any, str]:
    datatype = _DATATYPE.get(array.dtype.name)
    if datatype is not None:
        return array, datatype
    texts = [
        value if isinstance(value, str) else msgspec.json.encode(value).decode() for value in array.ravel().tolist()
    ]
    return _numpy().array(texts, dtype=object).reshape(array.shape), "BYTES"


def _to_binary(array: Any, datatype: str) -> bytes:
    if datatype == "BYTES":
        encoded = [text.encode() for text in array.ravel().tolist()]
        return b"".join(_PREFIX.pack(len(text)) + text for text in encoded)
    data: bytes = array.astype(array.dtype.newbyteorder("<")).tobytes()
    return data


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise TensorMistake("this version's environment has no numpy, which tensors need") from error
    return numpy
