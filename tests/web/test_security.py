"""Bad input that broke other projects' servers (the ids are those of the security catalogue), asked of this one."""

import json
import os
import random
import stat

import pytest

from headwater.client.session import metadata
from headwater.environments.uv import reason_in
from headwater.home import open_home
from headwater.model.errors import SettingMistake, UserMistake
from headwater.remote.connection import Server, checked_url
from headwater.web.access import Access
from headwater.web.accounts.users import Users
from headwater.web.guard import Guard
from headwater.web.server import require_somebody
from headwater.web.tables import all_routes
from tests.web.gate_site import HOST, ORIGIN, PASSWORD, GateSite, cookie_of
from tests.web.test_every_route import path_of
from tests.web.two_projects import run

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO")
#: Of every method one that would change something, were it let in.
CHANGES = [
    ("POST", "/runs/Churn/1/tags", {"add": ["x"], "remove": []}),
    ("PUT", "/runs/Churn/1/note", {"note": "x"}),
    ("DELETE", "/users/bob", None),
    ("DELETE", "/session", None),
    ("PATCH", "/runs/Churn/1", None),
    ("FOO", "/runs/Churn/1", None),
]


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    """One store for all: what is asked of it here changes nothing, or it would be seen."""
    home = open_home(str(tmp_path_factory.mktemp("store") / "home"), user="root", make=True)
    site = GateSite(home)
    yield site
    site.close()
    home.close()


@pytest.fixture(scope="module")
def signed_in(gate):
    """It has a run, and an admin's cookie."""
    run(gate.ledger)
    gate.person("bob", PASSWORD, everything="admin")
    gate.cookie = gate.sign_in("bob")
    return gate


@pytest.mark.parametrize(
    "host", [f"evil.example:{8501}", "127.0.0.1:8502", "127.0.0.1", "localhost", "[::1]", "0.0.0.0:8501"]
)
@pytest.mark.parametrize("path", ["/me", "//", "//healthz", "/session/ways"])
def test_s_08_only_own_names_are_answered(signed_in, host, path):
    given = signed_in.ask("GET", path, cookie=signed_in.cookie, headers=[("host", host)])

    assert given.status == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "LOCALHOST:8501", "[::1]:8501"])
def test_own_names_are_answered(signed_in, host):
    assert signed_in.ask("GET", "/me", cookie=signed_in.cookie, headers=[("host", host)]).status == 200


def test_s_08_a_request_names_one_host(signed_in):
    assert signed_in.ask("GET", "/me", cookie=signed_in.cookie, headers=[("host", None)]).status == 400
    twice = [("host", HOST), ("host", HOST)]
    assert signed_in.ask("GET", "/me", cookie=signed_in.cookie, headers=twice).status == 400


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://evil.example:8501",
        "http://127.0.0.1:8502",
        "http://127.0.0.1",
        "http://127.0.0.1:8501.evil.example",
        "https://127.0.0.1:8501",
        "file://127.0.0.1:8501",
        "127.0.0.1:8501",
    ],
)
@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_s_09_pages_of_other_sites_change_nothing_by_any_method(signed_in, origin, method, path, body):
    given = signed_in.ask(method, path, body, cookie=signed_in.cookie, headers=[("origin", origin)])

    assert given.status == 403
    assert signed_in.ask("GET", "/me", cookie=signed_in.cookie).status == 200
    assert signed_in.ledger.find_run("Churn", 1).tags == ()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_s_09_what_a_browser_calls_another_site_is_refused_by_any_method(signed_in, method, site):
    headers = [("sec-fetch-site", site), ("sec-fetch-mode", "cors")]

    assert signed_in.ask(method, "/runs", cookie=signed_in.cookie, headers=headers).status == 403


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_s_10_no_program_name_excuses_another_site(signed_in, method, path, body):
    headers = [("origin", "https://evil.example"), ("user-agent", "curl/8.0")]

    assert signed_in.ask(method, path, body, cookie=signed_in.cookie, headers=headers).status == 403


@pytest.mark.parametrize("mode", ["no-cors", "navigate"])
@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_s_11_forms_change_nothing(signed_in, mode, method, path, body):
    headers = [("sec-fetch-mode", mode), ("sec-fetch-site", "same-origin")]

    assert signed_in.ask(method, path, body, cookie=signed_in.cookie, headers=headers).status == 403


