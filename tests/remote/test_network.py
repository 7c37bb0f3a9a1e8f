"""What networks do to a client: latency, breaks, silence, absence (G-22, G-23)."""

import os
import socket
import threading
import time

import msgspec
import pytest

from headwater.model.errors import (
    HeadwaterError,
    LeaseLost,
    ServerFailed,
    ServerNotReached,
    SettingMistake,
    UserMistake,
)
from headwater.model.events import CodeChanged, RunFinished, RunStarted
from headwater.model.ports import Commit
from headwater.model.rows import RunQuery
from headwater.remote.connection import Request, Server, checked_url
from headwater.remote.ledger import HttpLedger
from headwater.remote.objects import RemoteObjects
from headwater.remote.wire import Append, Appended, BegunRun, StartRun
from headwater.store.framing import hash_bytes
from tests.ledger.ledger_stories import finished, run_started, started, succeeded

BIG = "x" * 200_000


def begin(ledger, **facts):
    return ledger.start_run(Commit(events=[run_started(user="root", **facts)]))[0]


def change(number, text=""):
    return Commit(events=[CodeChanged(float(number), "start", (str(number), text))])


def numbers(ledger, run):
    return [int(event.files[0]) for _, event in ledger.events(run) if isinstance(event, CodeChanged)]


def test_latency_changes_nothing_but_the_time(proxied, far):
    _, proxy = proxied
    proxy.latency = 0.02
    lease = begin(far)
    for number in range(5):
        far.append(lease, change(number))

    assert numbers(far, lease.run) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("after", [1, 100, 5_000, 150_000])
def test_a_request_that_broke_off_is_sent_again_and_written_once(proxied, far, after):
    _, proxy = proxied
    lease = begin(far)
    # A connection that has carried something counts on; a new one shows where it breaks.
    proxy.cut()
    proxy.reset_request_after = after
    far.append(lease, change(0, BIG))
    far.append(lease, change(1))

    assert proxy.faults == 1
    assert numbers(far, lease.run) == [0, 1]


@pytest.mark.parametrize("after", [1, 20, 70_000])
def test_an_answer_that_broke_off_is_asked_for_again(proxied, far, after):
    _, proxy = proxied
    lease = begin(far)
    far.append(lease, change(0, BIG))
    proxy.cut()
    proxy.reset_answer_after = after

    assert numbers(far, lease.run) == [0]
    assert proxy.faults == 1


def test_an_object_whose_answers_break_off_again_and_again_comes_whole(proxied, tmp_path):
    served, proxy = proxied
    content = os.urandom(3_000_000)
    digest = served.home.objects.put_raw([content])
    server = Server(proxy.url, served.token(), patience_seconds=10.0)
    objects = RemoteObjects(server)
    for _ in range(3):
        proxy.reset_answer_after = 700_000
        path = tmp_path / os.urandom(4).hex()

        assert objects.fetch(digest, str(path))
        assert path.read_bytes() == content
    server.close()


def test_an_object_whose_sending_breaks_off_is_sent_again_whole(proxied, tmp_path):
    served, proxy = proxied
    content = os.urandom(3_000_000)
    digest = hash_bytes(content)
    path = tmp_path / "object"
    path.write_bytes(content)
    proxy.reset_request_after = 1_500_000
    server = Server(proxy.url, served.token(), patience_seconds=10.0)
    RemoteObjects(server).send(digest, str(path))
    server.close()

    assert proxy.faults == 1
    assert bytes(served.home.objects.map_raw(digest)) == content
    assert os.listdir(os.path.join(served.home.path, "incoming")) == []


def test_a_connection_on_which_nothing_comes_is_given_up(proxied):
    served, proxy = proxied
    ledger = HttpLedger(Server(proxy.url, served.token(), patience_seconds=10.0, silence_seconds=0.3))
    lease = begin(ledger)
    proxy.is_silent = True
    threading.Timer(0.7, lambda: setattr(proxy, "is_silent", False)).start()
    ledger.append(lease, change(0))
    ledger.close()

    assert numbers(served.home.ledger, lease.run) == [0]


def test_an_outage_is_ridden_out_in_order_and_told(proxied, far):
    _, proxy = proxied
    lease = begin(far)
    proxy.go_away()

    def write():
        for number in range(3):
            far.append(lease, change(number))

    writing = threading.Thread(target=write)
    writing.start()
    while not far.told:
        time.sleep(0.01)
    proxy.come_back()
    writing.join(20)

    assert numbers(far, lease.run) == [0, 1, 2]
    assert ["does not answer" in far.told[0], "answers again" in far.told[1]] == [True, True]


