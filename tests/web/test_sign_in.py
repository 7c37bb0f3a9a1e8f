"""Links, passwords, sessions and tokens: who is let in, and from when on they are not any more."""

import sys
import threading

import pytest

from headwater.web.accounts.passwords import MOST_AT_ONCE, MOST_WAITING, Passwords
from headwater.web.accounts.sessions import SESSION_SECONDS, make_link
from headwater.web.accounts.sign_in import NamedPassword, PasswordSignIn
from headwater.web.accounts.throttle import MOST_OF_ADDRESS, MOST_OF_NAME, Throttle
from tests.web.gate_site import PASSWORD, GateSite, cookie_of

LONG_AGO = 1.0
SESSION_DAYS = SESSION_SECONDS / 86400


def test_a_link_lets_in_once(gate):
    code = make_link(gate.ledger, "root", {"*": "admin"}, gate.clock())
    given = gate.ask("POST", "/session/link", {"code": code})
    again = gate.ask("POST", "/session/link", {"code": code})

    assert given.status == 200
    assert gate.ask("GET", "/me", cookie=cookie_of(given)).value["user"] == "root"
    assert again.status == 401
    assert again.header("set-cookie") is None


def test_a_link_that_is_a_quarter_of_an_hour_old_lets_nobody_in(gate):
    code = make_link(gate.ledger, "root", {"*": "admin"}, gate.clock() - 901)

    assert gate.ask("POST", "/session/link", {"code": code}).status == 401


@pytest.mark.parametrize("code", ["", "x", "\x00", "ä" * 1000])
def test_no_code_is_made_up(gate, code):
    assert gate.ask("POST", "/session/link", {"code": code}).status == 401


def test_a_password_lets_in_with_the_roles_of_the_account(gate):
    gate.person("bob", PASSWORD, fraud="runner")
    given = gate.ask("POST", "/session/password", {"name": "bob", "password": PASSWORD})

    assert given.value["roles"] == {"fraud": "runner"}
    me = gate.ask("GET", "/me", cookie=cookie_of(given)).value
    assert (me["user"], me["roles"], me["means"]) == ("bob", {"fraud": "runner"}, "password")


