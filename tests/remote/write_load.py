"""Clients that write as fast as they can, each to a run of its own, and note what was acknowledged."""

import threading
import time

from headwater.model.events import CodeChanged
from headwater.model.ports import Commit
from headwater.remote.connection import Server
from headwater.remote.ledger import HttpLedger
from tests.ledger.ledger_stories import run_started


class Writer:
    """One client; every event says its number, so that a reader sees what is missing or double."""

    def __init__(self, url, token, number, patience_seconds=60.0, folder=None):
        self.told = []
        self.server = Server(url, token, patience_seconds=patience_seconds, tell=self.told.append)
        self.ledger = HttpLedger(self.server, folder=folder, user="root", driver_patience_seconds=patience_seconds)
        self.lease, _ = self.ledger.start_run(Commit(events=[run_started(f"Load{number}", user="root")]))
        self.acknowledged = 1
        self.failure = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def start(self):
        self._thread.start()

    def _write(self):
        try:
            while not self._stop.is_set():
                event = CodeChanged(float(self.acknowledged), "start", (str(self.acknowledged),))
                self.acknowledged = self.ledger.append(self.lease, Commit(events=[event]))
        except BaseException as error:  # noqa: BLE001 - told by the test
            self.failure = error

    def stop_unstarted(self):
        """End one that wrote nothing."""
        self.ledger.close()

    def stop(self):
        self._stop.set()
        self._thread.join(90)
        self.ledger.close()


def wait_for_load(writers, least):
    """Let them write until they do so at this rate at least, or a kill would prove little; the machine may be busy.

    Gives the acknowledged writes a second.
    """
    rates = []
    while not rates or rates[-1] < least:
        assert len(rates) < 120, f"at most {max(rates):.0f} writes a second: this machine is too busy to prove it"
        rates.append(rate(writers, 0.5))
    return rates[-1]


def rate(writers, seconds):
    """Let them write for a while; gives acknowledged writes a second."""
    before, began = sum(writer.acknowledged for writer in writers), time.monotonic()
    time.sleep(seconds)
    return (sum(writer.acknowledged for writer in writers) - before) / (time.monotonic() - began)
