"""Names of accounts and tokens that are scripts: refused on every way, and data where they are there already."""

from urllib.parse import quote

import pytest

from headwater.home import open_home
from headwater.model.errors import UserMistake
from headwater.web.accounts.tokens import ACCESS_TOKEN, create_token
from headwater.web.accounts.users import ACCOUNT, Users
from tests.ui.payloads import PAYLOADS
from tests.web.gate_site import PASSWORD, GateSite


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory):
    home = open_home(str(tmp_path_factory.mktemp("store") / "home"), user="root", make=True)
    site = GateSite(home)
    site.person("bob", PASSWORD, everything="admin")
    site.cookie = site.sign_in("bob")
    yield site
    site.close()
    home.close()


def kept(site):
    return [
        (record.kind, record.key, record.version)
        for kind in (ACCOUNT, ACCESS_TOKEN)
        for record in site.ledger.records(kind)
    ]


def test_no_account_is_called_like_a_script(signed_in):
    before = kept(signed_in)
    users = Users(signed_in.ledger)
    for text in PAYLOADS:
        with pytest.raises(UserMistake):
            users.add(text, by="root", at=1.0)
        if "/" not in text:  # a name is a part of an address
            given = signed_in.ask("PUT", f"/users/{text}", {"roles": {}}, cookie=signed_in.cookie)
            assert given.status in (404, 422), (text, given)
        encoded = signed_in.ask("PUT", f"/users/{quote(text, safe='')}", {"roles": {}}, cookie=signed_in.cookie)
        assert encoded.status in (404, 422), (text, encoded)

    assert kept(signed_in) == before


@pytest.mark.parametrize("text_of", [str, "bob{}".format, "{}bob".format], ids=["alone", "behind", "before"])
def test_no_token_is_called_like_a_script(signed_in, text_of):
    before = kept(signed_in)
    for text in map(text_of, PAYLOADS):
        given = signed_in.ask("POST", "/tokens", {"name": text}, cookie=signed_in.cookie)
        assert given.status in (400, 422), (text, given)
        assert given.header("content-type") == "application/problem+json"
        with pytest.raises(UserMistake):
            create_token(signed_in.ledger, text, "bob", by="root", now=1.0)

    assert kept(signed_in) == before


@pytest.mark.parametrize("field", ["roles", "user"])
def test_no_token_is_made_for_a_project_or_a_person_called_like_a_script(signed_in, field):
    before = kept(signed_in)
    for text in PAYLOADS:
        value = {text: "viewer"} if field == "roles" else text
        given = signed_in.ask("POST", "/tokens", {"name": "x", field: value}, cookie=signed_in.cookie)
        assert given.status in (400, 404, 422), (text, given)

    assert kept(signed_in) == before


def test_no_role_is_given_in_a_project_called_like_a_script(signed_in):
    for text in PAYLOADS:
        body = {"project": text, "role": "viewer"}
        given = signed_in.ask("POST", "/users/bob/grant", body, cookie=signed_in.cookie)
        assert given.status in (400, 422), (text, given)

    assert signed_in.users.get("bob").roles == {"*": "admin"}