def test_the_own_page_may_call(signed_in):
    headers = [("origin", ORIGIN), ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]
    given = signed_in.ask("PUT", "/runs/Churn/1/note", {"note": "good"}, cookie=signed_in.cookie, headers=headers)

    assert given.status < 300
    assert signed_in.ledger.find_run("Churn", 1).note == "good"


def test_a_link_from_elsewhere_to_the_page_may_be_followed(gate):
    headers = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]

    assert gate.ask("GET", "//runs", headers=headers).status in (200, 503)


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/jsonx"],
)
def test_s_38_json_that_comes_as_something_else_is_refused(signed_in, kind):
    raw = json.dumps({"add": ["x"], "remove": []}).encode()
    given = signed_in.ask(
        "POST", "/runs/Churn/1/tags", raw=raw, cookie=signed_in.cookie, headers=[("content-type", kind)]
    )

    assert given.status == 415
    assert signed_in.ledger.find_run("Churn", 1).tags == ()


def test_s_05_what_was_sent_is_not_given_back(signed_in):
    script = "<script>alert(1)</script>"
    headers = [("content-type", script), ("x-other", script)]
    given = signed_in.ask("POST", "/runs/Churn/1/tags", raw=b"{}", cookie=signed_in.cookie, headers=headers)

    assert given.status == 415
    assert b"script" not in given.body
    assert "script" not in str(given.pairs)


PATHS_OUT = [
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%252e%252e%252fetc%252fpasswd",
    "....//....//etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "..\\..\\etc\\passwd",
    "assets/../../../../../etc/passwd",
    "assets/..%2f..%2f..%2fpyproject.toml",
    "assets2/x",
    "assets/.hidden",
    ".git/config",
    ".env",
    "index.html/../../server.py",
    "x\x00y",
    "a" * 6000,
]


@pytest.mark.parametrize("path", PATHS_OUT)
def test_s_37_s_42_the_page_gives_no_file_but_its_own(gate, path):
    given = gate.ask("GET", f"//{path}")

    assert b"root:" not in given.body
    assert b"import " not in given.body
    assert given.status in (200, 404, 503)
    if given.status == 200:
        assert given.body.lstrip().lower().startswith(b"<!doctype html")


@pytest.mark.parametrize("path", PATHS_OUT)
def test_s_17_no_path_of_the_api_leads_out_of_the_store(signed_in, path):
    for route in ("logs", "logs/download", "artifacts/x", "reports/x"):
        for place in (f"/runs/Churn/1/tasks/start/{path}/{route}", f"/runs/Churn/1/tasks/{path}/1/{route}"):
            given = signed_in.ask("GET", place, cookie=signed_in.cookie)
            assert given.status in (400, 404), (place, given)
    for place in (f"/runs/Churn/1/code/{path}", f"/remote/objects/{path}", f"/remote/runs/{path}/files/x"):
        assert signed_in.ask("GET", place, cookie=signed_in.cookie).status in (400, 404), place


def test_s_24_data_is_no_script(signed_in):
    headers = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "script")]
    given = signed_in.ask("GET", "/runs", cookie=signed_in.cookie, headers=headers)
    plain = signed_in.ask("GET", "/runs", cookie=signed_in.cookie)

    assert given.status == 403
    assert plain.header("content-type") == "application/json"
    assert plain.header("x-content-type-options") == "nosniff"
    assert plain.body.startswith(b"{")
    assert signed_in.ask("GET", "/runs").status == 401


def test_s_23_the_page_is_nobodys_frame_and_takes_no_script_from_afar(gate):
    given = gate.ask("GET", "//")
    policy = given.header("content-security-policy")

    assert "frame-ancestors 'none'" in policy
    assert "default-src 'self'" in policy
    assert "script-src" not in policy or "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert given.header("x-frame-options") == "DENY"


def test_s_22_names_that_are_scripts_are_data_in_every_answer(signed_in):
    """Nothing but the page itself, and reports in their sandbox, is ever given as HTML."""
    script = "<script>alert(1)</script>"
    run(signed_in.ledger, "Scripts", user=script, tags=(script,), note=script)
    kinds = {}
    for route in all_routes():
        if route.method != "GET" or route.path.endswith("stream") or route.path == "/remote/news":
            continue
        given = signed_in.ask("GET", path_of(route, flow="Scripts", label="1"), cookie=signed_in.cookie)
        kinds.setdefault(given.header("content-type").partition(";")[0], []).append((route.path, given))

    assert {"application/json", "application/problem+json"} <= set(kinds)
    for kind in set(kinds) - {"application/json", "application/problem+json", "application/octet-stream", "text/plain"}:
        for path, given in kinds[kind]:
            assert "sandbox" in (given.header("content-security-policy") or ""), (kind, path)


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https:evil.example", "javascript:alert(1)"])
def test_s_25_nothing_is_redirected(signed_in, target):
    for path in (f"/{target}", "//sign-in", "//runs/"):
        given = signed_in.ask("GET", path, cookie=signed_in.cookie, next=target)
        assert not 300 <= given.status < 400
        assert given.header("location") is None