def test_the_cookie_is_seen_by_no_script_and_sent_by_no_other_site(gate):
    gate.person("bob", PASSWORD)
    given = gate.ask("POST", "/session/password", {"name": "bob", "password": PASSWORD})
    name, *facts = given.header("set-cookie").split("; ")

    assert name.startswith("headwater_session_8501=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(facts)
    assert "Secure" not in facts


def test_a_cookie_of_a_site_that_browsers_reach_by_https_is_sent_by_https_only(store):
    site = GateSite(store, names=("https://data.example.org",))
    site.person("bob", PASSWORD)
    headers = [("host", "data.example.org")]
    given = site.ask("POST", "/session/password", {"name": "bob", "password": PASSWORD}, headers=headers)
    site.close()

    assert given.header("set-cookie").startswith("__Host-headwater_session_8501=")
    assert "Secure" in given.header("set-cookie").split("; ")
    assert site.ask("GET", "/me", cookie=cookie_of(given), headers=headers).status == 200


def test_names_without_account_and_wrong_passwords_are_answered_alike(gate):
    gate.person("bob", PASSWORD)
    gate.person("ann")
    gate.person("eve", PASSWORD)
    gate.users.change("eve", by="root", at=2.0, disabled_at=2.0)
    given = [
        gate.ask("POST", "/session/password", {"name": name, "password": password})
        for name, password in (("bob", "wrong horse battery"), ("nobody", PASSWORD), ("ann", ""), ("eve", PASSWORD))
    ]

    assert {each.status for each in given} == {401}
    assert len({each.body for each in given}) == 1


def test_a_name_without_account_takes_a_hash_as_long(gate):
    """Whether there is such a user is not told by the time either: a hash is compared all the same."""
    compared = []
    real = gate.app._gate.passwords._hasher

    class Counting:
        def verify(self, known, password):
            compared.append(known)
            return real.verify(known, password)

    gate.app._gate.passwords._hasher = Counting()
    gate.ask("POST", "/session/password", {"name": "nobody", "password": PASSWORD})

    assert len(compared) == 1


@pytest.mark.parametrize("body", [{"name": "bob"}, {"password": "x"}, {}, {"name": 1, "password": "x"}, []])
def test_s_30_a_name_alone_lets_nobody_in(gate, body):
    gate.person("bob", PASSWORD)

    assert gate.ask("POST", "/session/password", body).status in (401, 422)


@pytest.mark.parametrize("path", ["/users/bob/password", "/users/bob/enable", "/users/bob/grant", "/me/password"])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_s_30_accounts_are_changed_by_nobody_who_did_not_sign_in(gate, method, path):
    gate.person("bob", PASSWORD)
    given = gate.ask(method, path, {"password": "another password", "current": PASSWORD, "new": "another password"})

    assert given.status in (401, 405)
    assert gate.sign_in("bob")


def test_a_server_without_the_package_for_passwords_says_which_one_it_is(gate, monkeypatch):
    gate.users.add("bob", by="root", at=1.0, password_hash="$argon2id$of-another-machine")
    gate.app._gate._hasher = None
    monkeypatch.setitem(sys.modules, "argon2", None)
    given = gate.ask("POST", "/session/password", {"name": "bob", "password": PASSWORD})

    assert given.status == 503
    assert given.value["hint"] == "pip install 'headwater[team]'"
    assert gate.ask("GET", "/session/ways").value["password"] is False


def test_a_hash_is_dear(gate):
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in Passwords().hash(PASSWORD)


def test_how_one_can_sign_in_is_told_to_whoever_asks(gate):
    before = gate.ask("GET", "/session/ways").value
    gate.person("bob", PASSWORD)

    assert before == {"link": True, "password": False, "command": "headwater up --link"}
    assert gate.ask("GET", "/session/ways").value["password"] is True


def test_guessing_is_slowed_down_by_name(gate):
    gate.person("bob", PASSWORD)
    gate.app._gate.passwords._hasher = _Never()
    bodies = {"name": "bob", "password": "wrong horse battery"}
    given = [
        gate.ask("POST", "/session/password", bodies, client=f"10.0.0.{number}").status
        for number in range(MOST_OF_NAME + 3)
    ]

    assert given == [401] * MOST_OF_NAME + [429] * 3


def test_guessing_is_slowed_down_by_address(gate):
    gate.app._gate.passwords._hasher = _Never()
    given = [
        gate.ask("POST", "/session/password", {"name": f"user{number}", "password": "x"}, client="10.0.0.1").status
        for number in range(MOST_OF_ADDRESS + 2)
    ]

    assert given == [401] * MOST_OF_ADDRESS + [429] * 2


def browser_of(given):
    """What a browser keeps that has let somebody in, when they have signed out."""
    cookies = [value for name, value in given.pairs if name == "set-cookie"]
    return next(each.partition(";")[0] for each in cookies if each.startswith("headwater_browser_8501="))


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1"])
def test_nobody_is_locked_out_of_their_own_browser_by_who_guesses(gate, address):
    gate.person("bob", PASSWORD)
    given = gate.ask("POST", "/session/password", {"name": "bob", "password": PASSWORD}, client=address)
    gate.ask("DELETE", "/session", cookie=cookie_of(given))
    wrong = {"name": "bob", "password": "wrong horse battery"}
    for number in range(MOST_OF_ADDRESS + 1):
        other = {"name": f"user{number}", "password": "x"}
        guessed = [gate.ask("POST", "/session/password", body, client=address).status for body in (wrong, other)]

    assert guessed == [429, 401 if address == "127.0.0.1" else 429]
    body = {"name": "bob", "password": PASSWORD}
    assert gate.ask("POST", "/session/password", body, client=address).status == 429
    assert gate.ask("POST", "/session/password", body, cookie=browser_of(given), client=address).status == 200


def test_a_browser_has_a_bound_of_its_own_and_only_for_the_name_that_it_let_in(gate):
    gate.person("bob", PASSWORD)
    gate.person("eve", PASSWORD)
    known = browser_of(gate.ask("POST", "/session/password", {"name": "eve", "password": PASSWORD}))
    wrong = [{"name": name, "password": "wrong horse battery"} for name in ("bob", "eve")]
    of_bob, of_eve = (
        [gate.ask("POST", "/session/password", body, cookie=known).status for _ in range(MOST_OF_NAME + 1)]
        for body in wrong
    )

    assert of_bob == of_eve == [401] * MOST_OF_NAME + [429]
    # What Eve tried with her browser's cookie counts against Bob's name, as anybody's does.
    assert gate.ask("POST", "/session/password", {"name": "bob", "password": PASSWORD}).status == 429
    # Her own name was tried by that browser only: another one of hers is looked at.
    assert gate.ask("POST", "/session/password", {"name": "eve", "password": PASSWORD}).status == 200


@pytest.mark.parametrize("made_up", ["headwater_browser_8501=x", "headwater_browser_8501=", "headwater_session_8501=x"])
def test_a_browser_that_says_what_is_not_so_is_a_strangers(gate, made_up):
    gate.person("bob", PASSWORD)
    wrong = {"name": "bob", "password": "wrong horse battery"}
    for _ in range(MOST_OF_NAME):
        gate.ask("POST", "/session/password", wrong)

    assert gate.ask("POST", "/session/password", wrong, cookie=made_up).status == 429


def test_what_a_browser_keeps_lets_nobody_in(gate):
    gate.person("bob", PASSWORD)
    given = gate.ask("POST", "/session/password", {"name": "bob", "password": PASSWORD})
    kept = browser_of(given)
    gate.ask("DELETE", "/session", cookie=cookie_of(given))
    gate.pass_a_second()

    assert gate.ask("GET", "/me", cookie=kept).status == 401
    assert gate.ask("GET", "/me", cookie=kept.replace("_browser_", "_session_")).status == 401
    both = [value for name, value in given.pairs if name == "set-cookie"]
    assert all({"HttpOnly", "SameSite=Strict"} <= set(each.split("; ")) for each in both)


def test_failures_behind_a_proxy_keep_nobody_else_out(gate):
    gate.person("bob", PASSWORD)
    hasher = gate.app._gate.passwords
    real, hasher._hasher = hasher._hasher, _Never()
    for number in range(MOST_OF_ADDRESS + 2):
        gate.ask("POST", "/session/password", {"name": f"user{number}", "password": "x"})
    hasher._hasher = real

    assert gate.sign_in("bob")


def test_who_waits_to_sign_in_does_not_take_all_threads(gate):
    """A flood of tries is turned away: hashing is dear, and the other answers need threads too."""
    passwords = gate.app._gate.passwords
    turns = [passwords._turn() for _ in range(MOST_AT_ONCE)]
    for turn in turns:
        turn.__enter__()
    waiting = [threading.Thread(target=passwords.is_right, args=("x", None)) for _ in range(MOST_WAITING)]
    for thread in waiting:
        thread.start()
    while passwords._waiting._value:
        pass
    given = gate.ask("POST", "/session/password", {"name": "bob", "password": "x"})
    passwords._hasher = _Never()
    for turn in turns:
        turn.__exit__(None, None, None)
    for thread in waiting:
        thread.join()

    assert given.status == 429
    assert gate.ask("POST", "/session/password", {"name": "bob", "password": "x"}).status == 401


def test_s_31_a_cookie_that_was_copied_is_refused_after_the_sign_out(gate):
    gate.person("bob", PASSWORD)
    cookie = gate.sign_in("bob")
    given = gate.ask("DELETE", "/session", cookie=cookie)
    gate.pass_a_second()

    assert "Max-Age=0" in given.header("set-cookie")
    assert gate.ask("GET", "/me", cookie=cookie).status == 401


def test_s_31_signing_out_everywhere_ends_the_other_sessions(gate):
    gate.person("bob", PASSWORD)
    gate.person("ann", PASSWORD)
    here, there, other = gate.sign_in("bob"), gate.sign_in("bob"), gate.sign_in("ann")
    assert gate.ask("DELETE", "/sessions", cookie=here).value == {"ended": 1}
    gate.pass_a_second()

    assert [gate.ask("GET", "/me", cookie=each).status for each in (here, there, other)] == [200, 401, 200]


def test_s_31_another_password_ends_all_sessions_and_the_old_one_lets_nobody_in(gate):
    gate.person("bob", PASSWORD)
    here, there = gate.sign_in("bob"), gate.sign_in("bob")
    given = gate.ask("PUT", "/me/password", {"current": PASSWORD, "new": "another good one"}, cookie=here)
    gate.pass_a_second()

    assert given.status == 200
    assert [gate.ask("GET", "/me", cookie=each).status for each in (here, there)] == [401, 401]
    assert gate.ask("GET", "/me", cookie=cookie_of(given)).status == 200
    assert gate.ask("POST", "/session/password", {"name": "bob", "password": PASSWORD}).status == 401
    assert gate.sign_in("bob", "another good one")


def test_s_31_who_proved_the_old_password_just_before_it_changed_is_not_let_in_after(gate):
    gate.person("bob", PASSWORD)
    entrance = gate.app._gate

    class Overtaken:
        """Proves who it is; before they are let in, they have no password any more."""

        def prove(self, proof, now, address):
            proved = PasswordSignIn(gate.ledger, entrance.passwords, Throttle()).prove(proof, now, address)
            gate.users.change("bob", by="root", at=now, password_hash=None, sessions_since=now)
            return proved

    admitted = entrance._admit(Overtaken(), NamedPassword("bob", PASSWORD), gate.clock(), "10.0.0.1")

    assert gate.ask("GET", "/me", cookie=f"headwater_session_8501={admitted.secret}").status == 401


def test_another_password_takes_the_present_one(gate):
    gate.person("bob", PASSWORD)
    cookie = gate.sign_in("bob")
    given = gate.ask(
        "PUT", "/me/password", {"current": "wrong horse battery", "new": "another good one"}, cookie=cookie
    )

    assert given.status == 401
    assert gate.sign_in("bob")


def test_s_31_a_role_that_is_taken_away_is_gone_within_a_second(gate):
    gate.person("bob", PASSWORD, fraud="runner")
    cookie, token = gate.sign_in("bob"), gate.token("bob")
    assert gate.ask("GET", "/runs", token=token).status == 200
    gate.users.revoke("bob", "fraud", by="root", at=2.0)
    gate.pass_a_second()

    assert [gate.ask("GET", "/runs", cookie=cookie).status, gate.ask("GET", "/runs", token=token).status] == [403, 403]


@pytest.mark.parametrize("end", ["disabled_at", "removed_at"])
def test_s_31_who_is_kept_out_is_out_with_all_sessions_and_tokens(gate, end):
    gate.person("bob", PASSWORD, fraud="admin")
    cookie, token = gate.sign_in("bob"), gate.token("bob")
    assert gate.ask("GET", "/me", cookie=cookie).status == gate.ask("GET", "/me", token=token).status == 200
    gate.users.change("bob", by="root", at=2.0, **{end: 2.0})
    gate.pass_a_second()

    assert gate.ask("GET", "/me", cookie=cookie).status == gate.ask("GET", "/me", token=token).status == 401


def test_sessions_from_before_do_not_come_back_with_a_name_that_is_used_anew(gate):
    gate.person("bob", PASSWORD, fraud="admin")
    cookie, token = gate.sign_in("bob"), gate.token("bob")
    root = gate.token(gate.person("root", everything="admin"))
    assert gate.ask("DELETE", "/users/bob", token=root).status == 204
    assert (
        gate.ask("PUT", "/users/bob", {"roles": {"fraud": "admin"}, "password": PASSWORD}, cookie=_session(gate)).status
        == 200
    )
    gate.pass_a_second()

    assert gate.ask("GET", "/me", cookie=cookie).status == 401
    assert gate.ask("GET", "/me", token=token).status == 401


def test_a_session_that_is_used_goes_on(gate):
    gate.person("bob", PASSWORD)
    cookie = gate.sign_in("bob")
    seen = []
    for _ in range(4):
        gate.pass_days(SESSION_DAYS - 4)
        seen.append(gate.ask("GET", "/me", cookie=cookie).status)

    assert seen == [200, 200, 200, 200]


def test_a_session_that_nobody_uses_ends_after_two_weeks(gate):
    gate.person("bob", PASSWORD)
    cookie = gate.sign_in("bob")
    gate.pass_days(SESSION_DAYS + 0.01)

    assert gate.ask("GET", "/me", cookie=cookie).status == 401


def test_a_token_is_shown_once_and_kept_as_a_hash(gate):
    gate.person("root", everything="admin")
    given = gate.ask("POST", "/tokens", {"name": "ci"}, cookie=_session(gate))
    token = given.value["token"]

    assert given.status == 201
    assert token.startswith("hwt_")
    assert len(token) == 4 + 43
    assert gate.ask("GET", "/me", token=token).value["means"] == "token"
    listed = gate.ask("GET", "/tokens", token=token)
    assert token not in listed.body.decode()
    assert listed.value["rows"][0]["name"] == "ci"
    for kind in ("access_token", "audit", "session", "account"):
        for record in gate.ledger.records(kind):
            assert token.encode() not in bytes(record.body) + record.key.encode()


def test_a_token_that_is_revoked_is_refused_within_a_second(gate):
    gate.person("bob", fraud="viewer")
    token, other = gate.token("bob"), gate.token("bob", "other")
    assert gate.ask("GET", "/me", token=token).status == 200
    assert gate.ask("DELETE", "/tokens/bob/laptop", token=other).status == 200
    gate.pass_a_second()

    assert gate.ask("GET", "/me", token=token).status == 401
    assert gate.ask("GET", "/me", token=other).status == 200


def test_a_token_that_has_expired_is_refused(gate):
    gate.person("bob", fraud="viewer")
    over = gate.token("bob", "over", now=LONG_AGO, seconds=3600.0)
    good = gate.token("bob", "good", now=gate.clock(), seconds=3600.0)

    assert [gate.ask("GET", "/me", token=each).status for each in (over, good)] == [401, 200]


def test_a_token_may_no_more_than_its_user_and_no_more_than_it_was_made_for(gate):
    gate.person("bob", fraud="runner", sales="viewer")
    token = gate.token("bob", roles={"*": "admin"})
    narrow = gate.token("bob", "narrow", roles={"fraud": "viewer"})
    assert gate.ask("GET", "/me", token=token).value["roles"] == {"fraud": "runner", "sales": "viewer"}
    assert gate.ask("GET", "/me", token=narrow).value["roles"] == {"fraud": "viewer"}
    gate.users.grant("bob", "admin", "*", by="root", at=2.0)
    gate.pass_a_second()

    assert gate.ask("GET", "/me", token=narrow).value["roles"] == {"fraud": "viewer"}


def test_no_token_makes_tokens_or_passwords(gate):
    root = gate.token(gate.person("root", PASSWORD, everything="admin"))
    gate.person("bob")

    assert gate.ask("POST", "/tokens", {"name": "more"}, token=root).status == 403
    assert gate.ask("PUT", "/users/bob/password", {"password": PASSWORD}, token=root).status == 403
    given = gate.ask("PUT", "/me/password", {"current": PASSWORD, "new": "another good one"}, token=root)
    assert given.status == 403


def test_nobody_makes_or_ends_tokens_of_others(gate):
    gate.person("ann", PASSWORD, fraud="admin")
    gate.person("bob", PASSWORD, fraud="admin")
    bobs = gate.token("bob")
    anns = gate.sign_in("ann")

    assert gate.ask("POST", "/tokens", {"name": "x", "user": "bob"}, cookie=anns).status == 403
    assert gate.ask("DELETE", "/tokens/bob/laptop", cookie=anns).status == 403
    assert gate.ask("GET", "/tokens", cookie=anns, user="bob").status == 403
    assert gate.ask("GET", "/tokens", cookie=anns, user="*").status == 403
    assert gate.ask("GET", "/me", token=bobs).status == 200


def test_an_admin_makes_tokens_for_programs_and_not_for_people(gate):
    gate.person("bob")
    gate.users.add("ci", by="root", at=1.0, roles={"fraud": "runner"}, is_service=True)
    cookie = _session(gate)

    made = gate.ask("POST", "/tokens", {"name": "ci", "user": "ci"}, cookie=cookie)
    assert gate.ask("GET", "/me", token=made.value["token"]).value["roles"] == {"fraud": "runner"}
    assert gate.ask("POST", "/tokens", {"name": "x", "user": "bob"}, cookie=cookie).status == 403


@pytest.mark.parametrize("value", ["", "hwt_", "hwt_x", "Bearer", "\x00", "x" * 10_000])
def test_what_is_no_token_lets_nobody_in(gate, value):
    gate.person("bob", everything="admin")

    assert gate.ask("GET", "/me", token=value).status == 401


def test_a_token_is_taken_from_no_address(gate):
    token = gate.token(gate.person("bob", everything="admin"))

    assert gate.ask("GET", "/runs", token=None, access_token=token).status == 401
    assert gate.ask("GET", "/runs", headers=[("authorization", f"Basic {token}")]).status == 401


class _Never:
    """Compares as fast as a wrong password can be compared."""

    def verify(self, known, password):
        from argon2.exceptions import VerifyMismatchError

        raise VerifyMismatchError

    def hash(self, password):
        return "x"


def _session(gate):
    """The cookie of whoever has the store."""
    code = make_link(gate.ledger, "root", {"*": "admin"}, gate.clock())
    return cookie_of(gate.ask("POST", "/session/link", {"code": code}))
