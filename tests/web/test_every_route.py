"""Every route there is, those to come included: nobody comes in unasked, and nobody does more than their role."""

import re
from collections.abc import AsyncIterator

import pytest

from headwater.model.errors import InternalError
from headwater.web.access import ROLES
from headwater.web.asked import Asked
from headwater.web.routes import Route, Sent, shape_of
from headwater.web.tables import all_routes
from tests.web.gate_site import GateSite
from tests.web.two_projects import deploy, planned, published, run

ROUTES = all_routes()
#: What is hidden, in every name there is.
HIDDEN = "Zebra"
#: Answered without signing in: nothing of the store is in these answers.
OPEN = {"GET /session/ways", "POST /session/link", "POST /session/password"}
PARTS = {
    "flow": HIDDEN,
    "label": "1",
    "step": "start",
    "task": "1",
    "target": f"{HIDDEN}.{HIDDEN}@production",
    "number": "1",
    "backfill": f"{HIDDEN}.{HIDDEN}-1",
    "digest": "0" * 64,
    "user": HIDDEN,
    "endpoint": "score",
    "service": HIDDEN,
    "run": "0" * 26,
}


def name_of(route):
    return f"{route.method} {route.path}"


def path_of(route, **parts):
    return re.sub(r"{(\w+)(:path)?}", lambda found: {**PARTS, **parts}.get(found[1], "x"), route.path)


def body_of(route):
    return None if route.method == "GET" else {}


@pytest.fixture
def zebra(store):
    """A store in which everything there is belongs to the project `Zebra`; `sales` has one run."""
    site = GateSite(store)
    run(site.ledger, HIDDEN, HIDDEN, "Zebra_person", tags=("Zebra_tag",), note="Zebra_note")
    deploy(site.ledger, f"{HIDDEN}.{HIDDEN}@production", user="Zebra_person")
    site.ledger.launch([planned(f"{HIDDEN}.{HIDDEN}@production")])
    site.ledger.publish(published("Zebra_event", f"{HIDDEN}.prod", "user:Zebra_person"))
    run(site.ledger, "Plain", "sales", "bob")
    yield site
    site.close()


def test_the_list_of_open_routes_is_the_one_that_was_thought_about():
    assert {name_of(route) for route in ROUTES if route.needs == "nobody"} == OPEN


def test_s_07_nobody_comes_in_without_saying_who_they_are(gate):
    answers = {
        name_of(route): gate.ask(route.method, path_of(route), body_of(route)).status
        for route in ROUTES
        if route.needs != "nobody"
    }

    assert len(answers) > 100
    assert {name: status for name, status in answers.items() if status != 401} == {}


def test_s_07_what_is_no_route_is_asked_of_people_too(gate):
    gate.person("ann", everything="admin")
    for path in ("/openapi.json", "/nothing", "/runs/x/y/z", "/../../etc/passwd"):
        assert gate.ask("GET", path).status == 401, path
    assert gate.ask("GET", "//healthz").body == b"ok\n"


@pytest.mark.parametrize("wrong", ["Bearer hwt_unknown", "Basic YW5uOmFubg==", "hwt_unknown", "Bearer"])
def test_s_07_what_proves_nothing_lets_nobody_in(gate, wrong):
    for route in ROUTES:
        if route.needs != "nobody":
            given = gate.ask(route.method, path_of(route), body_of(route), headers=[("authorization", wrong)])
            assert given.status == 401, name_of(route)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_does_what_takes_a_higher_one(zebra, role):
    token = zebra.token(zebra.person("bob", **{HIDDEN: role}))
    too_high = [route for route in ROUTES if route.needs in ROLES and ROLES.index(route.needs) > ROLES.index(role)]
    given = {name_of(route): zebra.ask(route.method, path_of(route), body_of(route), token=token) for route in too_high}

    assert (role == "admin") == (not too_high)
    assert {name: answer for name, answer in given.items() if answer.status not in (403, 404)} == {}


@pytest.mark.parametrize("role", ["viewer", "runner"])
def test_a_higher_role_elsewhere_does_not_count(zebra, role):
    token = zebra.token(zebra.person("bob", **{HIDDEN: role, "sales": "admin"}))
    too_high = [
        route
        for route in ROUTES
        if route.of is not None and route.needs in ROLES and ROLES.index(route.needs) > ROLES.index(role)
    ]
    given = {name_of(route): zebra.ask(route.method, path_of(route), body_of(route), token=token) for route in too_high}

    assert any(answer.status == 403 for answer in given.values())
    assert {name: answer for name, answer in given.items() if answer.status not in (403, 404)} == {}


def test_s_06_a_role_in_one_project_is_none_in_another(zebra):
    token = zebra.token(zebra.person("bob", sales="admin"))
    given = {
        name_of(route): zebra.ask(route.method, path_of(route), body_of(route), token=token)
        for route in ROUTES
        if route.of is not None and "{user}" not in route.path
    }

    assert len(given) > 50
    assert {name: answer for name, answer in given.items() if answer.status != 404} == {}


