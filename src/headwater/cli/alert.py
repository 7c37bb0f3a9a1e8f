"""`headwater alert`: who is told when a deployment does not do what it should, and what they were told."""

import os
import sys
import time
from typing import TextIO, cast

import click

from headwater import __version__
from headwater.cli.printing import print_facts, print_json, print_table, printable_lines
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.words import local_time
from headwater.client.display import printable
from headwater.home import open_home
from headwater.model.alert import Alert
from headwater.model.errors import AlertNotDelivered, NotFound, UserMistake
from headwater.model.nearest import did_you_mean
from headwater.production.alerts.alerter import ROLE, limits_of
from headwater.production.alerts.channel_book import add_channel, channels_of, is_readable_by_others, remove_channel
from headwater.production.alerts.channels import Channel, Command, Email, Security, Webhook
from headwater.production.alerts.delivery import is_given_up
from headwater.production.alerts.kept import Alerts
from headwater.production.alerts.sending import send


@click.group("alert")
def command() -> None:
    """Say who is told of failures, recoveries, lateness, missed slots and metrics of deployments; see what was told."""


@command.command("channels")
@gives_json
@reads_store
def list_channels(as_json: bool, home: str | None) -> int:
    """List the channels on which alerts are told; what is secret of them is not shown."""
    with opened(home) as view:
        channels = channels_of(view.home_path, os.environ)
        if is_readable_by_others(view.home_path):
            print(f"warning: others can read {view.home_path}/alerts.json: chmod 600 it", file=sys.stderr)
    rows = [(channel.label, channel.where) for channel in channels]
    if as_json:
        print_json([{"channel": label, "where": where} for label, where in rows])
    elif rows:
        print_table(("channel", "where"), rows)
    else:
        print("nobody is told: headwater alert add webhook NAME URL", file=sys.stderr)
    return 0


@command.command("add")
@click.argument("kind", type=click.Choice(["webhook", "email", "command"]))
@click.argument("name")
@click.argument("words", nargs=-1, metavar="[URL | PROGRAM [ARGUMENT]...]")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="webhook: sent with it (repeatable).")
@click.option("--server", default="", metavar="HOST[:PORT]", help="email: the mail server.")
@click.option("--from", "sender", default="", metavar="ADDRESS", help="email: who it comes from.")
@click.option("--to", "recipients", multiple=True, metavar="ADDRESS", help="email: who gets it (repeatable).")
@click.option(
    "--security",
    type=click.Choice(["starttls", "tls", "none"]),
    default="starttls",
    help="email: TLS after the greeting, from the first byte, or none  [default: starttls].",
)
@click.option("--user", default="", metavar="NAME", help="email: signs in with it.")
@click.option("--password-file", type=click.File("r"), help="email: file with the password; `-` = standard input.")
@reads_store
def add(
    kind: str,
    name: str,
    words: tuple[str, ...],
    headers: tuple[str, ...],
    server: str,
    sender: str,
    recipients: tuple[str, ...],
    security: str,
    user: str,
    password_file: TextIO | None,
    home: str | None,
) -> int:
    """Add a channel: `webhook NAME URL`, `email NAME --server HOST --from A --to B`, `command NAME PROGRAM ...`.

    A URL of `-` is read from standard input, which keeps it out of the shell's history. What is secret is kept in the
    store's alerts.json, which only its owner can read. Options of a program come after `--`.
    """
    channel: Channel
    match kind:
        case "webhook":
            channel = Webhook(name, _url(words), dict(map(_header, headers)))
        case "email":
            _refuse_words(words)
            host, port = _host_and_port(server)
            password = "" if password_file is None else password_file.read().strip("\r\n")
            channel = Email(name, host, sender, recipients, cast(Security, security), port, user, password)
        case _:
            channel = Command(name, _from_anywhere(words))
    store = open_home(home, make=True)
    add_channel(store.path, channel)
    store.close()
    print(f"{channel.label} added, try it: headwater alert test {name}")
    return 0


def _from_anywhere(words: tuple[str, ...]) -> tuple[str, ...]:
    """Make a program's path absolute: the daemon, which starts it, works in another folder than whoever adds it."""
    if not words or "/" not in words[0]:
        return words
    return (os.path.abspath(words[0]), *words[1:])


@command.command("remove")
@click.argument("name")
@reads_store
def remove(name: str, home: str | None) -> int:
    """Forget a channel; what waits for it is not delivered on it."""
    with opened(home) as view:
        channel = remove_channel(view.home_path, name.rpartition(":")[2])
    print(f"{channel.label} removed")
    return 0


