"""Requests that no honest program sends, to each route: refused in the API's own words, never a failure of ours."""

import json
import random
from urllib.parse import quote

import msgspec
import pytest

from headwater.web.problems import TYPE
from headwater.web.routes import Upload, shape_of
from headwater.web.tables import all_routes
from tests.web.gate_site import GateSite
from tests.web.rich_store import make_rich_store, reopened
from tests.web.test_every_route import name_of, path_of

ROUTES = all_routes()
SEED = 20261122
#: Odd things to say where a text, a number or anything else is expected.
TEXTS = (
    "\x00",
    "a\x00b",
    "\ud800",
    "\U0010ffff\u202e\u200b",
    "..",
    "../../etc/passwd",
    "%00%2e%2e",
    "'; drop table runs; --",
    "{{7*7}}${7*7}",
    "x" * 20_000,
    "\n\r\n",
    "-1",
    "",
    " ",
    "NaN",
    "∞",
    "٣",
)
NUMBERS = (-1, 0, 2**53 + 1, 2**63, -(2**63) - 1, 10**400, 1.5, -0.0, 1e308, True)
ODD = (*TEXTS, *NUMBERS, None, [], {}, [[]], [None] * 1000, {"": ""}, {"kind": "x", "v": 99})
#: Bodies that are no JSON, or none that should be.
RAW = (
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"{",
    b'{"a": NaN}',
    b'{"a": Infinity, "b": -Infinity}',
    b'{"limit": 1e400, "after": 1e-400}',
    b'{"note": "\\ud800", "name": "\\udfff\\ud800"}',
    b'{"note": "\xff\xfe", "name": "\xed\xa0\x80"}',
    b'{"note": "a\x00b"}',
    b"\xef\xbb\xbf{}",
    '{"note": "x"}'.encode("utf-16"),
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"note": "one", "note": "two", "note": {"note": 3}}',
    b'{"' + b"k" * 100_000 + b'": 1}',
    b"{" + b",".join(b'"%d": 1' % number for number in range(20_000)) + b"}",
    b'{"a": ' + b"9" * 5000 + b"}",
    b"{}{}",
    b"{} // done",
    b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
)
CONTENT_TYPES = (
    "",
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "application/json; charset=utf-16",
    "application/json\x00",
    "application/jsonx",
    "*/*",
    ";;;",
    "é",
)
METHODS = (
    "HEAD",
    "OPTIONS",
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "get",
    "",
    "\x00",
)
HEADERS = ("last-event-id", "idempotency-key", "headwater-production-token", "content-encoding", "accept", "range")


class Target:
    """A store with something behind every route, its application, and an admin's token."""

    def __init__(self, folder):
        path, self.facts = make_rich_store(folder)
        self.home = reopened(path)
        self.site = GateSite(self.home)
        self.site.person("root", everything="admin")
        self.token = self.site.token("root")
        self.parts = {
            "flow": "Churn",
            "label": "1",
            "step": "start",
            "task": "1",
            "name": "report",
            "number": "1",
            "service": "Adder",
            "endpoint": "add",
            "user": "bob",
            **self.facts,
        }

    def path(self, route, **parts):
        return path_of(route, **{**self.parts, **parts})

    def send(self, method, path, body=None, **more):
        return self.site.ask(method, path, body, token=self.token, **more)

    def close(self):
        self.site.close()
        self.home.close()


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    target = Target(tmp_path_factory.mktemp("hostile"))
    yield target
    target.close()


@pytest.fixture(autouse=True)
def quiet(caplog):
    """Nothing of ours failed, or the server's log would say so."""
    yield
    assert [record.getMessage() for record in caplog.records if record.name == "headwater.web"] == []


def require_told(given, what):
    """An answer, or a refusal in the API's own words; that no host runs is one."""
    assert given.status < 500 or (given.status, given.value["detail"]) == (503, "no host runs on this store"), what
    if given.status >= 400:
        assert given.header("content-type") == TYPE, (what, given)
        problem = given.value
        assert problem["status"] == given.status, (what, given)
        assert problem["title"], (what, given)
        assert problem["detail"], (what, given)
        assert len(given.body) < 12_000, (what, len(given.body))


def sample(rows, count, *seed):
    return random.Random(repr((SEED, *seed))).sample(rows, min(count, len(rows)))


TAKING_JSON = [route for route in ROUTES if shape_of(route).body not in (None, Upload)]


@pytest.mark.parametrize("raw", RAW, ids=lambda raw: repr(raw[:24]))
def test_a_body_that_is_no_honest_json_is_refused(target, raw):
    for route in TAKING_JSON:
        require_told(target.send(route.method, target.path(route), raw=raw), name_of(route))