def test_what_is_hidden_is_refused_in_the_words_for_what_never_was(zebra):
    token = zebra.token(zebra.person("bob", sales="admin"))
    for route in ROUTES:
        if route.of is None or not {"{flow}", "{target}"} & set(route.path.split("/")):
            continue
        hidden = zebra.ask(route.method, path_of(route), body_of(route), token=token)
        missing = zebra.ask(
            route.method,
            path_of(route, flow="Yebra", target="Yebra.Yebra@production"),
            body_of(route),
            token=token,
        )

        assert hidden.body.replace(b"Zebra", b"Yebra") == missing.body, name_of(route)


def test_s_29_no_list_tells_of_other_projects_not_even_a_count(zebra):
    token = zebra.token(zebra.person("bob", sales="admin"))
    alone = GateSite(_without(zebra))
    alone_token = alone.token(alone.person("bob", sales="admin"))
    everybodys = zebra.token(zebra.person("eve", everything="viewer"))
    assert HIDDEN in zebra.ask("GET", "/runs", token=everybodys).body.decode()
    for route in ROUTES:
        if route.method != "GET" or "{" in route.path or shape_of(route).is_stream or "/remote/" in route.path:
            continue
        given = zebra.ask("GET", route.path, token=token)
        assert HIDDEN.lower() not in given.body.decode().lower(), (name_of(route), given)
        if route.path in ("/runs", "/deployments", "/alerts", "/events", "/firings", "/artifacts", "/flows"):
            rows = len(given.value["rows"])
            assert rows == len(alone.ask("GET", route.path, token=alone_token).value["rows"]), name_of(route)
    alone.close()


def test_whoever_has_no_role_at_all_sees_nothing(zebra):
    token = zebra.token(zebra.person("bob"))
    for route in ROUTES:
        if route.needs in ROLES:
            assert zebra.ask(route.method, path_of(route), body_of(route), token=token).status in (403, 404)


@pytest.mark.parametrize("needs", [None, "", "everybody", "Viewer", 0])
def test_a_route_without_a_permission_keeps_the_server_from_starting(store, needs):
    def answer(asked: Asked) -> None:
        return None

    with pytest.raises(InternalError, match="declares no permission"):
        GateSite(store, [Route("GET", "/x", answer, needs=needs)])


def test_a_route_that_is_there_twice_keeps_the_server_from_starting(store):
    def answer(asked: Asked) -> None:
        return None

    with pytest.raises(InternalError, match="is there twice"):
        GateSite(store, [Route("GET", "/x", answer, needs="viewer"), Route("GET", "/x", answer, needs="nobody")])


def test_a_stream_that_does_not_say_what_it_sends_keeps_the_server_from_starting(store):
    async def follow(asked: Asked) -> AsyncIterator[Sent | None]:
        yield None

    def answer(asked: Asked) -> None:
        return None

    for route in (
        Route("GET", "/x", follow, needs="viewer"),
        Route("GET", "/x", answer, needs="viewer", events={"x": int}),
    ):
        with pytest.raises(InternalError, match="which events it sends"):
            GateSite(store, [route])


def test_a_server_that_only_shows_changes_nothing(store):
    site = GateSite(store, is_read_only=True)
    token = site.token(site.person("ann", everything="admin"))
    changing = [route for route in ROUTES if route.method != "GET" and not route.is_reading and route.needs != "nobody"]
    answers = {name_of(route): site.ask(route.method, path_of(route), {}, token=token).status for route in changing}
    ways = site.ask("GET", "/session/ways").value
    site.close()

    assert set(answers.values()) == {403}
    # `headwater up --link` finds no page: its own command makes a link.
    assert ways["command"] == "headwater ui"


def test_asking_for_the_head_of_a_stream_opens_none(zebra):
    token = zebra.token(zebra.person("bob", everything="viewer"))
    streams = [route for route in ROUTES if shape_of(route).is_stream]
    answers = [zebra.ask("HEAD", path_of(route), token=token) for route in streams if "{" not in route.path]

    assert answers
    assert {(given.status, given.body) for given in answers} == {(200, b"")}


def test_every_answer_says_what_browsers_must_not_do(gate):
    for given in (gate.ask("GET", "/runs"), gate.ask("GET", "//"), gate.ask("GET", "//healthz"), gate.ask("FOO", "/x")):
        assert given.header("x-content-type-options") == "nosniff"
        assert given.header("x-frame-options") == "DENY"


def _without(zebra):
    """A store that has what `sales` has, and nothing else."""
    from headwater.home import open_home

    home = open_home(zebra.home.path + "-alone", make=True)
    run(home.ledger, "Plain", "sales", "bob")
    return home
