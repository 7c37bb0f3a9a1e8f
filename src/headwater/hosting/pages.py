"""Pages for people: what a host serves, and a form to try an endpoint. No script but our own, nothing from afar."""

import math
import os
from collections.abc import Sequence
from html import escape
from typing import Any

import msgspec

from headwater.model.service import EndpointSpec, ServiceVersion

_FOLDER = os.path.join(os.path.dirname(__file__), "static")
#: Levels of a made-up example, where a type holds itself.
_DEPTH = 6
#: Texts of a certain form.
_TEXTS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00",
    "duration": "PT1H",
    "uuid": "01234567-89ab-cdef-0123-456789abcdef",
    "decimal": "1.50",
    "base64": "dGV4dA==",
}
_STATIC = {"page.css": b"text/css; charset=utf-8", "try.js": b"text/javascript; charset=utf-8"}


def index_page(versions: Sequence[ServiceVersion]) -> bytes:
    """List the services with their endpoints."""
    sections = [_service(version) for version in versions] or ["<p>No service is ready.</p>"]
    tail = '<p class="small"><a href="/openapi.json">OpenAPI</a> · <a href="/v2">Open Inference Protocol</a> · ' + (
        '<a href="/metrics">metrics</a></p>'
    )
    return _page("Services", "<h1>Services</h1>" + "".join(sections) + tail)


def service_page(version: ServiceVersion) -> bytes:
    """Document a service: what its endpoints take and give, and how to call them."""
    definition = version.definition
    sections = [_endpoint(version, endpoint) for endpoint in definition.endpoints.values()]
    tail = f'<p class="small"><a href="/{definition.service}/openapi.json">OpenAPI</a></p>'
    return _page(
        definition.service,
        f'<p class="small"><a href="/">Services</a></p><h1>{escape(definition.service)}</h1>'
        f"<p>{_text(definition.doc)}</p>{_origin(version)}{''.join(sections)}{tail}",
    )


