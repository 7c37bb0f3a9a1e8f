"""Pages for people: what a host serves, and a form to try an endpoint. No script but our own, nothing from afar."""

import os
from collections.abc import Sequence
from html import escape

import msgspec

from headwater.model.service import EndpointSpec, ServiceDefinition, ServiceVersion

_FOLDER = os.path.join(os.path.dirname(__file__), "static")
_STATIC = {"page.css": b"text/css; charset=utf-8", "try.js": b"text/javascript; charset=utf-8"}


def index_page(versions: Sequence[ServiceVersion]) -> bytes:
    """List the services with their endpoints."""
    sections = [_service(version) for version in versions] or ["<p>No service is ready.</p>"]
    tail = '<p class="small"><a href="/openapi.json">OpenAPI</a> · <a href="/v2">Open Inference Protocol</a> · ' + (
        '<a href="/metrics">metrics</a></p>'
    )
    return _page("Services", "<h1>Services</h1>" + "".join(sections) + tail)


def try_page(definition: ServiceDefinition, endpoint: EndpointSpec) -> bytes:
    """Give the form of an endpoint, filled with an example."""
    name = f"{definition.service}/{endpoint.name}"
    example = msgspec.json.format(msgspec.json.encode(example_of(endpoint)), indent=2).decode()
    rows = min(20, example.count("\n") + 2)
    return _page(
        name,
        f'<p class="small"><a href="/">Services</a></p><h1>{escape(name)}</h1><p>{escape(endpoint.doc)}</p>'
        f'<form><label for="body">Request</label><textarea id="body" name="body" rows="{rows}" spellcheck="false">'
        f"{escape(example)}</textarea><button>Send</button></form>"
        '<label for="answer">Answer</label><pre id="answer" aria-live="polite"></pre><p class="small" id="facts"></p>'
        f"<h2>Takes</h2><pre>{escape(_indented(endpoint.takes))}</pre>"
        f"<h2>Gives</h2><pre>{escape(_indented(endpoint.gives))}</pre>",
        script='<script src="/static/try.js" defer></script>',
    )


def static_file(name: str) -> tuple[bytes, bytes] | None:
    """Give a file's bytes and type; None when there is none of that name."""
    kind = _STATIC.get(name)
    if kind is None:
        return None
    with open(os.path.join(_FOLDER, name), "rb") as file:
        return file.read(), kind


def example_of(endpoint: EndpointSpec) -> object:
    """Make up a request that fits the endpoint's schema; real examples from the reference data are better."""
    return _example(msgspec.json.decode(endpoint.takes), endpoint)


def _example(schema: object, endpoint: EndpointSpec) -> object:
    if not isinstance(schema, dict):
        return None
    if "default" in schema:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    if "$ref" in schema:
        definition = endpoint.definitions.get(schema["$ref"].rpartition("/")[2])
        return None if definition is None else _example(msgspec.json.decode(definition), endpoint)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _example(schema[key][0], endpoint)
    kind = schema.get("type")
    if kind == "object":
        return {name: _example(each, endpoint) for name, each in schema.get("properties", {}).items()}
    if kind == "array":
        item = _example(schema.get("items", {}), endpoint)
        return [] if item is None else [item]
    return {"string": "text", "integer": 1, "number": 1.5, "boolean": True}.get(str(kind))


def _service(version: ServiceVersion) -> str:
    definition = version.definition
    from_run = f" · from {escape(version.run)}" if version.run else ""
    links = "".join(
        f'<li><a href="/{definition.service}/{each.name}">{escape(each.name)}</a> '
        f"{escape(each.doc.partition(chr(10))[0])}</li>"
        for each in definition.endpoints.values()
    )
    head = f"<h2>{escape(definition.service)}</h2><p>{escape(definition.doc)}</p>"
    return f'{head}<p class="small">{escape(version.name)}{from_run}</p><ul>{links}</ul>'


def _indented(raw: msgspec.Raw) -> str:
    return msgspec.json.format(bytes(raw), indent=2).decode()


def _page(title: str, body: str, script: str = "") -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/static/page.css">{script}</head>'
        f"<body><main>{body}</main></body></html>"
    ).encode()
