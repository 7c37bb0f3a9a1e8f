"""The alerter is killed anywhere: nobody misses an alert, and no cause is told as two."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from headwater.production.alerts.alerter import ROLE, serve_alerts
from headwater.production.alerts.channel_book import add_channel
from headwater.production.alerts.channels import Webhook
from tests.production.alert_servers import Hanging, Web, serving
from tests.production.alert_story import Story

PROGRAM = """
import os, sys, threading, time
from headwater.home import open_home
from headwater.production.alerts.alerter import Alerter, limits_of
home = open_home(sys.argv[1])
alerter = Alerter(home, os.environ, limits_of(home, os.environ), clock=lambda: float(sys.argv[2]))
for _ in range(3):
    alerter.turn()
    alerter.settle(10)
alerter.close()
home.close()
"""


@pytest.fixture
def story(tmp_path):
    story = Story(tmp_path / "home")
    story.deploy()
    story.good()
    story.bad()
    yield story
    story.home.close()


def turn(story, **environ):
    """Let an alerter in a process of its own look at everything; gives how it ended."""
    words = [sys.executable, "-W", "error", "-c", PROGRAM, story.home.path, str(story.tick(10))]
    allowed = {"HEADWATER_ALERT_ALLOW_PRIVATE": "yes", **environ}
    return subprocess.run(words, env={**os.environ, **allowed}, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("point", "deliveries"), [("alerts.after_keep", 1), ("alerts.before_cursor", 1), ("alerts.after_send", 2)]
)
def test_an_alerter_that_is_killed_loses_nothing_and_tells_no_cause_as_two(story, point, deliveries):
    web = Web()
    with serving(web) as server:
        add_channel(story.home.path, Webhook("team", f"http://127.0.0.1:{server.port}/hook"))
        assert turn(story, HEADWATER_FAILPOINT=f"{point}:1").returncode == -signal.SIGKILL
        ended = turn(story)
        assert ended.returncode == 0, ended.stderr

    # what was sent and not recorded is sent again, with the id of the first time
    assert len(web.bodies) == deliveries
    assert len({line for head, _ in web.requests for line in head.split("\r\n") if "Idempotency" in line}) == 1
    alert = story.only("failure")
    assert (alert.count, [one.is_delivered for one in alert.deliveries]) == (1, [True])


class Patience(threading.Event):
    """Is set after it was looked at some times; no time passes."""

    looks = 3

    def wait(self, timeout=None):
        self.looks -= 1
        return self.looks < 0


def test_a_second_alerter_leaves_all_to_the_first(story):
    assert story.ledger.lead(ROLE)
    serve_in_thread(story.home.path, Patience())
    assert story.kinds() == []

    story.ledger.resign(ROLE)
    serve_in_thread(story.home.path, Patience())
    assert story.kinds() == ["failure"]


def test_the_next_alerter_takes_over_when_the_first_has_gone(story):
    web = Web()
    with serving(web) as server:
        add_channel(story.home.path, Webhook("team", f"http://127.0.0.1:{server.port}/hook"))
        assert story.ledger.lead(ROLE)
        stop = threading.Event()
        thread = threading.Thread(target=serve_in_thread, args=(story.home.path, stop))
        thread.start()
        story.ledger.resign(ROLE)
        wait_for(lambda: web.bodies)
        stop.set()
        thread.join(10)

    assert not thread.is_alive()
    assert story.ledger.leader(ROLE) is None


def serve_in_thread(path, stop):
    story = Story(path)
    serve_alerts(story.home, {"HEADWATER_ALERT_ALLOW_PRIVATE": "yes"}, stop)
    story.home.close()


def wait_for(is_true, seconds=20.0):
    never = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if is_true():
            return
        never.wait(0.05)
    raise AssertionError("it never came")


def test_an_alerter_that_is_told_to_stop_does_not_wait_for_a_channel_that_hangs(story):
    with serving(Hanging()) as server:
        add_channel(story.home.path, Webhook("dead", f"http://127.0.0.1:{server.port}/hook"))
        stop = threading.Event()
        thread = threading.Thread(target=serve_in_thread, args=(story.home.path, stop))
        thread.start()
        wait_for(lambda: server.connections)
        stop.set()
        thread.join(8)

        assert not thread.is_alive()
    assert list(story.only("failure").waiting) == ["webhook:dead"]
