"""Tokens of callers, the guard that asks for them, and pages of other sites."""

import base64
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headwater.home import open_home
from headwater.hosting.guard import Guard, is_loopback
from headwater.hosting.requests import BadRequest
from headwater.hosting.service_tokens import KnownTokens, ServiceToken, create_token, list_tokens, revoke_token
from headwater.ledger.memory import MemoryLedger
from headwater.model.errors import NotFound, UserMistake
from headwater.model.ports import Ledger
from tests.hosting.http_scene import HttpHost, http_host


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    made = MemoryLedger()
    yield made
    made.close()


def test_a_token_is_kept_as_its_hash_only(ledger: Ledger) -> None:
    token, made = create_token(ledger, "web", "ann", 100.0)
    (record,) = ledger.records("token")

    assert token.startswith("hws_") and len(token) > 40
    assert made.digest == hashlib.sha256(token.encode()).hexdigest()
    assert token.encode() not in bytes(record.body)
    assert token != create_token(ledger, "other", "ann", 100.0)[0]


def test_a_revoked_token_is_not_found_from_the_next_reading_on(ledger: Ledger) -> None:
    now = [0.0]
    _, made = create_token(ledger, "web", "ann", 0.0)
    known = KnownTokens(ledger, clock=lambda: 50.0, steady=lambda: now[0])
    before = known.find(made.digest)
    revoke_token(ledger, "web", "bob", 60.0)
    now[0] = 0.9

    assert before == made
    assert known.find(made.digest) is None
    assert not known.has_any()
    assert list_tokens(ledger)[0].revoked_by == "bob"


def test_a_token_is_found_until_its_end_and_no_longer(ledger: Ledger) -> None:
    clock = [0.0]
    _, made = create_token(ledger, "web", "ann", 0.0, seconds=10)
    known = KnownTokens(ledger, clock=lambda: clock[0], steady=lambda: 0.0)
    before = known.find(made.digest)
    clock[0] = 10.0

    assert before == made
    assert known.find(made.digest) is None


def test_a_name_is_free_again_when_its_token_is_no_good(ledger: Ledger) -> None:
    create_token(ledger, "web", "ann", 0.0, seconds=10)
    with pytest.raises(UserMistake, match="there is a token `web`"):
        create_token(ledger, "web", "ann", 5.0)
    create_token(ledger, "web", "ann", 10.0)

    assert len(list_tokens(ledger)) == 1


@pytest.mark.parametrize("name", ["", "a b", "a/b", "../x", "a" * 200, "é"])
def test_a_token_has_a_plain_name(ledger: Ledger, name: str) -> None:
    with pytest.raises(UserMistake, match="cannot be a token's name"):
        create_token(ledger, name, "ann", 0.0)


def test_revoking_what_is_not_there_names_what_is_near(ledger: Ledger) -> None:
    create_token(ledger, "website", "ann", 0.0)

    with pytest.raises(NotFound, match="website"):
        revoke_token(ledger, "websit", "ann", 0.0)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_loopback_is_told_from_what_others_reach(address: str, expected: bool) -> None:
    assert is_loopback(address) == expected


def test_no_guard_lets_everybody_in_at_an_address_that_others_reach() -> None:
    with pytest.raises(ValueError, match="callers need tokens"):
        Guard("0.0.0.0", 8500)


# What the guard lets in

_ALL = ServiceToken("all", hashlib.sha256(b"hws_all").hexdigest(), 0.0, "ann")
_SOME = ServiceToken("some", hashlib.sha256(b"hws_some").hexdigest(), 0.0, "ann", ("Kinds",))
_TOKENS = {token.digest: token for token in (_ALL, _SOME)}


def checked(path: str, authorization: str = "", **headers: str) -> int:
    """Give the status with which a guard that asks for tokens turns a request away; 200 = it lets it in."""
    guard = Guard("0.0.0.0", 8500, find_token=_TOKENS.get)
    given = {"host": "models.example:8500", **headers}
    if authorization:
        given["authorization"] = authorization
    try:
        guard.check({"path": path, "headers": [(name.encode(), value.encode()) for name, value in given.items()]})
    except BadRequest as refused:
        return refused.status
    return 200


@pytest.mark.parametrize(
    ("path", "authorization", "status"),
    [
        ("/Kinds/text", "", 401),
        ("/Kinds/text", "Bearer wrong", 401),
        ("/Kinds/text", "Bearer", 401),
        ("/Kinds/text", "hws_all", 401),
        ("/Kinds/text", "Digest hws_all", 401),
        ("/Kinds/text", "Basic !!!", 401),
        ("/Kinds/text", "Bearer hws_all", 200),
        ("/Kinds/text", "bearer  hws_all ", 200),
        ("/Kinds/text", "Basic " + base64.b64encode(b"anyone:hws_all").decode(), 200),
        ("/Kinds/text", "Basic " + base64.b64encode(b"hws_all:").decode(), 401),
        ("/healthz", "", 200),
        ("/static/page.css", "", 200),
        ("/static/other", "", 401),
        ("/metrics", "", 401),
        ("/", "", 401),
        ("/readyz", "", 401),
    ],
)
def test_a_token_is_asked_for(path: str, authorization: str, status: int) -> None:
    assert checked(path, authorization) == status


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/Kinds/text", 200),
        ("/Kinds/", 200),
        ("/Kinds/openapi.json", 200),
        ("/v2/models/Kinds/infer", 200),
        ("/v2/models/Kinds.text/versions/1/infer", 200),
        ("/v2/health/ready", 200),
        ("/readyz", 200),
        ("/Kinds", 200),
        ("/kinds/text", 403),
        ("/Kind/text", 403),
        ("/Kinds2/text", 403),
        ("/KindsX/text", 403),
        ("/XKinds/text", 403),
        ("//Kinds/text", 403),
        ("/Kinds\u0131/text", 403),
        ("/v2/models/Kinds2/infer", 403),
        ("/v2/models/Other.Kinds/infer", 403),
        ("/v2/models//Kinds/infer", 403),
        ("/v2//models/Other/infer", 403),
        ("//v2/models/Kinds/infer", 403),
        ("/v2/repository/index", 403),
        ("/metrics", 403),
        ("/openapi.json", 403),
        ("/", 403),
    ],
)
def test_a_token_for_some_services_is_good_for_these_only(path: str, status: int) -> None:
    assert checked(path, "Bearer hws_some") == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://models.example:8500"}, 200),
        ({"origin": "https://models.example:8500"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://models.example:8500.evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
    ],
)
def test_pages_of_other_sites_do_not_call_with_a_browsers_password(headers: dict[str, str], status: int) -> None:
    assert checked("/Kinds/text", "Bearer hws_all", **headers) == status


