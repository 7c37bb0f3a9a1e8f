from headwater.hosting.monitor.profile import learn_profile
from headwater.hosting.monitor.report import Seen, report_page
from headwater.hosting.monitor.windows import TimedRow, after_window, begin_watching, with_alarms
from headwater.model.order import CodeSource
from headwater.model.service import DeployedVersion, MonitorOptions, ServiceDefinition, ServiceVersion

EVIL = "<img src=x onerror=alert(1)>"
CODE = CodeSource("/p", "service.py", "service", "Risk")
VERSION = ServiceVersion(ServiceDefinition("Risk", "service.py", 1, "service", {}), CODE, "/home", 3)
DEPLOYED = DeployedVersion("D", VERSION, "", 0.0, "ann", "host")


def seen(before: object, now: object, name: str = "plan") -> Seen:
    """Give how a watch stands after a window of one value, which the reference has in half of its rows."""
    profile = learn_profile([{name: before if number % 2 else "other"} for number in range(500)], f"{EVIL} of Learn/1")
    rows = [TimedRow(float(number), "risk", {name: now}) for number in range(400)]
    watching, looks = after_window(begin_watching("Risk", 3, 0.0), profile, rows, 400.0, MonitorOptions())
    watching, _ = with_alarms(watching, looks[0])
    return Seen(DEPLOYED, profile, watching)


def test_no_value_name_or_category_is_markup() -> None:
    pages = [
        report_page(seen(EVIL, "basic")),
        report_page(seen("basic", EVIL)),
        report_page(seen("basic", "plus", name=EVIL)),
        report_page(Seen(DEPLOYED, None, None, 12, EVIL)),
    ]

    assert all(b"&lt;img" in page for page in pages)
    assert not any(b"<img" in page for page in pages)


def test_the_page_says_what_is_off_and_by_how_much() -> None:
    page = report_page(seen("basic", "gold")).decode()

    assert "<p class=off>Plan: not as in" in page
    assert "100 % are values never seen before, 0 % before: &#x27;gold&#x27; (100 %)" in page
    assert "Requests of Risk, version 3" in page


def test_the_page_says_how_far_learning_is() -> None:
    page = report_page(Seen(DEPLOYED, None, None, 412, "it names no reference")).decode()

    assert "Normal input is being learned: 412 of 1,000 requests (it names no reference)" in page
