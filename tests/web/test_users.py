"""Accounts over the API: admins of everything make them, admins of a project give roles in it."""

import pytest

from headwater.web.accounts.sessions import make_link
from tests.web.gate_site import PASSWORD, cookie_of


@pytest.fixture
def root(gate):
    """The cookie of whoever has the store."""
    code = make_link(gate.ledger, "root", {"*": "admin"}, gate.clock())
    return cookie_of(gate.ask("POST", "/session/link", {"code": code}))


@pytest.fixture
def boss(gate):
    """The token of an admin of one project."""
    return gate.token(gate.person("boss", fraud="admin"))


def test_an_admin_makes_an_account_that_signs_in(gate, root):
    given = gate.ask("PUT", "/users/bob", {"roles": {"fraud": "runner"}, "password": PASSWORD}, cookie=root)

    assert given.value["roles"] == {"fraud": "runner"}
    assert PASSWORD.encode() not in given.body
    assert b"argon2" not in gate.ask("GET", "/users", cookie=root).body
    assert gate.sign_in("bob")


@pytest.mark.parametrize(
    "body",
    [
        {"password": "short"},
        {"password": "x" * 201},
        {"roles": {"fraud": "king"}},
        {"roles": {"fr aud": "viewer"}},
        {"roles": {"fraud.x": "viewer"}},
        {"is_service": True, "password": PASSWORD},
    ],
)
def test_what_cannot_be_an_account_is_refused(gate, root, body):
    assert gate.ask("PUT", "/users/bob", body, cookie=root).status == 422
    assert gate.ask("GET", "/users/bob", cookie=root).status == 404


@pytest.mark.parametrize("name", [" ", "a b", "-x", "<script>", "ä", "a" * 101])
def test_what_cannot_be_a_name_is_refused(gate, root, name):
    assert gate.ask("PUT", f"/users/{name}", {}, cookie=root).status in (404, 422)


def test_a_name_is_given_once(gate, root):
    gate.person("bob")

    assert gate.ask("PUT", "/users/bob", {}, cookie=root).status == 409


def test_an_admin_of_a_project_gives_and_takes_roles_in_it_and_nowhere_else(gate, boss):
    gate.person("bob", sales="viewer")
    assert gate.ask("POST", "/users/bob/grant", {"project": "fraud", "role": "runner"}, token=boss).status == 200
    refused = [
        gate.ask("POST", "/users/bob/grant", {"project": project, "role": "admin"}, token=boss).status
        for project in ("sales", "*", "")
    ]
    assert refused == [404, 403, 404]
    assert gate.users.require("bob").roles == {"fraud": "runner", "sales": "viewer"}
    assert gate.ask("POST", "/users/bob/revoke", {"project": "sales"}, token=boss).status == 404
    assert gate.ask("POST", "/users/bob/revoke", {"project": "fraud"}, token=boss).status == 200

    assert gate.users.require("bob").roles == {"sales": "viewer"}


def test_an_admin_of_a_project_sees_who_is_in_it_and_no_role_elsewhere(gate, boss):
    gate.person("bob", fraud="viewer", sales="admin")
    gate.person("eve", sales="admin")
    listed = gate.ask("GET", "/users", token=boss).value["rows"]

    assert [(row["name"], row["roles"]) for row in listed] == [
        ("bob", {"fraud": "viewer"}),
        ("boss", {"fraud": "admin"}),
    ]
    assert gate.ask("GET", "/users/eve", token=boss).status == gate.ask("GET", "/users/zed", token=boss).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/users/new", {}),
        ("DELETE", "/users/bob", None),
        ("POST", "/users/bob/disable", {}),
        ("POST", "/users/bob/enable", {}),
        ("PUT", "/users/bob/password", {"password": PASSWORD}),
    ],
)
def test_accounts_are_made_and_ended_by_admins_of_everything(gate, boss, method, path, body):
    gate.person("bob", fraud="viewer")

    assert gate.ask(method, path, body, token=boss).status == 403
    assert gate.users.require("bob").is_active


def test_accounts_are_listed_in_pages(gate, root):
    for number in range(7):
        gate.person(f"user{number}")
    found, cursor = [], ""
    while cursor is not None:
        page = gate.ask("GET", "/users", cookie=root, limit=3, cursor=cursor).value
        found += [row["name"] for row in page["rows"]]
        cursor = page["cursor"]

    assert found == [f"user{number}" for number in range(7)]


def test_who_was_let_in_again_signs_in_anew(gate, root):
    gate.person("bob", PASSWORD)
    cookie = gate.sign_in("bob")
    gate.ask("POST", "/users/bob/disable", cookie=root)
    gate.ask("POST", "/users/bob/enable", cookie=root)
    gate.pass_a_second()

    assert gate.ask("GET", "/me", cookie=cookie).status == 401
    assert gate.sign_in("bob")


def test_settings_are_shown_with_their_sources_and_without_secrets(store, gate):
    token = gate.token(gate.person("bob", fraud="viewer"))
    shown = gate.ask("GET", "/settings", token=token).value

    names = {setting["name"] for setting in shown["settings"]}
    assert {"user", "web_port", "web_names"} <= names
    assert [setting["name"] for setting in shown["settings"] if not setting["meaning"]] == []
    assert not any(name.endswith(("token", "password", "secret")) for name in names)
    assert shown["running"] == {"daemon": False, "scheduler": False, "host": False}