def test_odd_values_in_every_field_of_every_body_are_answered(target):
    for route in TAKING_JSON:
        fields = msgspec.structs.fields(shape_of(route).body)
        for field in fields:
            for odd in sample(ODD, 6, name_of(route), field.name):
                body = {other.encode_name: _fitting(other) for other in fields if other.required}
                raw = json.dumps(body | {field.encode_name: odd}).encode()
                require_told(target.send(route.method, target.path(route), raw=raw), (name_of(route), field.name, odd))


def _fitting(field):
    """Something that may pass for a field's value, so that the next one is read."""
    kind = msgspec.json.schema(field.type, schema_hook=lambda kind: {"title": "anything"}).get("type")
    return {"string": "x", "integer": 1, "number": 1.0, "boolean": True, "array": []}.get(kind, {})


def test_odd_values_in_every_part_of_every_query_are_answered(target):
    for route in ROUTES:
        query = shape_of(route).query
        for field in msgspec.structs.fields(query) if query is not None else ():
            for odd in sample([text for text in TEXTS if text != "\ud800"], 5, name_of(route), field.name):
                given = target.send(route.method, target.path(route), **{field.encode_name: odd})
                require_told(given, (name_of(route), field.encode_name, odd))


def test_odd_values_in_every_part_of_every_path_are_answered(target):
    texts = [text.replace("\ud800", "\ufffd") for text in TEXTS]
    for route in ROUTES:
        for name in (part.strip("{}").partition(":")[0] for part in route.path.split("/") if part.startswith("{")):
            for odd in sample(texts, 5, name_of(route), name):
                body = None if route.method == "GET" else {}
                given = target.send(route.method, target.path(route, **{name: odd}), body)
                require_told(given, (name_of(route), name, odd))


def test_every_method_on_every_path_is_answered_or_refused(target):
    for path in {route.path: route for route in ROUTES}.values():
        known = {route.method for route in ROUTES if route.path == path.path}
        for method in METHODS:
            if method in known and method != "GET":
                continue
            given = target.send(method, target.path(path))
            require_told(given, (method, path.path))
            if method not in known and method != "HEAD":
                assert given.status in (403, 404, 405), (method, path.path, given)


@pytest.mark.parametrize("kind", CONTENT_TYPES)
def test_a_body_of_another_type_is_refused(target, kind):
    for route in TAKING_JSON:
        given = target.send(route.method, target.path(route), raw=b"{}", headers=[("content-type", kind)])
        require_told(given, (kind, name_of(route)))
        if kind != "application/json; charset=utf-16":
            assert given.status in (403, 404, 415), (kind, name_of(route), given)


def test_odd_headers_are_answered(target):
    texts = [text for text in TEXTS if text.isascii()]
    for route in ROUTES:
        for name in HEADERS:
            for odd in sample(texts, 2, name_of(route), name):
                body = None if route.method == "GET" else {}
                given = target.send(route.method, target.path(route), body, headers=[(name, odd)])
                require_told(given, (name_of(route), name, odd))


@pytest.mark.parametrize("place", [2**31, 2**44, 2**53])
def test_a_place_behind_the_end_of_everything_is_answered(target, place):
    """There is a largest offset that a file system takes."""
    asked = 0
    for route in ROUTES:
        query = shape_of(route).query
        for field in msgspec.structs.fields(query) if query is not None else ():
            if field.name in ("offset", "before", "after", "length"):
                value = f"1.0:{place}" if "/points/" in route.path else place
                name = "1.0.log" if "/remote/" in route.path else "report"
                stays = not shape_of(route).is_stream
                given = target.send("GET", target.path(route, name=name), stays=stays, **{field.name: value})
                require_told(given, (name_of(route), field.name, place))
                asked += given.status == 200

    assert asked > 8


def _lists():
    for route in ROUTES:
        query = shape_of(route).query
        names = {field.name for field in msgspec.structs.fields(query)} if query is not None else set()
        if route.method == "GET" and "cursor" in names:
            yield route


def test_a_cursor_that_was_changed_is_answered(target):
    known = [str(target.send("GET", target.path(route), limit=1).value.get("cursor")) for route in _lists()]
    known = sorted({cursor for cursor in known if cursor != "None"})
    assert len(known) > 3
    for route in _lists():
        for cursor in sample(list(_tampered(known)), 25, name_of(route)):
            given = target.send("GET", target.path(route), cursor=cursor)
            require_told(given, (name_of(route), cursor))


def _tampered(cursors):
    """Cursors of other lists, cut, doubled, with single characters changed, and what never was one."""
    chance = random.Random(SEED)
    yield from cursors
    for cursor in cursors:
        yield cursor[: len(cursor) // 2]
        yield cursor * 2
        yield quote(cursor)
        for _ in range(6):
            at = chance.randrange(len(cursor))
            yield cursor[:at] + chance.choice("AZaz09-_=+/.,:\x00é") + cursor[at + 1 :]
    yield from (text for text in TEXTS if text != "\ud800")
    yield from (str(number) for number in NUMBERS)
