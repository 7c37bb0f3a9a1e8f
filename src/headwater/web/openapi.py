"""The API's description (OpenAPI 3.1), made from the routes; `python -m headwater.web.openapi` prints it."""

import inspect
import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from headwater import __version__
from headwater.web.problems import TYPE, Problem
from headwater.web.routes import PREFIX, Raw, Route, Shape, Upload, shape_of
from headwater.web.tables import all_routes

_REFS = "#/components/schemas/{name}"


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """Describe what can be asked, and what comes back."""
    shapes = [(route, shape_of(route)) for route in routes]
    kinds: list[Any] = [Problem]
    for route, shape in shapes:
        kinds += [kind for _, kind in shape.takes if kind is not Upload]
        kinds += [] if shape.answer in (None, type(None), Raw) or shape.is_stream else [shape.answer]
        kinds += route.events.values()
    unique = list({repr(kind): kind for kind in kinds}.values())
    schemas, components = msgspec.json.schema_components(unique, schema_hook=_any, ref_template=_REFS)
    schema_by_kind = {repr(kind): schema for kind, schema in zip(unique, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route, shape in shapes:
        path = PREFIX + route.path.replace(":path}", "}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, shape, schema_by_kind, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Headwater", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "headwater_session_8501"},
            },
        },
        "security": [{"token": []}, {"session": []}],
    }


def _any(kind: type) -> dict[str, Any]:
    """Describe users' values: they may be anything that JSON holds."""
    if kind is object:
        return {"description": "Any JSON value"}
    raise NotImplementedError


def _operation(
    route: Route, shape: Shape, schema_by_kind: dict[str, Any], components: dict[str, Any]
) -> dict[str, Any]:
    doc = inspect.getdoc(route.answer) or ""
    found: dict[str, Any] = {
        "operationId": route.answer.__name__,
        "summary": doc.partition("\n")[0],
        "tags": [route.answer.__module__.rpartition(".")[2]],
        "x-needs": route.needs,
        "parameters": [*_parameters(shape.at, "path", components), *_parameters(shape.query, "query", components)],
        "responses": {**_answers(route, shape, schema_by_kind), "default": _content(TYPE, _ref(Problem))},
    }
    if route.needs == "nobody":
        found["security"] = []
    if shape.body is Upload:
        binary = {"schema": {"type": "string", "format": "binary"}}
        found["requestBody"] = {"required": True, "content": {"application/octet-stream": binary}}
    elif shape.body is not None:
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema_by_kind[repr(shape.body)]}},
        }
    return found


def _ref(kind: type) -> dict[str, str]:
    return {"$ref": _REFS.format(name=kind.__name__)}


def _answers(route: Route, shape: Shape, schema_by_kind: dict[str, Any]) -> dict[str, Any]:
    if shape.is_stream:
        events = [_event(name, schema_by_kind[repr(kind)]) for name, kind in route.events.items()]
        return {"200": _content("text/event-stream", {"description": "One event of the stream", "oneOf": events})}
    if shape.answer is Raw:
        return {"200": {"description": "As its type says"}}
    if shape.answer in (None, type(None)):
        return {"204": {"description": "Done"}}
    return {str(route.status): _content("application/json", schema_by_kind[repr(shape.answer)])}


def _event(name: str, schema: Any) -> dict[str, Any]:
    """Describe an event as it is once its lines are read; the data is a text that holds JSON."""
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
    return {
        "type": "object",
        "properties": {"id": {"type": "string"}, "event": {"const": name}, "data": data},
        "required": ["id", "event", "data"],
    }


def _content(kind: str, schema: Any) -> dict[str, Any]:
    return {"description": "As its schema says", "content": {kind: {"schema": schema}}}


def _parameters(kind: type | None, place: str, components: dict[str, Any]) -> list[dict[str, Any]]:
    if kind is None:
        return []
    schema = components[kind.__name__]
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": place, "required": place == "path" or name in required, "schema": field}
        for name, field in schema["properties"].items()
    ]


def main() -> None:
    """Print the description of the whole API."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(describe(all_routes())), indent=1) + b"\n")


if __name__ == "__main__":
    main()
