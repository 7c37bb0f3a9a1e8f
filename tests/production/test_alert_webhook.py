"""Webhooks, against real servers that behave and that do not."""

import json
import shutil
import time

import msgspec
import pytest

from headwater.model.alert import Alert
from headwater.model.errors import AlertNotDelivered
from headwater.production.alerts.channels import Webhook
from headwater.production.alerts.limits import Limits
from headwater.production.alerts.sending import send
from tests.production.alert_certificates import NAME, make_certificate
from tests.production.alert_servers import Dripping, Hanging, Web, read_request, serving

ALERT = Alert(
    "Churn@production/failure/1/train",
    "failure",
    1740808800.0,
    "Churn@production",
    "Churn@production failed at train (churn.py:41): KeyError: 'amount'",
    "step train\n  <!channel> & <http://evil.test|click> ```",
    run="Churn/17",
)
ALLOWED = Limits(seconds=5, is_private_allowed=True)


def hook(server, path="/services/T0/B0/secretsecret", host="127.0.0.1", scheme="http", **facts):
    return Webhook("team", f"{scheme}://{host}:{server.port}{path}", **facts)


def test_a_webhook_gets_the_alert_as_text_for_a_chat():
    web = Web()
    with serving(web) as server:
        said = send(hook(server, "/services/T0?x=1", headers={"Authorization": "Bearer abc"}), ALERT, ALLOWED)

    head, body = web.requests[0]
    assert said == "200: ok"
    assert head.startswith("POST /services/T0?x=1 HTTP/1.1\r\n")
    assert f"\r\nHost: 127.0.0.1:{server.port}\r\n" in head
    assert "\r\nAuthorization: Bearer abc" in head
    assert list(json.loads(body)) == ["text"]
    assert json.loads(body)["text"].startswith("*Churn@production failed at train (churn.py:41): KeyError: 'amount'*\n")


def test_nothing_in_an_alert_is_markup_a_mention_or_a_link():
    web = Web()
    with serving(web) as server:
        send(hook(server), ALERT, ALLOWED)

    text = json.loads(web.bodies[0])["text"]
    assert "&lt;!channel&gt; &amp; &lt;http://evil.test|click&gt; '''" in text
    assert text.count("```") == 2


def test_an_alert_that_is_sent_twice_can_be_told_from_a_second_one():
    web = Web()
    with serving(web) as server:
        send(hook(server), ALERT, ALLOWED)
        send(hook(server), ALERT, ALLOWED)
        send(hook(server), msgspec.structs.replace(ALERT, cause="another"), ALLOWED)

    keys = [line for head, _ in web.requests for line in head.split("\r\n") if line.startswith("Idempotency-Key")]
    assert keys[0] == keys[1] != keys[2]


def test_a_private_address_gets_no_connection_unless_a_setting_allows_it():
    web = Web()
    with serving(web) as server:
        for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0177.0.0.1", "[::ffff:127.0.0.1]"):
            with pytest.raises(AlertNotDelivered, match="not on the public internet"):
                send(hook(server, host=host), ALERT, Limits(seconds=5))

        assert server.connections == 0


def test_a_redirect_is_not_followed():
    inner = Web()
    with serving(inner) as target:
        answer = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{target.port}/\r\nContent-Length: 0\r\n\r\n"
        told = "answered 302, a redirect, which is not followed"
        with serving(Web(answer.encode())) as server, pytest.raises(AlertNotDelivered, match=told):
            send(hook(server), ALERT, ALLOWED)

        assert target.connections == 0


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 7\r\n\r\nno luck", "answered 500: no luck"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "answered 404"),
        (b"HTTP/1.1 200", "did not answer as a web server does"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "did not answer as a web server does"),
        (b"", "did not answer as a web server does"),
        (b"HTTP/1.1 2\xc2\xb2\xc2\xb2 OK\r\n\r\n", "did not answer as a web server does"),
    ],
)
def test_an_answer_that_is_no_success_is_told(answer, told):
    with serving(Web(answer)) as server, pytest.raises(AlertNotDelivered, match=told):
        send(hook(server), ALERT, ALLOWED)


