"""The OpenAPI document of services, made of their compiled definitions."""

from collections.abc import Iterable
from typing import Any

import msgspec

from headwater.model.service import EndpointSpec, ServiceDefinition

_PREFIX = "#/components/schemas/"
_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "required": ["title", "status"],
}
_HEADERS = {
    "prediction-id": {"schema": {"type": "string"}, "description": "names this answer"},
    "service-version": {"schema": {"type": "string"}, "description": "what answered"},
}
_FAILURES = {
    "400": "The body is no JSON",
    "413": "The body is too large",
    "415": "The body is not said to be JSON",
    "422": "The body does not fit the endpoint",
    "429": "Too many requests wait already",
    "500": "The endpoint failed",
    "502": "The worker that had the request is gone",
    "503": "No worker is ready",
    "504": "The endpoint took too long",
    "default": "The request was not taken",
}


def openapi(definitions: Iterable[ServiceDefinition], version: str) -> bytes:
    """Give the document as JSON.

    Args:
        definitions: the services.
        version: what it calls the version of the API.
    """
    paths: dict[str, object] = {}
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    title = "Headwater services"
    described = list(definitions)
    for definition in described:
        for endpoint in definition.endpoints.values():
            names = _added(schemas, definition.service, endpoint)
            paths[f"/{definition.service}/{endpoint.name}"] = {"post": _operation(definition, endpoint, names)}
    info = {"title": title, "version": version}
    if len(described) == 1:
        info = {"title": described[0].service, "version": version, "description": described[0].doc}
    document = {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": schemas}}
    return msgspec.json.encode(document)


def _added(schemas: dict[str, Any], service: str, endpoint: EndpointSpec) -> dict[str, str]:
    """Add an endpoint's schemas; gives the names under which they stand, which say whose they are if need be."""
    read = {name: msgspec.json.decode(raw) for name, raw in endpoint.definitions.items()}
    plain = {name: name for name in read}
    names = plain
    if any(schemas.get(name, schema) != schema for name, schema in read.items()):
        names = {name: f"{service}.{endpoint.name}.{name}" for name in read}
    for name, schema in read.items():
        schemas[names[name]] = _renamed(schema, names)
    return names


def _renamed(schema: Any, names: dict[str, str]) -> Any:
    """Give a schema whose references go to the names under which the others stand."""
    if isinstance(schema, dict):
        return {key: _renamed(value, names) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_renamed(each, names) for each in schema]
    if isinstance(schema, str) and schema.startswith(_PREFIX):
        name = schema.removeprefix(_PREFIX)
        return _PREFIX + names.get(name, name)
    return schema


def _operation(definition: ServiceDefinition, endpoint: EndpointSpec, names: dict[str, str]) -> dict[str, object]:
    summary, _, description = endpoint.doc.partition("\n")
    takes = _renamed(msgspec.json.decode(endpoint.takes), names)
    gives = _renamed(msgspec.json.decode(endpoint.gives), names)
    problem = {"content": {"application/problem+json": {"schema": {"$ref": f"{_PREFIX}Problem"}}}}
    answers: dict[str, object] = {status: {"description": text, **problem} for status, text in _FAILURES.items()}
    answers["200"] = {
        "description": "The answer",
        "headers": _HEADERS,
        "content": {"application/json": {"schema": gives}},
    }
    return {
        "operationId": f"{definition.service}_{endpoint.name}",
        "tags": [definition.service],
        "summary": summary,
        "description": description.strip(),
        "requestBody": {"required": True, "content": {"application/json": {"schema": takes}}},
        "responses": answers,
    }