@command.command("test")
@click.argument("name", required=False)
@reads_store
def test(name: str | None, home: str | None) -> int:
    """Send a test alert on every channel, or on one, and say how it went. Exit code 1: one did not take it."""
    with opened(home) as view:
        channels = _chosen(channels_of(view.home_path, os.environ), name)
        limits = limits_of(view.home, os.environ)
        now = time.time()
        text = f"It was sent by `headwater alert test`, headwater {__version__}, on {os.uname().nodename}."
        alert = Alert(f"test/{now:.3f}", "test", now, "", "Headwater: a test alert, nothing is wrong", text)
    failed = 0
    for channel in channels:
        began = time.monotonic()
        try:
            said = f"delivered ({send(channel, alert, limits)})"
        except AlertNotDelivered as error:
            failed += 1
            said = f"not delivered: {error.message}" + (f"\n  hint: {error.hint}" if error.hint else "")
        print(f"{channel.label}: {said}, {time.monotonic() - began:.1f} s")
    return 1 if failed else 0


@command.command("list")
@click.option("--limit", type=click.IntRange(1), default=20, help="Most alerts to list  [default: 20].")
@gives_json
@reads_store
def list_alerts(limit: int, as_json: bool, home: str | None) -> int:
    """List alerts, newest first, and on which channels they arrived."""
    with opened(home) as view:
        found = Alerts(view.ledger).newest(limit)
        is_served = view.ledger.leader(ROLE) is not None
    if as_json:
        print_json(found)
        return 0
    rows = [
        (local_time(alert.at), alert.kind, alert.target, alert.count, _deliveries(alert), alert.title)
        for alert in found
    ]
    print_table(("at", "kind", "deployment", "times", "told", "alert"), rows)
    if not is_served:
        print("no daemon runs, so nobody is told of anything new: headwater up", file=sys.stderr)
    return 0


@command.command("show")
@click.argument("cause", metavar="CAUSE|RUN")
@gives_json
@reads_store
def show(cause: str, as_json: bool, home: str | None) -> int:
    """Show an alert as it was told, and each try to deliver it.

    CAUSE may be cut off where only one begins so; the path of the run that raised it will do, too.
    """
    with opened(home) as view:
        alert = Alerts(view.ledger).find(cause)
    if as_json:
        print_json(alert)
        return 0
    print(printable(alert.title))
    print()
    for line in printable_lines(alert.text):
        print(line)
    print()
    again = f"{local_time(alert.last_at)}, {alert.last_run or ''}" if alert.last_at is not None else None
    print_facts(
        [
            ("cause", alert.cause),
            ("raised", local_time(alert.at)),
            ("times", alert.count if alert.count > 1 else None),
            ("last", again),
        ]
    )
    for delivery in alert.deliveries:
        how = "delivered" if delivery.is_delivered else "not delivered"
        print(f"{local_time(delivery.at)}  {delivery.channel} {how}: {printable(delivery.message)}")
    for label, at in sorted(alert.waiting.items()):
        print(f"{local_time(at)}  {label} is tried {'again' if alert.deliveries else 'then'}")
    return 0


def _deliveries(alert: Alert) -> str:
    """`webhook:team, email:oncall (given up)`."""
    labels = dict.fromkeys([*(delivery.channel for delivery in alert.deliveries), *alert.waiting])
    said = []
    for label in labels:
        state = " (waiting)" if label in alert.waiting else " (given up)" if is_given_up(alert, label) else ""
        said.append(f"{label}{state}")
    return ", ".join(said) or "nobody"


def _chosen(channels: list[Channel], name: str | None) -> list[Channel]:
    if not channels:
        raise UserMistake("nobody is told of anything", hint="add a channel: headwater alert add webhook NAME URL")
    found = [channel for channel in channels if name in (None, channel.name, channel.label)]
    if not found:
        names = [channel.name for channel in channels]
        hint = did_you_mean(name or "", names, what="Its channels")
        raise NotFound(f"there is no channel `{name}`", choices=names, hint=hint)
    return found


def _url(words: tuple[str, ...]) -> str:
    if len(words) != 1:
        raise UserMistake("a webhook has one address", hint="headwater alert add webhook NAME https://...")
    return sys.stdin.readline().strip() if words[0] == "-" else words[0]


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise UserMistake("a header has a name and a value", hint="--header 'Authorization: Bearer ...'")
    return name.strip(), value.strip()


def _refuse_words(words: tuple[str, ...]) -> None:
    if words:
        raise UserMistake(f"`{words[0]}` says nothing of a mail channel", hint="its options: --server --from --to")


def _host_and_port(server: str) -> tuple[str, int]:
    """Take `mail.example.com:587` and `[2001:db8::1]:25` apart."""
    host, colon, port = server.rpartition(":")
    if not colon or (server.startswith("[") and server.endswith("]")) or (":" in host and not host.startswith("[")):
        return server.strip("[]"), 0
    if not port.isdigit():
        raise UserMistake(f"`{port}` is no port", hint="--server mail.example.com:587")
    return host.strip("[]"), int(port)
