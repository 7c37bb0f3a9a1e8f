"""Where channels are kept: nobody else reads them, nothing of them is shown."""

import os
import stat
import subprocess
import sys

import pytest

from headwater.model.errors import NotFound, SettingMistake, UserMistake
from headwater.production.alerts.channel_book import add_channel, channels_of, is_readable_by_others, remove_channel
from headwater.production.alerts.channels import Command, Email, Webhook, mask

HOOK = Webhook("team", "https://hooks.example.com/services/T0/B0/secret", {"X-Key": "geheim"})
MAIL = Email("oncall", "mail.example.com", "a@example.com", ("b@example.com",), user="ann", password="geheim")


def test_channels_are_kept_for_the_owner_alone(tmp_path):
    for channel in (HOOK, MAIL, Command("pager", ("/bin/page", "--key", "geheim"))):
        add_channel(str(tmp_path), channel)

    assert [channel.label for channel in channels_of(str(tmp_path), {})] == [
        "webhook:team",
        "email:oncall",
        "command:pager",
    ]
    assert channels_of(str(tmp_path), {})[1] == MAIL
    assert stat.S_IMODE(os.stat(tmp_path / "alerts.json").st_mode) == 0o600
    assert not is_readable_by_others(str(tmp_path))


def test_a_file_that_others_can_read_is_noticed_and_closed_by_the_next_change(tmp_path):
    add_channel(str(tmp_path), HOOK)
    os.chmod(tmp_path / "alerts.json", 0o644)
    assert is_readable_by_others(str(tmp_path))

    add_channel(str(tmp_path), MAIL)
    assert not is_readable_by_others(str(tmp_path))


@pytest.mark.parametrize("channel", [HOOK, MAIL, Command("pager", ("/bin/page", "--key=geheim"))])
def test_nothing_secret_is_shown_of_a_channel(channel):
    shown = f"{channel!r} {channel.label} {channel.where} {mask(' '.join(channel.secrets), channel)}"

    assert "geheim" not in shown
    assert "secret" not in shown


def test_names_are_unique_and_can_be_given_again_when_removed(tmp_path):
    add_channel(str(tmp_path), HOOK)
    with pytest.raises(UserMistake, match="there is a channel `team` already"):
        add_channel(str(tmp_path), Command("team", ("/bin/page",)))

    assert remove_channel(str(tmp_path), "team") == HOOK
    add_channel(str(tmp_path), Command("team", ("/bin/page",)))


def test_removing_what_is_not_there_names_what_is(tmp_path):
    add_channel(str(tmp_path), HOOK)
    with pytest.raises(NotFound, match="did you mean `team`"):
        remove_channel(str(tmp_path), "tem")


def test_channels_of_the_environment_come_first(tmp_path):
    add_channel(str(tmp_path), HOOK)
    environ = {
        "HEADWATER_ALERT_WEBHOOK": "https://hooks.example.com/abc\n",
        "HEADWATER_ALERT_EMAIL": "smtps://ann%40x:ge%3Aheim@mail.example.com/?from=a@x.org&to=b@x.org,c@x.org&to=d@x.org",
        "HEADWATER_ALERT_COMMAND": "/bin/page --to 'the team'",
    }
    hook, mail, command, kept = channels_of(str(tmp_path), environ)

    assert hook == Webhook("environment", "https://hooks.example.com/abc")
    recipients = ("b@x.org", "c@x.org", "d@x.org")
    assert mail == Email("environment", "mail.example.com", "a@x.org", recipients, "tls", 0, "ann@x", "ge:heim")
    assert mail.port_used == 465
    assert command.argv == ("/bin/page", "--to", "the team")
    assert kept == HOOK


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEADWATER_ALERT_WEBHOOK", "ftp://example.com/geheim"),
        ("HEADWATER_ALERT_WEBHOOK", "geheim"),
        ("HEADWATER_ALERT_EMAIL", "geheim"),
        ("HEADWATER_ALERT_EMAIL", "smtp://ann:geheim@mail.example.com/?from=a@x.org"),
        ("HEADWATER_ALERT_EMAIL", "smtp+plain://ann:geheim@mail.example.com/?from=a@x.org&to=b@x.org"),
        ("HEADWATER_ALERT_COMMAND", "/bin/page 'geheim"),
    ],
)
def test_a_variable_that_does_not_read_is_named_without_its_value(tmp_path, name, value):
    with pytest.raises(SettingMistake, match=name) as caught:
        channels_of(str(tmp_path), {name: value})

    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ['{"kind": "alert_channels", "v": 1, "channels": [{"kind": "geheim"}]}', "geheim", '{"v": 99}']
)
def test_a_file_that_does_not_read_is_named_without_what_it_holds(tmp_path, text):
    (tmp_path / "alerts.json").write_text(text)
    with pytest.raises(SettingMistake, match=r"alerts\.json") as caught:
        channels_of(str(tmp_path), {})

    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        (Webhook("a b", "https://x.org/"), "cannot name a channel"),
        (Webhook("a", "https://x.org/a\r\nX: y"), "line ends"),
        (Webhook("a", "https://x.org/a b"), "spaces"),
        (Webhook("a", "https://ann:pw@x.org/"), "holds a user or password"),
        (Webhook("a", "https:///path"), "none that can be used"),
        (Webhook("a", "https://x.org:99999/"), "is none"),
        (Webhook("a", "file:///etc/passwd"), "none that can be used"),
        (Webhook("a", "https://x.org/", {"X": "a\nb"}), "line ends"),
        (Webhook("a", "https://x.org/", {"X\r\nY": "a"}), "line ends"),
        (Webhook("a", "https://x.org/", {"Content-Length": "0"}), "set by Headwater"),
        (Email("a", "mail.x.org", "a@x.org", ()), "nobody to write to"),
        (Email("a", "mail.x.org", "a@x.org\nBcc: e@x.org", ("b@x.org",)), "no mail address"),
        (Email("a", "mail.x.org", "a@x.org", ("b@x.org, c@x.org",)), "no mail address"),
        (Email("a", "", "a@x.org", ("b@x.org",)), "no mail server"),
        (Email("a", "mail.x.org", "a@x.org", ("b@x.org",), "none", 0, "ann", "pw"), "unprotected"),
        (Email("a", "mail.x.org", "a@x.org", ("b@x.org",), "tls", 0, "ann"), "not both"),
        (Command("a", ()), "names no program"),
        (Command("environment", ("/bin/page",)), "already"),
    ],
)
def test_a_channel_that_cannot_work_is_refused_before_it_is_kept(tmp_path, channel, told):
    with pytest.raises(UserMistake, match=told):
        add_channel(str(tmp_path), channel)

    assert channels_of(str(tmp_path), {}) == []


def test_two_who_add_at_once_both_succeed(tmp_path):
    program = """
import sys
from headwater.production.alerts.channel_book import add_channel
from headwater.production.alerts.channels import Command
for number in range(10):
    add_channel(sys.argv[1], Command(f"c{sys.argv[2]}_{number}", ("/bin/page",)))
"""
    words = [sys.executable, "-c", program, str(tmp_path)]
    both = [subprocess.Popen([*words, str(number)]) for number in range(2)]

    assert [one.wait(30) for one in both] == [0, 0]
    assert len(channels_of(str(tmp_path), {})) == 20
