"""`headwater user`, `headwater token`, `headwater audit`."""

import json
import os
import pty
import sys
from contextlib import suppress

import pytest

from headwater.home import open_home
from headwater.model.secret_digest import secret_digest
from headwater.web.accounts.credentials import Credentials
from headwater.web.accounts.passwords import Passwords
from headwater.web.accounts.users import Users

PASSWORD = "correct horse battery"


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def store(home_folder):
    home = open_home(str(home_folder))
    yield home
    home.close()


def test_a_user_is_added_with_a_password_from_a_file(call, store, password_file):
    said = call("user", "add", "bob", "--role", "runner", "--project", "fraud", "--password-file", password_file)

    assert (said.code, said.out) == (0, "bob is runner in project fraud\n")
    account = Users(store.ledger).require("bob")
    assert account.roles == {"fraud": "runner"}
    assert Passwords().is_right(PASSWORD, account.password_hash)
    assert PASSWORD not in account.password_hash


def test_a_password_is_never_an_argument(call, store):
    assert call("user", "add", "bob", "--password", PASSWORD).code == 2
    said = call("user", "add", "bob")

    assert said.code == 2
    assert "typed on a terminal" in said.err
    assert Users(store.ledger).get("bob") is None


@pytest.mark.parametrize(("second", "is_added"), [(PASSWORD, True), ("another one", False)])
def test_a_password_is_typed_twice_and_not_shown(home_folder, store, second, is_added):
    pid, terminal = pty.fork()
    if not pid:
        os.execv(sys.executable, [sys.executable, "-m", "headwater", "user", "add", "bob"])
    shown = b""
    for text in (PASSWORD, second):
        while not shown.rstrip(b" ").endswith(b":"):
            shown += os.read(terminal, 1024)
        os.write(terminal, text.encode() + b"\n")
        shown += b"\n"
    if not is_added:
        os.close(terminal)  # it asks anew: whoever typed it went away
    else:
        with suppress(OSError):  # how Linux says that nobody writes to it any more
            while part := os.read(terminal, 1024):
                shown += part
        os.close(terminal)
    os.waitpid(pid, 0)

    assert PASSWORD.encode() not in shown
    assert (Users(store.ledger).get("bob") is not None) == is_added


@pytest.mark.parametrize("text", ["short", "x" * 201, ""])
def test_a_password_that_is_none_is_refused(call, store, tmp_path, text):
    (tmp_path / "password").write_text(text, encoding="utf-8")
    said = call("user", "add", "bob", "--password-file", str(tmp_path / "password"))

    assert said.code == 2
    assert text == "" or text not in said.err
    assert Users(store.ledger).get("bob") is None


def test_roles_are_granted_revoked_and_listed(call, store):
    call("user", "add", "bob", "--no-password", "--project", "fraud")
    call("user", "grant", "bob", "deployer", "--project", "sales")
    call("user", "grant", "bob", "viewer", "--project", "")
    call("user", "revoke", "bob", "--project", "fraud")
    listed = json.loads(call("user", "list", "--json").out)

    assert [(each["name"], each["roles"]) for each in listed] == [("bob", {"": "viewer", "sales": "deployer"})]


def test_a_role_that_is_not_there_is_told_with_those_that_are(call):
    call("user", "add", "bob", "--no-password", "--project", "fraud")
    said = call("user", "revoke", "bob", "--project", "sales")

    assert said.code == 2
    assert "they have one in fraud" in said.err


def test_a_mistyped_name_is_answered_with_the_nearest(call):
    call("user", "add", "barbara", "--no-password")
    said = call("user", "disable", "barbra")

    assert "did you mean `barbara`" in said.err


def test_who_is_disabled_is_out_and_who_is_enabled_in_again(call, store):
    call("user", "add", "ann", "--no-password", "--role", "admin")
    token = call("token", "create", "laptop").out.strip()
    seen = []
    for verb in ("disable", "enable", "remove"):
        call("user", verb, "ann")
        seen.append(Credentials(store.ledger).find_token(secret_digest(token)) is not None)

    assert seen == [False, True, False]


def test_a_token_is_printed_once_and_comes_in(call, store):
    said = call("token", "create", "laptop", "--expires", "90d")
    token = said.out.strip()
    found = Credentials(store.ledger).find_token(secret_digest(token))

    assert token.startswith("hwt_")
    assert (found.user, found.roles) == ("ann", {"*": "admin"})
    assert token not in call("token", "list").out + call("token", "list", "--json").out + call("audit").out


def test_a_program_has_a_name_and_roles_of_its_own(call, store):
    token = call("token", "create", "ci", "--service", "--role", "runner", "--project", "fraud").out.strip()
    found = Credentials(store.ledger).find_token(secret_digest(token))

    assert (found.user, found.roles) == ("ci", {"fraud": "runner"})
    assert call("token", "create", "ci", "--service").code == 2


def test_a_program_is_given_no_password(call, store, password_file):
    call("token", "create", "ci", "--service", "--role", "runner", "--project", "fraud")
    refused = call("user", "password", "ci", "--password-file", password_file)

    assert (refused.code, "it has tokens, no password" in refused.err) == (2, True)
    assert Users(store.ledger).require("ci").password_hash is None


def test_a_personal_token_may_be_for_less(call, store):
    token = call("token", "create", "look", "--role", "viewer").out.strip()

    assert Credentials(store.ledger).find_token(secret_digest(token)).roles == {"*": "viewer"}


def test_a_revoked_token_lets_nobody_in(call, store):
    token = call("token", "create", "laptop").out.strip()
    said = call("token", "revoke", "laptop")

    assert said.out == "laptop of ann is revoked\n"
    assert Credentials(store.ledger).find_token(secret_digest(token)) is None
    assert call("token", "revoke", "laptop").code == 2


def test_what_is_done_to_users_and_tokens_is_in_the_audit_log(call):
    call("user", "add", "bob", "--no-password")
    call("user", "grant", "bob", "king")
    call("user", "revoke", "nobody")
    call("token", "create", "laptop")
    entries = json.loads(call("audit", "--json").out)

    noted = [[each[name] for name in ("action", "on", "user", "means")] for each in entries]
    results = [each["result"].partition(":")[0] for each in entries]
    assert results == ["done", "refused", "done"]
    assert noted == [
        ["make_token", "ann/laptop", "ann", "cli"],
        ["revoke_role", "nobody", "ann", "cli"],
        ["add_user", "bob", "ann", "cli"],
    ]
    assert "revoke_role" in call("audit", "--limit", "2").out
    assert json.loads(call("audit", "--user", "bob", "--json").out) == []


@pytest.mark.parametrize(
    ("names", "said"), [("", "by names that are not known"), ("https://data.example.org", "nobody has an account yet")]
)
def test_s_12_a_page_for_other_machines_does_not_start_for_nobody(spawn, monkeypatch, names, said):
    monkeypatch.setenv("HEADWATER_WEB_ADDRESS", "0.0.0.0")
    monkeypatch.setenv("HEADWATER_WEB_NAMES", names)
    child = spawn("ui", "--port", "0")
    _, err = child.communicate(timeout=60)

    assert child.returncode == 2
    assert said in err
