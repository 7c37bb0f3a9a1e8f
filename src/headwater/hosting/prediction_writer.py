"""The process that writes the prediction log: lots come on standard input, files go to HOME/services/<service>."""

import os
import select
import signal
import sys
import time
from typing import Any

import msgspec

from headwater.hosting.prediction_log import Entry, Lot, own_priority
from headwater.hosting.predictions import Prediction, hour_of, keep_within, predictions_folder, write_predictions
from headwater.model.service import LogOptions

#: Seconds after which what has come is written: what a machine that loses power loses at most.
WRITE_SECONDS = 5.0
#: Entries after which it is written at once.
_MANY = 20_000
_MASK = "***"


def main() -> None:
    """Write until the host closes its end, then write the rest."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    own_priority()
    Writer(sys.argv[1]).run(sys.stdin.fileno())


class Writer:
    """Gathers entries and writes them by service and hour."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._decoder = msgspec.msgpack.Decoder(Lot)
        self._entries: dict[tuple[str, str], list[Prediction]] = {}
        self._options: dict[str, LogOptions] = {}
        self._count = 0
        self._since = 0.0
        self._number = 0

    def run(self, descriptor: int) -> None:
        """Read lots until the end."""
        held = bytearray()
        while True:
            pause = None if not self._count else max(0.0, self._since + WRITE_SECONDS - time.monotonic())
            if select.select([descriptor], [], [], pause)[0]:
                received = os.read(descriptor, 1 << 20)
                if not received:
                    self.write()
                    return
                held += received
                self._take_all(held)
            if self._count >= _MANY or (self._count and time.monotonic() - self._since >= WRITE_SECONDS):
                self.write()

    def _take_all(self, held: bytearray) -> None:
        while len(held) >= 4:
            end = 4 + int.from_bytes(held[:4], "little")
            if len(held) < end:
                return
            self.take(self._decoder.decode(bytes(held[4:end])))
            del held[:end]

    def take(self, lot: Lot) -> None:
        """Add a lot."""
        self._options.update(lot.options)
        for entry in lot.entries:
            if not self._count:
                self._since = time.monotonic()
            self._count += 1
            self._entries.setdefault((entry[2], hour_of(entry[1])), []).append(self._prediction(entry))

    def write(self) -> None:
        """Write everything that has come, and let the oldest files go where the budget is used up."""
        entries, self._entries, self._count = self._entries, {}, 0
        for (service, _), predictions in entries.items():
            folder = predictions_folder(self._home, service)
            self._number += 1
            name = f"{predictions[0].at:.3f}-{os.getpid()}-{self._number}"
            try:
                write_predictions(folder, predictions, name)
                keep_within(folder, self._options[service].budget_bytes)
            except OSError as error:
                sys.stderr.write(f"predictions of {service} were not kept: {error}\n")

    def _prediction(self, entry: Entry) -> Prediction:
        mask = frozenset(self._options[entry[2]].mask)
        return Prediction(*entry[:9], masked(entry[9], mask), masked(entry[10], mask))


def masked(body: bytes, fields: frozenset[str]) -> str:
    """Give JSON text with the values of these fields left out, at any depth; what is no JSON is left out whole."""
    if not fields:
        return body.decode(errors="replace")
    try:
        return msgspec.json.encode(_masked(msgspec.json.decode(body), fields)).decode()
    except (msgspec.DecodeError, RecursionError):
        return msgspec.json.encode(_MASK).decode() if body else ""


def _masked(value: Any, fields: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _MASK if name in fields else _masked(each, fields) for name, each in value.items()}
    return [_masked(each, fields) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
