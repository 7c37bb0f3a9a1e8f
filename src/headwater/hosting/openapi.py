"""The OpenAPI document of the services of a host, made of their compiled definitions."""

from collections.abc import Iterable

import msgspec

from headwater.model.service import EndpointSpec, ServiceDefinition

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


def openapi(definitions: Iterable[ServiceDefinition], version: str) -> bytes:
    """Give the document as JSON.

    Args:
        definitions: the services.
        version: what it calls the version of the API.
    """
    paths: dict[str, object] = {}
    schemas: dict[str, object] = {"Problem": _PROBLEM}
    for definition in definitions:
        for endpoint in definition.endpoints.values():
            paths[f"/{definition.service}/{endpoint.name}"] = {"post": _operation(definition, endpoint)}
            schemas.update(endpoint.definitions)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Headwater services", "version": version},
            "paths": paths,
            "components": {"schemas": schemas},
        }
    )


def _operation(definition: ServiceDefinition, endpoint: EndpointSpec) -> dict[str, object]:
    summary, _, description = endpoint.doc.partition("\n")
    problem = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    return {
        "operationId": f"{definition.service}_{endpoint.name}",
        "tags": [definition.service],
        "summary": summary,
        "description": description.strip(),
        "requestBody": {"required": True, "content": {"application/json": {"schema": endpoint.takes}}},
        "responses": {
            "200": {
                "description": "The answer",
                "headers": {
                    "prediction-id": {"schema": {"type": "string"}, "description": "names this answer"},
                    "service-version": {"schema": {"type": "string"}, "description": "what answered"},
                },
                "content": {"application/json": {"schema": endpoint.gives}},
            },
            "400": {"description": "The body is no JSON", **problem},
            "413": {"description": "The body is too large", **problem},
            "415": {"description": "The body is not said to be JSON", **problem},
            "422": {"description": "The body does not fit the endpoint", **problem},
            "429": {"description": "Too many requests wait already", **problem},
            "500": {"description": "The endpoint failed", **problem},
            "502": {"description": "The worker that had the request is gone", **problem},
            "503": {"description": "No worker is ready", **problem},
            "504": {"description": "The endpoint took too long", **problem},
        },
    }
