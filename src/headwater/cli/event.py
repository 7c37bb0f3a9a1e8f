"""`headwater event`: publishes events and lists them."""

import sys
import time
from collections import deque
from collections.abc import Iterator

import click
import msgspec

from headwater.cli.nouns import NounGroup
from headwater.cli.printing import print_json, print_json_line, print_table
from headwater.cli.reading import gives_json, opened, reads_store, time_of
from headwater.cli.words import local_time
from headwater.client.display import printable
from headwater.deployments.moves import latest_event
from headwater.deployments.publishing import publish as publish_event
from headwater.home import open_home
from headwater.model.errors import UserMistake
from headwater.model.launch import PublishedEvent
from headwater.model.ports import Ledger

_PAGE = 1000
#: Longest sleep between two looks while following.
_LOOK_SECONDS = 0.5


@click.group("event", cls=NounGroup)
def command() -> None:
    """Publish events, which start the deployments that wait for them, and list them."""


@command.command("publish")
@click.argument("name")
@click.option("--payload", metavar="JSON", help="Fields, as one JSON object.")
@click.option("-p", "fields", multiple=True, metavar="FIELD=VALUE", help="One field; JSON, else text (repeatable).")
@click.option("--id", "event_id", metavar="ID", help="The same for every try to publish this event  [default: new].")
@gives_json
@reads_store
def publish(
    name: str, payload: str | None, fields: tuple[str, ...], event_id: str | None, as_json: bool, home: str | None
) -> int:
    """Publish an event; durable on return, prints its id. An id that is there already is not published again."""
    given = {**_object(payload), **dict(map(_field, fields))}
    store = open_home(home, make=True)
    try:
        at = time.time()
        event = publish_event(store.ledger, name, given, user=store.user, at=at, event_id=event_id)
        is_driven = store.ledger.leader("daemon") is not None
    finally:
        store.close()
    if as_json:
        print_json(event)
    else:
        print(printable(event.id))
    if event.at != at:
        print(f"published already, {local_time(event.at)}", file=sys.stderr)
    elif not is_driven:
        print(
            "no daemon runs on this store: nothing starts until one does; start it with: headwater up", file=sys.stderr
        )
    return 0


@command.command("list")
@click.option("--name", help="Events of this name only.")
@click.option("--since", metavar="TIME", help="Published then or later: 2025-03-01, or 12h or 7d ago.")
@click.option("--limit", type=click.IntRange(1), default=20, help="Most events, the newest  [default: 20].")
@click.option("-f", "--follow", is_flag=True, help="Go on with those that are published from now on.")
@gives_json
@reads_store
def list_events(name: str | None, since: str | None, limit: int, follow: bool, as_json: bool, home: str | None) -> int:
    """List published events, the newest last; ends of runs are among them."""
    start = None if since is None else time_of(since, time.time())
    with opened(home) as view:
        newest = latest_event(view.ledger)
        found = _newest(view.ledger, name, start, newest, limit)
        if as_json and not follow:
            print_json(found)
        elif as_json:
            for event in found:
                print_json_line(event)
        else:
            print_table(("at", "event", "source", "run", "payload", "id"), [_row(event) for event in found])
        if follow:
            sys.stdout.flush()
            for event in _published_from_now_on(view.ledger, name, newest):
                if as_json:
                    print_json_line(event)
                else:
                    print("  ".join(printable(str(value)) for value in _row(event)))
                sys.stdout.flush()
    return 0


def _newest(ledger: Ledger, name: str | None, since: float | None, newest: int, limit: int) -> list[PublishedEvent]:
    """Give the last events; of one name all are looked through."""
    after = 0 if name is not None or since is not None else max(0, newest - limit)
    found: deque[PublishedEvent] = deque(maxlen=limit)
    while page := ledger.published(after, name=name, limit=_PAGE):
        after = page[-1].number
        found.extend(event for event in page if (since is None or event.at >= since) and event.number <= newest)
    return list(found)


def _published_from_now_on(ledger: Ledger, name: str | None, after: int) -> Iterator[PublishedEvent]:
    while True:
        for event in ledger.published(after, name=name, limit=_PAGE):
            after = event.number
            yield event
        ledger.wait(_LOOK_SECONDS)


def _row(event: PublishedEvent) -> tuple[str, ...]:
    payload = msgspec.json.encode(event.payload).decode() if event.payload else ""
    return local_time(event.at), event.name, event.source, event.run or "", payload, event.id


def _object(text: str | None) -> dict[str, object]:
    if text is None:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        hint = """--payload '{"day": "2025-03-01"}', or -p day=2025-03-01"""
        raise UserMistake(f"--payload is no JSON object: {error}", hint=hint) from error


def _field(word: str) -> tuple[str, object]:
    field, equals, value = word.partition("=")
    if not equals or not field:
        raise UserMistake(f"-p {word} is no field", hint="write it as -p FIELD=VALUE")
    try:
        return field, msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return field, value
