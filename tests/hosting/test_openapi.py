"""The generated OpenAPI documents."""

from collections.abc import Iterator
from typing import Any

import msgspec

from headwater.hosting.openapi import openapi
from headwater.model.service import EndpointSpec, ServiceDefinition
from tests.hosting.http_scene import HttpHost


def test_a_services_document_has_its_endpoints_only(kinds_host: HttpHost) -> None:
    document = kinds_host.get("/Older/openapi.json").value

    assert (document["openapi"], document["info"]["title"]) == ("3.1.0", "Older")
    assert list(document["paths"]) == ["/Older/score"]


def test_the_hosts_document_has_every_service_that_answers(kinds_host: HttpHost) -> None:
    document = kinds_host.get("/openapi.json").value

    assert {path.split("/")[1] for path in document["paths"]} == {"Kinds", "Older", "Readings"}
    assert "Coming" not in str(document)


def test_every_reference_leads_somewhere(kinds_host: HttpHost) -> None:
    document = kinds_host.get("/openapi.json").value
    names = [each.removeprefix("#/components/schemas/") for each in _references(document)]

    assert names
    assert set(names) <= set(document["components"]["schemas"])


def test_types_of_one_name_that_differ_are_kept_apart() -> None:
    definitions = [_service("One", b'{"type":"integer"}'), _service("Two", b'{"type":"string"}')]
    document = msgspec.json.decode(openapi(definitions, "1"))
    schemas = document["components"]["schemas"]

    found = [
        document["paths"][f"/{name}/take"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        for name in ("One", "Two")
    ]
    kinds = [schemas[each["properties"]["row"]["$ref"].rpartition("/")[2]] for each in found]
    assert kinds == [{"type": "integer"}, {"type": "string"}]


def test_types_that_are_the_same_stand_once() -> None:
    definitions = [_service("One", b'{"type":"integer"}'), _service("Two", b'{"type":"integer"}')]
    document = msgspec.json.decode(openapi(definitions, "1"))

    assert list(document["components"]["schemas"]) == ["Problem", "Row"]


def _service(name: str, row: bytes) -> ServiceDefinition:
    takes = msgspec.Raw(b'{"type":"object","properties":{"row":{"$ref":"#/components/schemas/Row"}}}')
    spec = EndpointSpec("take", "Take.", takes, msgspec.Raw(b"{}"), definitions={"Row": msgspec.Raw(row)})
    return ServiceDefinition(name, "a.py", 1, "a", {"take": spec})


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