def test_a_success_without_a_length_counts():
    with serving(Web(b"HTTP/1.0 204 No Content\r\n\r\n")) as server:
        assert send(hook(server), ALERT, ALLOWED) == "204"


def test_the_body_of_an_answer_is_not_waited_for_long():
    def treat(connection):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nok")
        connection.recv(100)

    began = time.monotonic()
    with serving(treat) as server:
        assert send(hook(server), ALERT, Limits(seconds=30, is_private_allowed=True)) == "200: ok"

    assert time.monotonic() - began < 10


@pytest.mark.parametrize("treat", [Hanging(), Dripping(b"HTTP/1.1 200 OK\r\nX: "), Dripping(b"")])
def test_a_server_that_never_ends_is_left_after_the_time_limit(treat):
    began = time.monotonic()
    with serving(treat) as server, pytest.raises(AlertNotDelivered, match=r"no end within 0\.4 s"):
        send(hook(server), ALERT, Limits(seconds=0.4, is_private_allowed=True))

    assert time.monotonic() - began < 5


def test_an_endless_answer_is_read_up_to_a_bound():
    def pour(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 500 Oops\r\n\r\n" + b"x" * 10_000_000)

    with serving(pour) as server, pytest.raises(AlertNotDelivered, match="answered 500: xxx") as caught:
        send(hook(server), ALERT, ALLOWED)

    assert len(caught.value.message) <= 200


def test_a_closed_port_is_told():
    with serving(Web()) as server:
        pass

    with pytest.raises(AlertNotDelivered, match="takes no connection: Connection refused"):
        send(hook(server), ALERT, ALLOWED)


def test_an_answer_that_repeats_the_address_does_not_give_it_away():
    web = Web()
    with serving(web) as server:
        channel = hook(server, "/services/T0/B0/secretsecret", headers={"X-Key": "other-secret"})
        web.answer = f"HTTP/1.1 400 Bad\r\n\r\nno hook {channel.url} secretsecret other-secret".encode()
        with pytest.raises(AlertNotDelivered) as caught:
            send(channel, ALERT, ALLOWED)

    assert "secretsecret" not in str(caught.value)
    assert "other-secret" not in str(caught.value)
    assert "400: no hook" in str(caught.value)


def test_a_channel_does_not_show_its_secrets_in_tracebacks():
    assert repr(Webhook("team", "https://hooks.test/abc")) == "<webhook:team>"


@pytest.mark.parametrize("path", ["/a\r\nX-Evil: 1", "/a\nb"])
def test_a_line_end_does_not_get_into_a_request(path):
    web = Web()
    with serving(web) as server, pytest.raises(AlertNotDelivered):
        send(hook(server, headers={"X-Key": path}), ALERT, ALLOWED)

    assert web.requests == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_the_certificate_must_be_that_of_the_name_though_the_address_is_pinned(tmp_path):
    certificate = make_certificate(tmp_path)
    limits = msgspec.structs.replace(ALLOWED, certificates=certificate.path, ask=lambda host, port: ["127.0.0.1"])
    web = Web()
    with serving(web, certificate.context) as server:
        assert send(hook(server, host=NAME, scheme="https"), ALERT, limits) == "200: ok"
        with pytest.raises(AlertNotDelivered, match=r"certificate of other\.test is not trusted: Hostname mismatch"):
            send(hook(server, host="other.test", scheme="https"), ALERT, limits)
        with pytest.raises(AlertNotDelivered, match=r"certificate of hooks\.test is not trusted: self-signed"):
            untrusting = msgspec.structs.replace(limits, certificates=None)
            send(hook(server, host=NAME, scheme="https"), ALERT, untrusting)

    assert len(web.requests) == 1


def test_a_server_that_speaks_no_tls_is_told():
    def talk(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with serving(talk) as server, pytest.raises(AlertNotDelivered, match="does not speak TLS"):
        send(hook(server, scheme="https"), ALERT, ALLOWED)