def test_who_waits_for_too_long_gives_up_and_the_run_can_be_taken_up_later(proxied):
    served, proxy = proxied
    ledger = HttpLedger(Server(proxy.url, served.token(), patience_seconds=0.2), driver_patience_seconds=0.3)
    lease = begin(ledger)
    ledger.append(lease, change(0))
    proxy.go_away()
    with pytest.raises(ServerNotReached) as given_up:
        ledger.append(lease, change(1))
    proxy.come_back()
    # What was given up may be tried again by the same driver ...
    ledger.append(lease, change(1))
    lease.release()
    # ... or by the next one.
    taken, epoch = ledger.take(lease.run, 9.0)

    assert proxy.url in str(given_up.value)
    assert numbers(ledger, lease.run) == [0, 1]
    assert (taken.epoch, epoch) == (2, 2)
    ledger.close()


def test_a_server_that_is_not_there_is_named_with_what_to_do(served):
    with pytest.raises(ServerNotReached) as refused:
        HttpLedger(Server("http://127.0.0.1:1", "hwt_x", patience_seconds=0.1)).flows()

    assert "http://127.0.0.1:1 does not answer" in str(refused.value)
    assert refused.value.hint


def test_a_token_that_is_not_known_is_refused_at_once(served):
    with pytest.raises(UserMistake) as refused:
        served.ledger("hwt_wrong").flows()

    assert f"headwater login {served.url}" in str(refused.value)


def test_what_is_no_server_of_ours_is_told_apart(tmp_path):
    import http.server

    class Other(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(500)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"no")

        def log_message(self, *words):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with pytest.raises(ServerFailed, match="is a server of Headwater there"):
            HttpLedger(Server(f"http://127.0.0.1:{other.server_port}", "t", patience_seconds=0.1)).flows()
        other.shutdown()


@pytest.mark.parametrize(
    "url", ["ftp://x", "http://", "ml.example.org", "http://ml.example.org", "https://a:b@c", "https://c/path?x=1", ""]
)
def test_an_address_that_is_none_or_would_show_the_token_is_refused(url):
    with pytest.raises(SettingMistake):
        checked_url(url)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("127.0.0.1:8501", "http://127.0.0.1:8501"),
        ("localhost:8501", "http://localhost:8501"),
        ("ml.example.org", "https://ml.example.org"),
    ],
)
def test_an_address_without_its_scheme_is_refused_with_what_was_meant(text, meant):
    with pytest.raises(SettingMistake) as refused:
        checked_url(text)

    assert refused.value.hint == f"such as {meant}"
    assert checked_url(meant) == meant


def test_https_to_a_server_that_speaks_http_says_so(served):
    url = served.url.replace("http://", "https://")
    with pytest.raises(ServerNotReached) as refused:
        HttpLedger(Server(url, "hwt_x", patience_seconds=0.1)).flows()

    assert "speaks no TLS" in refused.value.hint


def test_an_address_without_a_port_that_refuses_is_asked_for_its_port(monkeypatch):
    monkeypatch.setattr(socket, "create_connection", refuse_connection)
    with pytest.raises(ServerNotReached) as refused:
        HttpLedger(Server("http://127.0.0.1", "hwt_x", patience_seconds=0.1)).flows()

    assert "http://127.0.0.1:8501" in refused.value.hint


def refuse_connection(*_, **__):
    raise ConnectionRefusedError(111, "Connection refused")


def test_http_to_this_machine_and_https_are_taken_as_they_are():
    assert checked_url("http://127.0.0.1:8501/") == "http://127.0.0.1:8501"
    assert checked_url("https://ml.example.org") == "https://ml.example.org"
    assert checked_url("http://ml.example.org", is_insecure=True) == "http://ml.example.org"


def test_a_driver_whose_run_was_taken_over_writes_nothing(served):
    first, second = served.ledger(), served.ledger()
    lease = begin(first)
    leases = served.app.desk.leases
    leases._clock = lambda: time.monotonic() + 100.0
    leases.look()
    taken, _ = second.take(lease.run, 3.0)
    second.append(taken, change(0))
    with pytest.raises(LeaseLost):
        first.append(lease, change(1))

    assert numbers(second, lease.run) == [0]
    first.close()
    second.close()


def test_a_driver_that_was_away_for_too_long_goes_on_when_nobody_took_its_run(served):
    ledger = served.ledger()
    lease = begin(ledger)
    leases = served.app.desk.leases
    leases._clock = lambda: time.monotonic() + 100.0
    leases.look()
    was = served.home.ledger.run(lease.run).status
    ledger.append(lease, change(0))

    assert (was, served.home.ledger.run(lease.run).status) == ("interrupted", "running")
    ledger.close()


DEEDS = {
    "append": lambda held: ("append", {"lease": held, "after": 1, "commit": {"events": [FINISH]}}),
    "renew": lambda held: ("renew", {"lease": held, "after_request": 0}),
    "release": lambda held: ("release", held),
    "files": lambda held: ("files", {"lease": held, "name": "1.0.log", "offset": 0, "piece": "eA=="}),
}
FINISH = {"kind": "run_finished", "at": 3.0, "end": "succeeded"}


