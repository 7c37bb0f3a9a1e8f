"""Mail, against real servers that behave and that do not."""

import shutil
import time
from email import message_from_string, policy

import msgspec
import pytest

from headwater.model.alert import Alert
from headwater.model.errors import AlertNotDelivered
from headwater.production.alerts.channels import Email
from headwater.production.alerts.limits import Limits
from headwater.production.alerts.sending import send
from tests.production.alert_certificates import NAME, make_certificate
from tests.production.alert_servers import Dripping, Hanging, Mail, serving

ALERT = Alert(
    "Churn@production/failure/1/train",
    "failure",
    1740808800.0,
    "Churn@production",
    "Churn@production failed at train (churn.py:41): KeyError: 'größe'",
    "step train\n.\nlast lines",
)
ALLOWED = Limits(seconds=5, is_private_allowed=True)
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")


def channel(server, **facts):
    known = {"host": "127.0.0.1", "security": "none", "port": server.port} | facts
    return Email("oncall", sender="ann@example.com", recipients=("bo@example.com", "cy@example.com"), **known)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusting(certificate):
    return msgspec.structs.replace(ALLOWED, certificates=certificate.path, ask=lambda host, port: ["127.0.0.1"])


def test_all_recipients_get_one_mail():
    mail = Mail()
    with serving(mail) as server:
        assert send(channel(server), ALERT, ALLOWED) == "taken"

    ((recipients, text),) = mail.mails
    got = message_from_string(text, policy=policy.default)
    assert recipients == ("bo@example.com", "cy@example.com")
    assert got["Subject"] == ALERT.title
    assert (got["From"], got["To"]) == ("ann@example.com", "bo@example.com, cy@example.com")
    assert got["Auto-Submitted"] == "auto-generated"
    assert got.get_content().replace("\r\n", "\n") == f"{ALERT.title}\n\n{ALERT.text}\n"


def test_the_same_alert_has_the_same_id_so_that_readers_show_it_once():
    mail = Mail()
    with serving(mail) as server:
        send(channel(server), ALERT, ALLOWED)
        send(channel(server), ALERT, ALLOWED)

    ids = [message_from_string(text)["Message-ID"] for _, text in mail.mails]
    assert ids[0] == ids[1]


@needs_openssl
def test_name_and_password_are_given_only_after_tls_began(certificate, trusting):
    mail = Mail(context=certificate.context, user="ann", password="geheim")
    with serving(mail) as server:
        facts = {"host": NAME, "security": "starttls", "user": "ann", "password": "geheim"}
        assert send(channel(server, **facts), ALERT, trusting) == "taken"

    assert mail.was_secure == [True]
    assert mail.words.index("STARTTLS") < next(n for n, word in enumerate(mail.words) if word.startswith("AUTH"))


@needs_openssl
def test_tls_from_the_first_byte(certificate, trusting):
    mail = Mail(user="ann", password="geheim")
    with serving(mail, certificate.context) as server:
        facts = {"host": NAME, "security": "tls", "user": "ann", "password": "geheim"}
        assert send(channel(server, **facts), ALERT, trusting) == "taken"

    assert mail.was_secure == [True]


@needs_openssl
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_certificate_must_be_that_of_the_name(certificate, trusting, security):
    mail = Mail(context=certificate.context)
    of_server = certificate.context if security == "tls" else None
    told = r"certificate of other\.test is not trusted"
    with serving(mail, of_server) as server, pytest.raises(AlertNotDelivered, match=told):
        send(channel(server, host="other.test", security=security), ALERT, trusting)

    assert mail.mails == []


@needs_openssl
def test_a_server_that_stopped_offering_tls_gets_neither_mail_nor_password(trusting):
    mail = Mail(user="ann", password="geheim")
    with serving(mail) as server:
        facts = {"host": NAME, "security": "starttls", "user": "ann", "password": "geheim"}
        with pytest.raises(AlertNotDelivered, match="STARTTLS"):
            send(channel(server, **facts), ALERT, trusting)

    assert [word.split(" ")[0] for word in mail.words] == ["ehlo"]


@needs_openssl
def test_a_wrong_password_is_told_without_showing_it(certificate, trusting):
    with serving(Mail(user="ann", password="other"), certificate.context) as server:
        facts = {"host": NAME, "security": "tls", "user": "ann", "password": "geheim"}
        with pytest.raises(AlertNotDelivered, match="refused user and password: 535 not you") as caught:
            send(channel(server, **facts), ALERT, trusting)

    assert "geheim" not in str(caught.value)


def test_recipients_that_were_refused_are_named():
    mail = Mail(refused=("bo@example.com",))
    with serving(mail) as server:
        assert send(channel(server), ALERT, ALLOWED) == "taken, but not for bo@example.com"


def test_a_mail_that_nobody_may_get_is_not_delivered():
    mail = Mail(refused=("bo@example.com", "cy@example.com"))
    with serving(mail) as server, pytest.raises(AlertNotDelivered, match="refused all recipients"):
        send(channel(server), ALERT, ALLOWED)


def test_a_server_that_goes_in_the_middle_is_told():
    def treat(connection):
        connection.sendall(b"220 ready\r\n")
        connection.recv(100)

    with serving(treat) as server, pytest.raises(AlertNotDelivered, match="closed the connection"):
        send(channel(server), ALERT, ALLOWED)


@pytest.mark.parametrize("treat", [Hanging(), Dripping(b"220-"), Dripping(b"220 hello\r\n250-")])
def test_a_server_that_never_ends_is_left_after_the_time_limit(treat):
    began = time.monotonic()
    with serving(treat) as server, pytest.raises(AlertNotDelivered, match=r"no end within 0\.4 s"):
        send(channel(server), ALERT, Limits(seconds=0.4, is_private_allowed=True))

    assert time.monotonic() - began < 5


def test_a_private_mail_server_gets_no_connection_unless_a_setting_allows_it():
    with serving(Mail()) as server:
        with pytest.raises(AlertNotDelivered, match="not on the public internet"):
            send(channel(server), ALERT, Limits(seconds=5))

        assert server.connections == 0


def test_a_line_end_in_a_title_makes_no_header():
    mail = Mail()
    with serving(mail) as server, pytest.raises(AlertNotDelivered, match="cannot be written"):
        send(channel(server), msgspec.structs.replace(ALERT, title="failed\r\nBcc: eve@example.com"), ALLOWED)

    assert mail.mails == []
