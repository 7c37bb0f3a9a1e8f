"""Over https a server proves that it is itself, before it is told anything."""

import pytest

from headwater.model.errors import ServerNotReached, SettingMistake
from headwater.remote.folder import ask_user
from headwater.remote.logins import Login
from tests.remote.machines import Machine
from tests.remote.served import Served
from tests.remote.tls import BY_NOBODY, KINDS, Certificates, Door

WRONG = {
    "of another name": "IP address mismatch",
    "of another address": "IP address mismatch",
    "expired": "certificate has expired",
    BY_NOBODY: "unable to get local issuer certificate",
}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(str(tmp_path_factory.mktemp("certificates")))


@pytest.fixture
def door(request, certificates, monkeypatch):
    """A door with a certificate of the kind that the test asks for."""
    monkeypatch.setenv("SSL_CERT_FILE", certificates.trusted)
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
    door = Door(certificates.context(request.param))
    yield door
    door.close()


def test_every_kind_of_certificate_is_asked_about():
    assert set(WRONG) == {*KINDS, BY_NOBODY} - {"right"}


@pytest.mark.parametrize(("door", "why"), WRONG.items(), indirect=["door"])
@pytest.mark.parametrize("is_insecure", [False, True])
def test_a_server_that_does_not_prove_that_it_is_itself_is_told_nothing(door, why, is_insecure):
    with pytest.raises(ServerNotReached, match="does not prove that it is itself") as refused:
        ask_user(Login(door.url, "hwt_precious", "", is_insecure))

    assert why in refused.value.message
    assert "SSL_CERT_FILE" in refused.value.hint
    assert door.heard == b""


@pytest.mark.parametrize("door", ["expired"], indirect=True)
def test_login_keeps_nothing_of_such_a_server(door, tmp_path):
    machine = Machine(tmp_path / "ann")
    said = machine.fail("login", door.url, "--token-file", "-", given="hwt_precious\n")

    assert "certificate has expired" in said
    assert "hwt_precious" not in said
    assert [path for path in machine.folder.rglob("*") if path.is_file()] == []
    assert door.heard == b""


@pytest.mark.parametrize("door", ["right"], indirect=True)
def test_a_server_that_proves_it_is_worked_with(door, tmp_path):
    served = Served(tmp_path / "server", ports=(door.port,))
    door.upstream = served.port
    machine = Machine(tmp_path / "ann")
    try:
        said = machine.do("login", door.url, "--token-file", "-", given=served.token("ann", everything="viewer"))
        listed = machine.do("list", "--json")
    finally:
        served.close()

    assert said.startswith(f"signed in at {door.url} as ann")
    assert listed.strip() == "[]"
    assert b"Authorization: Bearer hwt_" in door.heard


def test_a_token_does_not_go_to_a_server_in_the_open():
    with pytest.raises(SettingMistake, match="in the open"):
        ask_user(Login("http://192.0.2.1:8501", "hwt_precious", ""))