def test_s_35_json_that_is_very_deep_is_refused(signed_in):
    for raw in (b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000):
        given = signed_in.ask("POST", "/runs/Churn/1/tags", raw=raw, cookie=signed_in.cookie)
        assert given.status in (400, 422)


def test_s_35_bodies_are_bounded_and_not_unpacked(signed_in):
    large = b'{"add": ["' + b"x" * (9 << 20) + b'"]}'
    assert signed_in.ask("POST", "/runs/Churn/1/tags", raw=large, cookie=signed_in.cookie).status == 413
    packed = [("content-encoding", "gzip")]
    given = signed_in.ask("POST", "/runs/Churn/1/tags", raw=b"\x1f\x8b", cookie=signed_in.cookie, headers=packed)
    assert given.status == 415


def test_s_35_ten_thousand_ranges_are_one_answer(signed_in):
    ranges = "bytes=" + ",".join(f"{place}-{place}" for place in range(10_000))
    for path in ("/runs", "//", "/runs/Churn/1/tasks/start/1/logs/download"):
        given = signed_in.ask("GET", path, cookie=signed_in.cookie, headers=[("range", ranges)])
        assert given.status < 500 or b"This checkout has no page yet" in given.body
        assert len(given.body) < 1 << 20


def test_s_43_no_answer_is_a_sheet_that_computes(signed_in):
    """There is no export as CSV: cells would have to be kept from being formulas."""
    kinds = {
        signed_in.ask("GET", route.path, cookie=signed_in.cookie).header("content-type")
        for route in all_routes()
        if route.method == "GET" and "{" not in route.path and "stream" not in route.path and "news" not in route.path
    }

    assert not any("csv" in (kind or "") or "sheet" in (kind or "") for kind in kinds)


def test_s_28_ten_thousand_pairs_of_names_are_never_taken_for_each_other(store):
    """Prefixes, suffixes, capitals and look-alikes of a project's name are other projects."""
    rng = random.Random(28)
    letters = "aAbB_-1ſKé"
    wrong = []
    for _ in range(10_000):
        name = "".join(rng.choices(letters, k=rng.randint(1, 4)))
        other = rng.choice(
            [name[:-1], name + rng.choice(letters), name.swapcase(), name[::-1], name * 2, name.lstrip("a")]
        )
        sees = Access("bob", {name: "admin"}).role_in(other) is not None
        wrong += [(name, other)] if sees != (name == other) else []

    assert wrong == []


def test_s_26_a_failure_of_ours_tells_the_caller_nothing_and_the_log_no_secret(signed_in, caplog, monkeypatch):
    token = signed_in.token("bob")

    def fail(*args, **kwargs):
        raise RuntimeError("broken inside")

    monkeypatch.setattr(type(signed_in.ledger), "runs", fail)
    headers = [("x-secret", "hidden-in-a-header")]
    given = signed_in.ask("GET", "/runs", token=token, cookie=signed_in.cookie, headers=headers, search="s3cret-query")

    assert given.status == 500
    assert b"broken" not in given.body
    assert "broken inside" in caplog.text
    for secret in (token, signed_in.cookie.partition("=")[2], "hidden-in-a-header", "s3cret-query"):
        assert secret not in caplog.text


def test_s_36_a_path_cannot_write_lines_of_its_own_into_the_log(signed_in, caplog, monkeypatch):
    monkeypatch.setattr(type(signed_in.ledger), "find_run", lambda *args: 1 / 0)
    signed_in.ask("GET", "/runs/Churn\n\x1b[31mGET done/1", cookie=signed_in.cookie)

    logged = caplog.records[0].getMessage()
    assert "\n" not in logged
    assert "\x1b" not in logged


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5"])
def test_s_12_a_server_for_other_machines_says_by_which_name_it_goes(store, host):
    with pytest.raises(UserMistake, match="by names that are not known"):
        Guard(host, 8501, find_session=lambda digest: None, find_token=lambda digest: None)