@pytest.mark.parametrize(
    ("name", "status"),
    [("127.0.0.1", 200), ("localhost", 200), ("[::1]", 200), ("evil.example", 421), ("127.0.0.1.evil.example", 421)],
)
def test_on_loopback_only_this_machines_names_are_answered(kinds_host: HttpHost, name: str, status: int) -> None:
    given = kinds_host.get("/healthz", Host=f"{name}:{kinds_host.port}")

    assert given.status == status


def test_a_name_without_the_port_is_another_one(kinds_host: HttpHost) -> None:
    assert kinds_host.get("/healthz", Host="127.0.0.1").status == 421


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_a_page_of_another_site_cannot_call(kinds_host: HttpHost, headers: dict[str, str], kind: str) -> None:
    given = kinds_host.send("POST", "/Kinds/text", b'{"text": "a"}', {"Content-Type": kind, **headers})

    assert given.status == 403
    assert "access-control-allow-origin" not in given.headers


# The whole of it


def test_a_running_host_asks_for_tokens_and_hears_of_a_revocation_within_a_second(tmp_path: Path) -> None:
    home = open_home(str(tmp_path / "home"), make=True)
    token, _ = create_token(home.ledger, "web", "ann", time.time(), services=("Kinds",))
    with http_host(tmp_path, "Kinds", "Older", tokens=True, pool={"workers": 1}) as host:
        without = host.call("/Kinds/text", {"text": "a"})
        bearer = f"Bearer {token}"
        given = host.call("/Kinds/text", {"text": "a"}, Authorization=bearer)
        elsewhere = host.call("/Older/score", {}, Authorization=bearer)
        begun = host.call("/Kinds/text", {"text": "a"}, Authorization=bearer, Prefer="respond-async")
        revoke_token(home.ledger, "web", "ann", time.time())
        since = time.monotonic()
        while host.call("/Kinds/text", {"text": "a"}, Authorization=bearer).status != 401:
            assert time.monotonic() - since < 1.5
    home.close()

    assert (without.status, without.headers["www-authenticate"]) == (401, 'Bearer, Basic realm="headwater"')
    assert (given.status, elsewhere.status, begun.status) == (200, 403, 202)


def test_jobs_and_statistics_are_shown_to_those_who_may_call_their_service(tmp_path: Path) -> None:
    home = open_home(str(tmp_path / "home"), make=True)
    mine, _ = create_token(home.ledger, "mine", "ann", time.time(), services=("Kinds",))
    theirs, _ = create_token(home.ledger, "theirs", "bob", time.time(), services=("Older",))
    home.close()
    with http_host(tmp_path, "Kinds", "Older", tokens=True, pool={"workers": 1}) as host:
        begun = host.call("/Kinds/text", {"text": "a"}, Authorization=f"Bearer {mine}", Prefer="respond-async")
        seen = host.get(begun.headers["location"], Authorization=f"Bearer {mine}")
        hidden = host.get(begun.headers["location"], Authorization=f"Bearer {theirs}")
        counted = host.get("/v2/models/stats", Authorization=f"Bearer {theirs}").value["model_stats"]

    assert {each["name"].partition(".")[0] for each in counted} == {"Older"}
    assert (seen.status in (200, 202), hidden.status) == (True, 404)


def headwater(*words: str, home: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "headwater", *words, "--home", str(home)]
    environ = {**os.environ, "HEADWATER_USER": "ann"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ)


def test_a_host_that_others_reach_does_not_start_without_a_token(tmp_path: Path) -> None:
    refused = headwater("host", "--bind", "0.0.0.0", "--port", "0", home=tmp_path)

    assert refused.returncode != 0
    assert "headwater service token create" in refused.stderr


def test_tokens_are_made_listed_and_revoked_from_the_command_line(tmp_path: Path) -> None:
    made = headwater("service", "token", "create", "web", "--expires", "90d", home=tmp_path)
    listed = headwater("service", "token", "list", home=tmp_path)
    revoked = headwater("service", "token", "revoke", "web", home=tmp_path)
    after = headwater("service", "token", "list", "--json", home=tmp_path)
    unknown = headwater("service", "token", "create", "web", "--service", "Nothing", home=tmp_path)
    wrong = headwater("service", "token", "create", "web", "--expires", "soon", home=tmp_path)

    token = made.stdout.strip()
    assert made.returncode == revoked.returncode == 0
    assert token.startswith("hws_") and token not in listed.stdout + after.stdout + made.stderr
    assert "web" in listed.stdout and "all services" in listed.stdout
    assert '"is_valid": false' in after.stdout
    assert "no service `Nothing`" in unknown.stderr
    assert "soon" in wrong.stderr
