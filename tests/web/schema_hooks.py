"""What schemathesis is told of this API: what there is in the store, how streams are read, what else must hold.

It is run by the interpreter of schemathesis, which has nothing of ours: HEADWATER_SCHEMA_FACTS names a file that says
what there is. Of the generated values most names are replaced by real ones, or nothing but 404 would come back.
"""

import json
import os
import random

import requests
import schemathesis

with open(os.environ["HEADWATER_SCHEMA_FACTS"], encoding="utf-8") as _file:
    FACTS = json.load(_file)
#: Name of a parameter or field -> what there is.
REAL = FACTS["real"]
#: Never another: who removes their own account is answered with nothing but 401 from then on.
ALWAYS = ("user",)
#: Seconds of silence after which a stream is left.
SILENCE_SECONDS = 0.2
#: Bytes of an answer; a stream is left after a few events.
MOST_BYTES = 2 << 20
MOST_ROWS = {"/remote/": 10_000, "": 500}
_session = {"cookie": "", "password": FACTS.get("password", "")}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Say of tuples how many entries of which types they have: the order is more than this validator reads."""
    _without_tuples(raw_schema)


def _without_tuples(schema):
    if isinstance(schema, list):
        for each in schema:
            _without_tuples(each)
    if isinstance(schema, dict):
        if isinstance(schema.get("prefixItems"), list):
            unique = {json.dumps(each): each for each in schema.pop("prefixItems")}
            schema["items"] = {"anyOf": list(unique.values())}
        for each in schema.values():
            _without_tuples(each)


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    return _made_real(path_parameters)


@schemathesis.hook
def map_query(context, query):
    return _made_real(query, " in the query") if isinstance(query, dict) else query


@schemathesis.hook
def map_body(context, body):
    return _made_real(body)


def _made_real(value, where=""):
    """Put real names in, mostly; the same for the same value, so that a failing case stays one."""
    chance = random.Random(repr(value))

    def changed(part, name=""):
        real = REAL.get(name + where, REAL.get(name))
        is_swapped = chance.random() < 0.8 or name in ALWAYS
        if real is not None and not isinstance(part, dict) and is_swapped:
            return chance.sample(real, min(2, len(real))) if isinstance(part, list) else chance.choice(real)
        if isinstance(part, dict):
            return {name: changed(each, name) for name, each in part.items()}
        return [changed(each) for each in part] if isinstance(part, list) else part

    return changed(value)


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.operation.label.endswith(("/stream", "/news")):
        kwargs["hooks"] = {"response": _read_briefly}
    if FACTS.get("token"):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {FACTS['token']}"}
    if FACTS.get("user"):
        name, _, secret = _signed_in(case.operation.base_url.rstrip("/")).partition("=")
        case.cookies = {name: secret}


def _read_briefly(response, **_):
    connection = getattr(response.raw, "connection", None)
    if response.status_code == 200 and connection is not None and connection.sock is not None:
        connection.sock.settimeout(SILENCE_SECONDS)


def _signed_in(root):
    """Give the cookie of a person, who signs in again when a case has ended the session."""
    known = {"Cookie": _session["cookie"]}
    if not _session["cookie"] or requests.get(f"{root}/api/v1/me", headers=known, timeout=30).status_code != 200:
        proof = {"name": FACTS["user"], "password": _session["password"]}
        given = requests.post(f"{root}/api/v1/session/password", json=proof, timeout=30)
        assert given.status_code == 200, given.text
        _session["cookie"] = given.headers["set-cookie"].partition(";")[0]
    return _session["cookie"]


@schemathesis.hook
def after_call(context, case, response):
    is_changed = case.operation.label == "PUT /api/v1/me/password" and response.status_code == 200
    if is_changed and isinstance(case.body, dict):
        _session["password"] = case.body["new"]
        REAL["current"] = [case.body["new"]]


@schemathesis.check
def answers_are_bounded(ctx, response, case):
    assert len(response.content) <= MOST_BYTES, f"{len(response.content)} bytes"
    if response.headers.get("content-type") != ["application/json"]:
        return
    most = next(most for part, most in MOST_ROWS.items() if part in case.operation.path)
    limit = (case.query or {}).get("limit") if isinstance(case.query, dict) else None
    if isinstance(limit, int) and response.status_code == 200:
        most = min(most, max(limit, 1))
    rows = response.json().get("rows", []) if isinstance(response.json(), dict) else []
    assert len(rows) <= most, f"{len(rows)} rows, {most} were asked for"


@schemathesis.check
def refusals_say_why(ctx, response, case):
    if response.status_code >= 400:
        assert response.headers.get("content-type") == ["application/problem+json"], response.headers
        problem = response.json()
        assert problem["status"] == response.status_code
        assert problem["title"]
        assert problem["detail"]


@schemathesis.check
def nobody_is_shown_anything(ctx, response, case):
    if FACTS["who"] == "nobody" and case.operation.definition.raw["x-needs"] != "nobody":
        is_too_long = response.status_code == 400 and response.json()["detail"] == "this is no HTTP request"
        assert response.status_code == 401 or is_too_long, response.status_code
