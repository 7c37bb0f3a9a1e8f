"""Finds fields that a row type does not have: dataclasses and typed dictionaries would let them pass unseen."""

from collections.abc import Mapping
from typing import Any

#: A JSON schema.
Schema = Mapping[str, Any]


def close_rows(definitions: dict[str, Any]) -> bool:
    """Let the schemas of row types allow no further fields; gives whether there are any."""
    rows = [each for each in definitions.values() if "properties" in each]
    for row in rows:
        row.setdefault("additionalProperties", False)
    return bool(rows)


def extra_field(value: object, schema: Schema, definitions: Mapping[str, Schema], path: str = "$") -> str | None:
    """Give the path of a field that its object's schema does not have, such as `$.customer.agee`; None = there is none.

    Args:
        value: plain values that fit the schema otherwise.
        schema: what they are.
        definitions: the schemas that it refers to, by name.
        path: where the value stands.
    """
    if "$ref" in schema:
        return extra_field(value, definitions.get(schema["$ref"].rpartition("/")[2], {}), definitions, path)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            options = [each for each in schema[key] if _may_be(value, each)]
            found = [extra_field(value, each, definitions, path) for each in options]
            return None if None in found or not found else found[0]
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        places = enumerate(value)
        return _first(extra_field(each, schema["items"], definitions, f"{path}[{at}]") for at, each in places)
    if not isinstance(value, dict):
        return None
    known = schema.get("properties", {})
    further = schema.get("additionalProperties", True)
    for name, each in value.items():
        within = known.get(name, further)
        if within is False:
            return f"{path}.{name}"
        if isinstance(within, dict) and (inner := extra_field(each, within, definitions, f"{path}.{name}")) is not None:
            return inner
    return None


def _may_be(value: object, schema: Schema) -> bool:
    """Whether a value may be meant by a schema: `null` is no option for an object."""
    kind = schema.get("type")
    if isinstance(value, dict):
        return kind in (None, "object")
    return not isinstance(value, list) or kind in (None, "array")


def _first(found: Any) -> str | None:
    return next((each for each in found if each is not None), None)