# The audit log


def audit(gate, who, **query):
    return gate.ask("GET", "/audit", cookie=who, **query).value["rows"]


def test_every_change_has_an_entry_that_says_who_did_what_on_what(gate, root):
    gate.person("bob", PASSWORD)
    gate.ask("POST", "/users/bob/grant", {"project": "fraud", "role": "runner"}, cookie=root, client="10.1.2.3")
    entry = audit(gate, root)[0]

    assert (entry["user"], entry["means"], entry["client"]) == ("root", "link", "10.1.2.3")
    assert (entry["action"], entry["on"], entry["result"]) == ("grant_role", "/users/bob/grant", "done")
    assert entry["details"] == {"project": "fraud", "role": "runner"}


def test_what_was_refused_has_an_entry_too(gate, root):
    bobs = gate.token(gate.person("bob", fraud="admin"))
    gate.ask("DELETE", "/users/eve", token=bobs)
    gate.ask("POST", "/users/eve/grant", {"project": "sales", "role": "admin"}, token=bobs)
    entries = audit(gate, root)

    assert [(entry["action"], entry["result"].partition(":")[0]) for entry in entries[:2]] == [
        ("grant_role", "refused"),
        ("remove_user", "refused"),
    ]


def test_sign_ins_are_noted_and_wrong_ones_too(gate, root):
    gate.person("bob", PASSWORD)
    gate.ask("POST", "/session/password", {"name": "bob", "password": "wrong horse battery"})
    gate.sign_in("bob")
    entries = audit(gate, root)

    noted = [(entry["action"], entry["result"].partition(":")[0], entry["details"]["name"]) for entry in entries[:2]]
    assert noted == [
        ("sign_in_by_password", "done", "bob"),
        ("sign_in_by_password", "refused", "bob"),
    ]


def test_a_sign_in_names_who_came_in_and_how(gate, root):
    gate.person("bob", PASSWORD)
    gate.sign_in("bob")
    gate.ask("POST", "/session/link", {"code": make_link(gate.ledger, "eve", {"*": "viewer"}, gate.clock())})
    gate.ask("POST", "/session/password", {"name": "bob", "password": "wrong horse battery"})
    entries = {(entry["user"], entry["means"]) for entry in audit(gate, root) if entry["action"].startswith("sign_in")}

    assert entries >= {("bob", "password"), ("eve", "link"), ("", "")}


def test_no_secret_is_in_the_log(gate, root):
    gate.person("bob", PASSWORD)
    cookie = gate.sign_in("bob")
    gate.ask("PUT", "/me/password", {"current": PASSWORD, "new": "another good one"}, cookie=cookie)
    gate.ask("PUT", "/users/bob/password", {"password": "a third good one"}, cookie=root)
    made = gate.ask("POST", "/tokens", {"name": "ci"}, cookie=root).value["token"]
    whole = b"".join(bytes(record.body) for record in gate.ledger.records("audit"))

    assert b"make_token" in whole
    for secret in (PASSWORD, "another good one", "a third good one", made, cookie.partition("=")[2]):
        assert secret.encode() not in whole


def test_an_entry_is_there_before_its_change_is_made(gate, root, monkeypatch):
    gate.person("bob")

    def die(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("headwater.web.accounts.users.Users.grant", die)
    with pytest.raises(KeyboardInterrupt):
        gate.ask("POST", "/users/bob/grant", {"project": "fraud", "role": "runner"}, cookie=root)
    entry = audit(gate, root)[0]

    assert (entry["action"], entry.get("result", "")) == ("grant_role", "")


def test_reading_leaves_no_entry(gate, root):
    before = len(audit(gate, root))
    gate.ask("GET", "/users", cookie=root)
    gate.ask("POST", "/remote/ledger/flows", {}, cookie=root)

    assert len(audit(gate, root)) == before


def test_the_log_is_read_in_pages_newest_first(gate, root):
    gate.person("bob")
    for number in range(7):
        gate.clock.now += 1
        gate.ask("POST", "/users/bob/grant", {"project": f"p{number}", "role": "runner"}, cookie=root)
    found, cursor = [], ""
    while cursor is not None:
        page = gate.ask("GET", "/audit", cookie=root, limit=3, cursor=cursor).value
        found += [row["details"]["project"] for row in page["rows"] if row["action"] == "grant_role"]
        cursor = page["cursor"]

    assert found == [f"p{number}" for number in range(6, -1, -1)]


def test_an_admin_of_a_project_reads_what_was_done_in_it(gate, root, boss):
    gate.ask("POST", "/deployments/fraud.Churn@production/pause", {}, cookie=root)
    gate.ask("POST", "/deployments/sales.Churn@production/pause", {}, cookie=root)
    seen = gate.ask("GET", "/audit", token=boss).value["rows"]

    assert [entry["on"] for entry in seen] == ["/deployments/fraud.Churn@production/pause"]
    assert gate.ask("GET", "/audit", token=gate.token(gate.person("eve", fraud="deployer"))).status == 403
