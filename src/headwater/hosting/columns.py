"""From the columns of a table to the requests of an endpoint: which column is what, and what is missing."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from headwater.model.errors import UserMistake
from headwater.model.nearest import did_you_mean
from headwater.model.service import EndpointSpec

#: How many rows an endpoint gets at once that takes whole tables.
TABLE_ROWS = 1000
_REFERENCE = "#/components/schemas/"


class ColumnPlan(msgspec.Struct, frozen=True):
    """How rows become requests.

    `fields`: a column for each parameter. `object`: the one parameter is an object, with a column for each field.
    `records` and `lists`: the one parameter is a table (of objects, or of rows of numbers) and takes many rows at once.
    `whole`: the endpoint takes any object, so it gets the row.
    """

    kind: Literal["fields", "object", "records", "lists", "whole"]
    #: Columns that go to the endpoint; the others are carried along.
    used: tuple[str, ...]
    #: The one parameter of `object`, `records` and `lists`.
    parameter: str = ""
    #: JSON schema of each used column, as far as it is known.
    schemas: dict[str, Any] = {}

    @property
    def takes_many(self) -> bool:
        """A request has many rows, and its answer one value for each."""
        return self.kind in ("records", "lists")

    def requests(self, rows: Sequence[Mapping[str, object]]) -> list[bytes]:
        """Make the requests for rows that have the used columns: one each, or one in all when it takes many."""
        if self.kind == "lists":
            return [_json({self.parameter: [[row.get(name) for name in self.used] for row in rows]})]
        records = [{name: row[name] for name in self.used if name in row} for row in rows]
        if self.kind == "records":
            return [_json({self.parameter: records})]
        if self.kind == "object":
            return [_json({self.parameter: record}) for record in records]
        return [_json(record) for record in records]


def plan_columns(spec: EndpointSpec, columns: Sequence[str], where: str) -> ColumnPlan:
    """Decide how a table's columns become requests.

    Args:
        spec: the endpoint.
        columns: names, in the table's order.
        where: what the table is, for people: `rows.csv`.

    Raises:
        UserMistake: columns are missing; names all of them, and near ones.
    """
    takes = msgspec.json.decode(spec.takes)
    properties: dict[str, Any] = takes.get("properties", {})
    if not properties:
        return ColumnPlan("whole", tuple(columns))
    required: list[str] = takes.get("required", [])
    if len(required) == 1 and required[0] not in columns:
        (parameter,) = required
        inner = _resolved(spec, properties[parameter])
        if inner.get("type") == "object" and inner.get("properties"):
            return _plan(spec, "object", parameter, inner, columns, where)
        items = _resolved(spec, inner.get("items", False)) if inner.get("type") == "array" else None
        if items is not None and items.get("type") == "object":
            return _plan(spec, "records", parameter, items, columns, where)
        if items is not None and (not items or items.get("type") == "array"):
            return ColumnPlan("lists", tuple(columns), parameter)
    return _plan(spec, "fields", "", takes, columns, where)


def _plan(
    spec: EndpointSpec,
    kind: Literal["fields", "object", "records"],
    parameter: str,
    schema: dict[str, Any],
    columns: Sequence[str],
    where: str,
) -> ColumnPlan:
    properties: dict[str, Any] = schema.get("properties", {})
    if not properties:
        return ColumnPlan(kind, tuple(columns), parameter)
    missing = [name for name in schema.get("required", []) if name not in columns]
    if missing:
        named = ", ".join(f"`{name}`" for name in missing)
        noun = "column" if len(missing) == 1 else "columns"
        hint = did_you_mean(missing[0], columns, what="Its columns")
        raise UserMistake(f"endpoint `{spec.name}` needs {noun} {named}, which {where} does not have", hint=hint)
    used = tuple(name for name in columns if name in properties)
    return ColumnPlan(kind, used, parameter, {name: _resolved(spec, properties[name]) for name in used})


def _resolved(spec: EndpointSpec, schema: Any) -> dict[str, Any]:
    """Follow a reference to the schema that it names."""
    if not isinstance(schema, dict):
        return {}
    name = schema.get("$ref", "").removeprefix(_REFERENCE)
    if not name:
        return schema
    found: dict[str, Any] = msgspec.json.decode(spec.definitions[name])
    return found


def _json(value: object) -> bytes:
    return msgspec.json.encode(value, enc_hook=_plain)


def _plain(value: Any) -> object:
    """Give what JSON can hold for what tables hold besides: times and numbers of other libraries."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    return str(value)
