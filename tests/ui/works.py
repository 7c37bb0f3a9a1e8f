"""A store with things at work: deployments, a service that is taken over, events, alerts, a run at a gate."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path

from playwright.sync_api import Browser, Page

from headwater.home import open_home
from headwater.hosting.prediction_files import write_predictions
from headwater.hosting.predictions import Prediction, hour_of, predictions_folder
from headwater.model.alert import Alert, Delivery
from headwater.model.ids import new_ulid
from headwater.model.launch import PublishedEvent
from headwater.production.alerts.kept import Alerts
from tests.deployments.desk import Desk
from tests.ui.site import Site, run_flow
from tests.ui.windows import windows
from tests.web.api.service_scene import make_store

CHURN = "fraud.Churn@production"
DAILY = '@project(name="fraud")\n@schedule(cron="0 6 * * *", timezone="Europe/Berlin")'
VIEWER = {"fraud": "viewer"}
#: May be changed by ann only, whose home these tests work in.
SHADOW = "fraud.Churn@shadow.3"


def make_works(folder: Path) -> str:
    """Fill a store; gives its folder."""
    home, _ = make_store(folder)
    desk = Desk(folder, home)
    desk.now = time.time() - 3600
    desk.write(decorators=DAILY).production(note="the first")
    desk.write(decorators=DAILY, parameters='alpha = Parameter("alpha", default=0.7)').production(note="looks at more")
    desk.write(decorators=DAILY, parameters='alpha = Parameter("alpha", default=0.9)').deploy(shadow_of=CHURN)
    desk.write(decorators="", name="Other").production()
    desk.home.close()
    add_event(home, "data_ready", {"rows": 120, "table": {"name": "orders"}})
    add_alert(home, CHURN, "Churn@production failed at train", "train.py:3 KeyError: 'amount'")
    add_predictions(home, 12)
    run_flow(home, "gate.py")
    return home


def add_event(home: str, name: str, payload: Mapping[str, object], source: str = "") -> None:
    """Publish an event."""
    with closing(open_home(home)) as opened:
        at = time.time()
        opened.ledger.publish(PublishedEvent(id=f"{name}-{at}", name=name, at=at, payload=dict(payload), source=source))


def add_alert(home: str, target: str, title: str, text: str) -> None:
    """Keep an alert that arrived at one channel and is still tried at another."""
    told = (
        Delivery("webhook:team", time.time(), is_delivered=True, message="200"),
        Delivery("email:desk", time.time(), is_delivered=False, message=text),
    )
    with closing(open_home(home)) as opened:
        alert = Alert(f"failure/{title}", "failure", time.time(), target, title, text, deliveries=told)
        Alerts(opened.ledger).keep(alert)


def add_predictions(home: str, count: int, request: object = 1, answer: str = "6") -> None:
    """Write answers of the service to its log."""
    at = time.time() - 60
    entries = [
        Prediction(
            new_ulid(at + number, number.to_bytes(10, "big")),
            at + number,
            "Adder",
            1,
            "add",
            "live",
            500 if number % 6 == 5 else 200,
            0.01,
            1.0,
            json.dumps({"number": request}),
            answer,
        )
        for number in range(count)
    ]
    for _, some in groupby(entries, lambda entry: hour_of(entry.at)):
        written = list(some)
        write_predictions(predictions_folder(home, "Adder"), written, f"{written[0].at:.3f}-1-000001")


@contextmanager
def opened_as(site: Site, browser: Browser, kept: Path) -> Iterator[Page]:
    """Open a page with what a browser keeps of somebody; what goes wrong in it fails the test."""
    with windows(site, browser, kept) as open_one:
        yield open_one().page


def ask(page: Page, method: str, path: str, body: object = None) -> int:
    """Ask the API as whoever the page is signed in as; gives the status."""
    response = page.request.fetch(f"/api/v1{path}", method=method, data=json.dumps(body or {}), headers=_HEADERS)
    return int(response.status)


_HEADERS = {"content-type": "application/json"}
