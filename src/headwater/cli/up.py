"""`headwater up`: starts the daemon, which fires schedules and triggers and drives the runs of deployments."""

import os
import shlex
import sys
import time

import click

from headwater.cli.deployment_facts import utc_and_local
from headwater.cli.printing import print_facts, print_json
from headwater.cli.reading import gives_json
from headwater.cli.ui import sign_in_link
from headwater.deployments.aliases import Aliases
from headwater.home import Home, open_home
from headwater.model.errors import UserMistake
from headwater.model.rows import RunQuery
from headwater.production.asked import LOG, Asked
from headwater.production.clock import read_clock
from headwater.production.pools import read_pools
from headwater.production.scheduler import ROLE
from headwater.production.starting import find_daemon, refuse_second, start_daemon, stop_daemon
from headwater.production.upcoming import next_of_all
from headwater.settings import read_settings

#: Seconds for the page to be there.
_PAGE_SECONDS = 10.0
#: Firings that are shown.
_NEXT = 5
#: Runs that are counted.
_MOST = 10_000


@click.command("up")
@click.option("--foreground", "is_foreground", is_flag=True, help="Stay here and write the log to stderr.")
@click.option("--systemd", "is_unit", is_flag=True, help="Print a unit for systemd, and start nothing.")
@click.option("--stop", "is_stopping", is_flag=True, help="Stop the daemon; runs under way go on with the next one.")
@click.option("--link", "is_linking", is_flag=True, help="Print a link to the page that lets its bearer in, once.")
@click.option("--status", "is_asking", is_flag=True, help="Show whether it runs, and what it will do next.")
@click.option("--home", metavar="FOLDER", help="Folder of store and ledger.")
@click.option("--clock", default="", hidden=True, help="RATE@INSTANT: for tests, a clock that runs faster.")
@gives_json
def command(
    is_foreground: bool,
    is_unit: bool,
    is_stopping: bool,
    is_linking: bool,
    is_asking: bool,
    home: str | None,
    clock: str,
    as_json: bool,
) -> int:
    """Start the daemon of this store in the background.

    It fires schedules and triggers, drives the runs of deployments and tells people what went wrong. One store has one
    daemon. After a crash or a restart of the machine, start it again: it goes on where it stood.
    """
    if sum((is_foreground, is_unit, is_stopping, is_linking, is_asking)) > 1:
        raise click.UsageError("one of --foreground, --systemd, --stop, --link and --status at a time")
    opened = open_home(home, make=True)
    opened.require_near("the daemon runs")
    asked = Asked(opened.path, is_foreground, read_clock(clock))
    try:
        if is_unit:
            print(unit(asked), end="")
        elif is_stopping:
            pid = stop_daemon(opened.path)
            print("no daemon runs on this store" if pid is None else f"stopped the daemon, process {pid}")
        elif is_linking:
            print(_link(opened))
        elif is_asking:
            return _show(opened, as_json=as_json)
        else:
            _start(opened, asked)
    finally:
        opened.close()
    return 0


def unit(asked: Asked) -> str:
    """Give a user unit for systemd that starts the daemon with the session and again when it dies."""
    words = [sys.executable, "-P", "-m", "headwater", "up", "--foreground", "--home", asked.home]
    command = shlex.join(words).replace("%", "%%").replace("$", "$$")
    return f"""# Save as ~/.config/systemd/user/headwater.service, then:
#   systemctl --user daemon-reload && systemctl --user enable --now headwater
#   loginctl enable-linger    (so that it runs while nobody is logged in)
[Unit]
Description=Headwater on {asked.home.replace("%", "%%")}

[Service]
ExecStart={command}
# Variables that tasks and alerts need, a line each: Environment=NAME=value
Restart=always
RestartSec=1
# The daemon stops its runs itself: it is told first, the others only when it takes too long.
KillMode=mixed
TimeoutStopSec=60

[Install]
WantedBy=default.target
"""


def _start(home: Home, asked: Asked) -> None:
    # As the daemon will read them, wherever this was typed.
    read_pools(read_settings({"home": home.path}, os.environ, home.path))
    ledger = home.ledger
    refuse_second(home.path)
    print(f"store {home.path}", file=sys.stderr)
    if asked.is_foreground:
        _print_next(home, asked.clock.now())
        home.close()
        words = asked.command("supervisor", has_parent=False)
        sys.stdout.flush()
        os.execv(words[0], words)
    pid = start_daemon(asked, lambda: ledger.leader(ROLE) is not None)
    print(f"the daemon is up: process {pid}, log {asked.log}")
    _print_next(home, asked.clock.now())
    _print_link(home)


def _print_link(home: Home) -> None:
    """Say how to see it; waits until the page is there, which is a moment after the daemon is."""
    settings = read_settings({"home": home.path}, os.environ, home.path)
    if settings.page.value == "no":
        return
    until = time.monotonic() + _PAGE_SECONDS
    while home.page_url() is None and time.monotonic() < until:
        time.sleep(0.02)
    print(f"the page: {_link(home)}")


def _link(home: Home) -> str:
    url = home.page_url()
    if url is None:
        raise UserMistake(
            "nobody shows the page of this store",
            hint="headwater up starts the daemon, which does; headwater ui prints a link of its own",
        )
    return sign_in_link(home, url)


def _print_next(home: Home, now: float) -> None:
    firings = next_of_all(home.ledger, now, _NEXT)
    for firing in firings:
        print(f"next: {firing.target} {utc_and_local(firing.at, firing.schedule)}")
    if firings:
        return
    count = len(Aliases(home.ledger).all())
    waiting = f"{count} deployment{'s' * (count != 1)} wait{'s' * (count == 1)} for events and people"
    print(f"nothing is scheduled; {waiting if count else 'headwater deploy FILE.py deploys a flow'}")


def _show(home: Home, *, as_json: bool) -> int:
    ledger = home.ledger
    pid = find_daemon(home.path)
    counts = {
        status: sum(row.launch is not None for row in ledger.runs(RunQuery(status=status, limit=_MOST)).rows)
        for status in ("running", "queued", "waiting", "interrupted")
    }
    firings = next_of_all(ledger, time.time(), _NEXT)
    if as_json:
        nexts = [{"target": each.target, "schedule": each.schedule.name, "at": each.at} for each in firings]
        print_json({"daemon": pid, "scheduler": ledger.leader(ROLE), "runs": counts, "next": nexts})
        return 0 if pid is not None else 1
    facts: list[tuple[str, object]] = [
        ("store", home.path),
        ("daemon", "none; start it with: headwater up" if pid is None else f"process {pid}"),
        ("log", os.path.join(home.path, LOG) if pid is not None else None),
        ("runs", ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "none under way"),
    ]
    print_facts(facts)
    _print_next(home, time.time())
    return 0 if pid is not None else 1
