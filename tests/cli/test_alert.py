import json
import os
import stat
import sys

import pytest

from headwater.production.alerts.kept import Alerts
from tests.production.alert_servers import Hanging, Web, serving
from tests.production.alert_story import Story


@pytest.fixture
def deployed(home_folder):
    story = Story(home_folder)
    yield story
    story.home.close()


def alerted(story):
    story.deploy()
    story.good()
    run = story.bad()
    alerter = story.alerter()
    alerter.turn()
    alerter.settle(10)
    alerter.close()
    return run


def test_a_channel_is_added_shown_without_its_secret_and_removed(call, home_folder):
    added = call("alert", "add", "webhook", "team", "https://hooks.example.com/services/secret")
    assert (added.code, added.out) == (0, "webhook:team added, try it: headwater alert test team\n")
    assert stat.S_IMODE(os.stat(home_folder / "alerts.json").st_mode) == 0o600

    shown = call("alert", "channels")
    assert "https://hooks.example.com/***" in shown.out
    assert "secret" not in shown.out
    listed = json.loads(call("alert", "channels", "--json").out)
    assert listed == [{"channel": "webhook:team", "where": "https://hooks.example.com/***"}]

    assert call("alert", "remove", "team").code == 0
    assert "nobody is told" in call("alert", "channels").err


def test_a_mail_channel_takes_its_password_from_a_file(call, home_folder, tmp_path):
    (tmp_path / "password").write_text("geheim\n")
    words = ("--server", "mail.example.com:2525", "--from", "a@x.org", "--to", "b@x.org", "--to", "c@x.org")
    added = call("alert", "add", "email", "oncall", *words, "--user", "ann", "--password-file", "password")

    assert added.code == 0
    assert "b@x.org, c@x.org through mail.example.com:2525 (starttls)" in call("alert", "channels").out
    assert json.loads((home_folder / "alerts.json").read_text())["channels"][0]["password"] == "geheim"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("webhook", "team"), "a webhook has one address"),
        (("webhook", "team", "gopher://x.org/"), "none that can be used"),
        (("webhook", "team", "https://x.org/", "--header", "Key"), "a header has a name and a value"),
        (("email", "oncall", "--server", "mail.x.org:smtp", "--from", "a@x.org"), "`smtp` is no port"),
        (("email", "oncall", "--server", "mail.x.org", "--from", "a@x.org"), "nobody to write to"),
        (("email", "oncall", "b@x.org"), "says nothing of a mail channel"),
        (("command", "pager"), "names no program"),
    ],
)
def test_what_cannot_be_a_channel_is_refused(call, words, told):
    refused = call("alert", "add", *words)

    assert (refused.code, told in refused.err) == (2, True)


def test_a_program_beside_whoever_adds_it_is_found_from_other_folders(call, tmp_path, monkeypatch):
    (tmp_path / "desk").mkdir()
    program = tmp_path / "desk" / "tell-me.sh"
    program.write_text("#!/bin/sh\necho told\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path / "desk")
    call("alert", "add", "command", "desk", "./tell-me.sh")
    monkeypatch.chdir("/")

    assert "command:desk: delivered (told)" in call("alert", "test").out


def test_a_test_alert_says_how_it_went_on_each_channel(call, monkeypatch):
    monkeypatch.setenv("HEADWATER_ALERT_ALLOW_PRIVATE", "yes")
    web = Web()
    with serving(web) as server, serving(Web(b"HTTP/1.1 404 No\r\n\r\n")) as other:
        call("alert", "add", "webhook", "team", f"http://127.0.0.1:{server.port}/a")
        call("alert", "add", "webhook", "old", f"http://127.0.0.1:{other.port}/b")
        call("alert", "add", "command", "pager", "--", sys.executable, "-c", "print('paged')")
        every = call("alert", "test")
        one = call("alert", "test", "team")

    lines = every.out.splitlines()
    assert every.code == 1
    assert lines[0].startswith("webhook:team: delivered (200: ok), ")
    assert lines[1].startswith("webhook:old: not delivered: 127.0.0.1 answered 404, ")
    assert lines[2].startswith("command:pager: delivered (paged), ")
    assert (one.code, len(web.bodies)) == (0, 2)
    assert "a test alert, nothing is wrong" in json.loads(web.bodies[0])["text"]


def test_a_private_address_is_refused_with_the_setting_that_allows_it(call):
    with serving(Hanging()) as server:
        call("alert", "add", "webhook", "team", f"http://127.0.0.1:{server.port}/a")
        refused = call("alert", "test")

        assert server.connections == 0
    assert refused.code == 1
    assert "HEADWATER_ALERT_ALLOW_PRIVATE=yes" in refused.out


def test_testing_without_channels_says_how_to_add_one(call):
    refused = call("alert", "test")

    assert (refused.code, "headwater alert add webhook NAME URL" in refused.err) == (2, True)


def test_testing_a_channel_that_is_not_there_names_those_that_are(call):
    call("alert", "add", "command", "pager", "/bin/page")
    refused = call("alert", "test", "pagr")

    assert (refused.code, "did you mean `pager`" in refused.err) == (2, True)


def test_alerts_are_listed_with_how_often_and_who_was_told(call, deployed):
    call("alert", "add", "command", "pager", "/bin/cat")
    alerted(deployed)
    listed = call("alert", "list")

    assert "command:pager" in listed.out
    assert "Churn@production failed at train (churn.py:41)" in listed.out
    assert "no daemon runs" in listed.err
    (one,) = json.loads(call("alert", "list", "--json").out)
    assert (one["kind"], one["run"], one["deliveries"][0]["is_delivered"]) == ("failure", "Churn/2", True)


@pytest.mark.parametrize("name", ["Churn/2", "Churn@production/failure", None])
def test_an_alert_is_shown_by_its_cause_the_beginning_of_it_or_its_run(call, deployed, name):
    call("alert", "add", "command", "pager", "/bin/cat")
    alerted(deployed)
    shown = call("alert", "show", name or deployed.only("failure").cause)

    assert shown.code == 0
    assert "changed since" in shown.out or "nothing that is recorded changed" in shown.out
    assert "command:pager delivered" in shown.out
    assert "headwater debug Churn/2/train/2" in shown.out


def test_an_alert_that_is_not_there_is_refused_with_those_that_are(call, deployed):
    alerted(deployed)
    refused = call("alert", "show", "Churn/9")

    assert refused.code == 2
    assert deployed.only("failure").cause in refused.err


def test_a_hostile_message_cannot_disturb_the_terminal(call, deployed):
    deployed.deploy()
    deployed.bad(message="\x1b[2J\x07evil")
    alerter = deployed.alerter()
    alerter.turn()
    alerter.close()

    assert [alert.kind for alert in Alerts(deployed.ledger).newest(9)] == ["failure"]
    for words in (("list",), ("show", "Churn/1"), ("list", "--json")):
        assert "\x1b" not in call("alert", *words).out