def try_page(version: ServiceVersion, endpoint: EndpointSpec) -> bytes:
    """Give the form of an endpoint, filled with an example."""
    service = version.definition.service
    name = f"{service}/{endpoint.name}"
    text, whose = _example_text(version, endpoint)
    rows = min(20, text.count("\n") + 2)
    return _page(
        name,
        f'<p class="small"><a href="/">Services</a> / <a href="/{service}/">{service}</a></p>'
        f"<h1>{escape(name)}</h1><p>{_text(endpoint.doc)}</p>"
        f'<form><label for="body">Request</label><textarea id="body" name="body" rows="{rows}" spellcheck="false" '
        f'aria-describedby="whose">{escape(text)}</textarea><p class="small" id="whose">{whose}</p>'
        "<button>Send</button></form>"
        '<h2 id="answered">Answer</h2><pre id="answer" tabindex="0" role="status" aria-labelledby="answered"></pre>'
        '<p class="small" id="facts"></p>'
        f'<h2>Takes</h2><pre tabindex="0">{escape(_indented(endpoint.takes))}</pre>'
        f'<h2>Gives</h2><pre tabindex="0">{escape(_indented(endpoint.gives))}</pre>',
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


def _example(schema: object, endpoint: EndpointSpec, depth: int = 0) -> Any:
    if not isinstance(schema, dict):
        return None
    for key in ("default", "const"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    if "$ref" in schema:
        definition = endpoint.definitions.get(schema["$ref"].rpartition("/")[2])
        return None if definition is None else _example(msgspec.json.decode(definition), endpoint, depth + 1)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            # A type that holds itself ends where it may.
            can_end = depth > _DEPTH and {"type": "null"} in schema[key]
            return None if can_end else _example(schema[key][0], endpoint, depth + 1)
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties", {})
        return {name: _example(each, endpoint, depth + 1) for name, each in fields.items()}
    if kind == "array":
        return _example_list(schema, endpoint, depth)
    if kind == "string":
        return _TEXTS.get(schema.get("format") or schema.get("contentEncoding", ""), "text")
    if kind in ("integer", "number"):
        return _example_number(schema, 1 if kind == "integer" else 1.5)
    return True if kind == "boolean" else None


def _example_list(schema: dict[str, Any], endpoint: EndpointSpec, depth: int) -> list[Any]:
    if "prefixItems" in schema:
        return [_example(each, endpoint, depth + 1) for each in schema["prefixItems"]]
    item = None if depth > _DEPTH else _example(schema.get("items", {}), endpoint, depth + 1)
    return [] if item is None else [item] * max(1, schema.get("minItems", 1))


def _example_number(schema: dict[str, Any], usual: float) -> float:
    least = schema.get("minimum", schema.get("exclusiveMinimum", -math.inf) + 1)
    most = schema.get("maximum", schema.get("exclusiveMaximum", math.inf) - 1)
    step = schema.get("multipleOf")
    found: float = min(max(usual, least), most)
    return found if step is None else math.ceil(found / step) * step


def _service(version: ServiceVersion) -> str:
    definition = version.definition
    links = "".join(
        f'<li><a href="/{definition.service}/{each.name}">{escape(each.name)}</a> '
        f"{escape(each.doc.partition(chr(10))[0])}</li>"
        for each in definition.endpoints.values()
    )
    title = f'<h2><a href="/{definition.service}/">{escape(definition.service)}</a></h2>'
    return f"{title}<p>{_text(definition.doc)}</p>{_origin(version)}<ul>{links}</ul>"


def _origin(version: ServiceVersion) -> str:
    from_run = f" · from {escape(version.run)}" if version.run else ""
    number = f"version {version.number}" if version.number else "not deployed"
    return f'<p class="small">{number}{from_run}</p>'


def _endpoint(version: ServiceVersion, endpoint: EndpointSpec) -> str:
    service = version.definition.service
    takes = msgspec.json.decode(endpoint.takes)
    needed = takes.get("required", [])
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(type_words(schema, endpoint))}</td>"
        f"<td>{'required' if name in needed else _default_words(schema)}</td></tr>"
        for name, schema in takes.get("properties", {}).items()
    )
    table = "<p>It takes any JSON object.</p>"
    if rows:
        table = (
            '<table><thead><tr><th scope="col">Parameter</th><th scope="col">Type</th><th></th></tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )
    gives = escape(type_words(msgspec.json.decode(endpoint.gives), endpoint))
    body = msgspec.json.encode(_example_value(version, endpoint)).decode().replace("'", "\\u0027")
    call = f"curl -H 'Content-Type: application/json' -d '{body}' .../{service}/{endpoint.name}"
    return (
        f'<section><h2 id="{endpoint.name}">POST /{service}/{escape(endpoint.name)}</h2><p>{_text(endpoint.doc)}</p>'
        f'{table}<p>Gives: {gives}</p><pre tabindex="0">{escape(call)}</pre>'
        f'<p><a href="/{service}/{endpoint.name}">Try {escape(endpoint.name)}</a></p></section>'
    )


def type_words(schema: Any, endpoint: EndpointSpec) -> str:
    """Say a JSON schema in a few words: `list of integer`, `Customer {age: integer, plan: "basic" | "plus"}`."""
    if not isinstance(schema, dict):
        return "anything"
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        found = msgspec.json.decode(endpoint.definitions[name])
        fields = ", ".join(f"{field}: {_kind(each)}" for field, each in found.get("properties", {}).items())
        return f"{name} {{{fields}}}" if fields else f"{name}: {type_words(found, endpoint)}"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(type_words(each, endpoint) for each in schema[key])
    if "enum" in schema:
        return " | ".join(msgspec.json.encode(each).decode() for each in schema["enum"])
    if schema.get("type") == "array" and schema.get("items"):
        return f"list of {type_words(schema['items'], endpoint)}"
    return _kind(schema)


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "enum" in schema:
        return " | ".join(msgspec.json.encode(each).decode() for each in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    kind = str(schema.get("type", "anything"))
    return f"{kind}: {schema['description']}" if "description" in schema else kind


def _default_words(schema: dict[str, Any]) -> str:
    return f"default {escape(msgspec.json.encode(schema['default']).decode())}" if "default" in schema else "optional"


def _example_value(version: ServiceVersion, endpoint: EndpointSpec) -> object:
    kept = version.examples.get(endpoint.name)
    return example_of(endpoint) if kept is None else msgspec.json.decode(kept)


def _example_text(version: ServiceVersion, endpoint: EndpointSpec) -> tuple[str, str]:
    """Give an example, indented, and where it comes from."""
    text = msgspec.json.format(msgspec.json.encode(_example_value(version, endpoint)), indent=2).decode()
    if endpoint.name in version.examples:
        return (
            text,
            f"An example of {escape(version.definition.reference or 'the data')} of {escape(version.run or '')}",
        )
    return text, "Made up from the types"


def _text(doc: str) -> str:
    """Give a docstring as markup: its paragraphs stay apart."""
    return escape(doc).replace("\n\n", "</p><p>")


def _indented(raw: msgspec.Raw) -> str:
    return msgspec.json.format(bytes(raw), indent=2).decode()


def _page(title: str, body: str, script: str = "") -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/static/page.css">{script}</head>'
        f"<body><main>{body}</main></body></html>"
    ).encode()