def test_s_12_a_server_for_other_machines_starts_when_somebody_could_sign_in(store):
    with pytest.raises(UserMistake, match="nobody has an account"):
        require_somebody(store.ledger)
    Users(store.ledger).add("ann", by="root", at=1.0)

    assert require_somebody(store.ledger) is None


@pytest.mark.parametrize("name", ["", "https://", "ftp://x", "data.example.org/path", "https://a/b", "https://u@a"])
def test_names_that_are_none_keep_the_server_from_starting(store, name):
    with pytest.raises(UserMistake, match="web_names"):
        GateSite(store, names=(name,))


ADDRESS = "https://ann:s3cret/p@ss@data.example.org"


@pytest.mark.parametrize("name", ["HOME", "SERVER", "WEB_NAMES", "USER", "POOLS"])
def test_s_45_no_setting_holds_a_password(tmp_path, name):
    with pytest.raises(SettingMistake, match=f"HEADWATER_{name} holds a user or a password") as refused:
        open_home(environ={"HEADWATER_HOME": str(tmp_path), f"HEADWATER_{name}": ADDRESS}, make=True)

    assert "https://***@data.example.org" in refused.value.message
    assert "s3cret" not in str(refused.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "use",
    [
        checked_url,
        metadata,
        lambda url: Server(url, "hwt_x"),
        lambda url: Guard(
            "0.0.0.0", 8501, find_session=lambda digest: None, find_token=lambda digest: None, names=(url,)
        ),
    ],
)
def test_s_45_an_address_with_a_password_is_refused_without_a_word_of_it(use, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(SettingMistake) as refused:
        use(ADDRESS)

    assert "***@data.example.org" in refused.value.message
    assert "s3cret" not in str(refused.value)
    assert os.listdir(tmp_path) == []


def test_s_45_what_uv_says_of_an_index_has_no_password():
    said = reason_in(f"error: Failed to fetch {ADDRESS.replace('/p@ss', 'p@ss')}/simple: 401")

    assert said == "Failed to fetch https://***@data.example.org/simple: 401"


def test_s_27_what_is_typed_in_the_place_of_a_name_is_in_no_log(signed_in):
    signed_in.ask("POST", "/session/password", {"name": "my-passw0rd", "password": "bob"})
    signed_in.ask("POST", "/session/password", {"name": "bob", "password": "my-passw0rd"})
    page = signed_in.ask("GET", "/audit", cookie=signed_in.cookie).value["rows"]
    refused = [row for row in page if row["result"].startswith("refused: this name")]

    assert [row.get("details") for row in refused[:2]] == [{"name": "bob"}, None]
    assert "my-passw0rd" not in str(page)


@pytest.mark.parametrize("roles", [{"everything": "deployer"}, {"none": "admin"}, {"fraud": "admin"}])
def test_where_the_store_lies_is_for_admins_of_all_projects(gate, roles, monkeypatch):
    name = gate.person(f"eve-{len(roles)}-{next(iter(roles))}", PASSWORD, **roles)
    given = gate.ask("POST", "/session/password", {"name": name, "password": PASSWORD})
    told = [given, *(gate.ask("GET", path, cookie=cookie_of(given)) for path in ("/me", "/settings"))]

    assert [each.status for each in told] == [200] * 3
    assert [each.value["store"] for each in told] == [""] * 3
    assert not any(gate.home.path in each.body.decode() for each in told)
    assert not any("/" in setting["source"] for setting in told[2].value["settings"])


def test_admins_of_all_projects_see_where_the_store_lies(signed_in):
    for path in ("/me", "/settings"):
        assert signed_in.ask("GET", path, cookie=signed_in.cookie).value["store"] == signed_in.home.path


def test_two_stores_on_one_machine_do_not_read_each_others_cookies(store):
    known = {"find_session": lambda digest: None, "find_token": lambda digest: None}
    one, other = (Guard("127.0.0.1", port, **known) for port in (8501, 8502))

    assert one.cookie_name("localhost:8501") != other.cookie_name("localhost:8502")


def test_s_20_what_the_server_writes_is_its_owners_only(signed_in):
    loose = []
    for at, folders, files in os.walk(signed_in.home.path):
        for name in (*folders, *files):
            mode = stat.S_IMODE(os.stat(os.path.join(at, name)).st_mode)
            loose += [(name, oct(mode))] if mode & 0o077 else []
    assert loose == []