@pytest.mark.parametrize("who", ["another user", "another driver of the same user", "an older epoch"])
@pytest.mark.parametrize("deed", DEEDS)
def test_a_lease_is_its_holders_alone(served, who, deed):
    token = served.token("ann", everything="runner")
    ledger = served.ledger(token)
    lease, first = ledger.start_run(Commit(events=[run_started(user="ann")]))
    held = {"run": lease.run, "epoch": 1, "secret": lease.held.secret}
    if who == "another user":
        token = served.token("bob", everything="admin")
    else:
        held |= {"secret": "0" * 64} if who == "another driver of the same user" else {"epoch": 0}
    path, body = DEEDS[deed](held)
    stranger = Server(served.url, token)
    request = Request("POST", f"/api/v1/remote/runs/{path}", msgspec.json.encode(body))
    if deed == "release":
        stranger.exchange(request, lambda response: response.read())
    else:
        with pytest.raises(LeaseLost):
            stranger.exchange(request, lambda response: response.read())
    stranger.close()

    assert served.home.ledger.run(first.run).status == "running"
    assert len(list(served.home.ledger.events(first.run))) == 1
    assert not os.path.exists(served.home.run_folder(first.run))
    ledger.close()


def test_whoever_does_not_want_to_wait_any_more_gives_up_at_once(proxied, far):
    _, proxy = proxied
    lease = begin(far)
    proxy.go_away()
    failed = []

    def write():
        try:
            far.append(lease, change(0))
        except ServerNotReached as error:
            failed.append(error)

    writing = threading.Thread(target=write)
    writing.start()
    while not far.told:
        time.sleep(0.01)
    far.stop_waiting()
    writing.join(9)

    assert len(failed) == 1


def test_an_end_that_was_written_is_not_refused_when_the_lease_is_gone(served):
    """The server was killed after it had forgotten the lease of a run that ended, before it said so."""
    ledger = served.ledger()
    lease = begin(ledger)
    end = Commit(events=[msgspec.convert(FINISH, RunFinished)])
    question = Append(lease.held, 1, end)
    first = ledger._server.ask("/api/v1/remote/runs/append", question, Appended)
    served.app.desk.leases._held.clear()
    second = ledger._server.ask("/api/v1/remote/runs/append", question, Appended)
    ledger.close()

    assert (first.number, second.number) == (2, 2)


def test_many_tries_of_one_start_at_the_same_time_start_one_run(served):
    token = served.token()
    question = StartRun(Commit(events=[run_started(user="root")]), "a" * 64)
    found = []

    def start():
        server = Server(served.url, token)
        found.append(server.ask("/api/v1/remote/runs/start", question, BegunRun))
        server.close()

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({msgspec.json.encode(each) for each in found}) == 1
    assert served.home.ledger.count_runs(RunQuery()) == 1


def test_a_start_that_is_refused_leaves_no_lease(served):
    ledger = served.ledger(served.token("ann", fraud="runner"))
    with pytest.raises(HeadwaterError):
        begin(ledger)
    ledger.close()

    assert os.listdir(os.path.join(served.home.path, "leases")) == []


def test_after_waiting_in_vain_nothing_is_waited_for_until_the_server_answers(proxied):
    served, proxy = proxied
    told = []
    server = Server(proxy.url, served.token(), patience_seconds=1.2, tell=told.append)
    ledger = HttpLedger(server)
    proxy.go_away()
    with pytest.raises(ServerNotReached, match="tried for 1 s"):
        ledger.flows()
    with pytest.raises(ServerNotReached, match="tried for 0 s"):
        ledger.flows()
    proxy.come_back()

    assert ledger.flows() == []
    ledger.close()


@pytest.mark.parametrize(
    "events",
    [
        [succeeded("x")],
        [started("x", 1), started("y", 1)],
        [started("x", -1)],
        [started("x", 1 << 62)],
        [started("X y", 1)],
        [started("x/../y", 1)],
        [run_started(user="root")],
        [run_started(user="root", flow="../x")],
        [finished(), started("x", 1)],
    ],
)
def test_events_that_do_not_follow_are_refused_and_nothing_is_written(served, events):
    ledger = served.ledger()
    lease = begin(ledger)
    with pytest.raises(UserMistake):
        ledger.append(lease, Commit(events=events))
    if isinstance(events[0], RunStarted):
        with pytest.raises(UserMistake):
            ledger.start_run(Commit(events=[*events, *events]))

    assert ledger.append(lease, change(0)) == 2
    assert served.home.ledger.count_runs(RunQuery()) == 1
    ledger.close()
