"""Writes the prediction log: lots come in, files go to HOME/services/<service>/predictions; a process of its own."""

import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from headwater.hosting.prediction_files import join_hours, keep_within, write_columns
from headwater.hosting.predictions import Entry, Lot, predictions_folder
from headwater.model.service import LogOptions

#: Seconds after which what has come is written: what a machine that loses power loses at most.
WRITE_SECONDS = 5.0
#: Entries, or bytes of them, after which it is written at once.
_MANY = 20_000
_MANY_BYTES = 32 << 20
#: Seconds between looks at past hours.
_JOIN_SECONDS = 600.0
#: The budget is looked at when a log has grown by this part of it.
_BUDGET_PART = 100
_REQUEST: Literal[9] = 9
_ANSWER: Literal[10] = 10
#: What stands in place of a masked value.
MASK = "***"


class Written(msgspec.Struct, frozen=True, array_like=True):
    """Writer to host, a line of JSON for each file: what became of entries."""

    service: str
    kept: int
    #: Entries that could not be written.
    failed: int = 0
    #: Why, or which files went because of the budget; for people.
    message: str = ""


def main() -> None:
    """Write until the host closes its end, then write the rest."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Answers go first: it takes what processor time is left.
    os.nice(5)
    writer = Writer(sys.argv[1])
    _serve(writer, sys.stdin.fileno(), sys.stdout.fileno())


class Writer:
    """Gathers entries and writes them by service and hour; for one thread."""

    def __init__(self, home: str) -> None:
        """Write below the folder of a store."""
        self._home = home
        #: By service and hour since 1970.
        self._entries: dict[tuple[str, int], list[Entry]] = {}
        self._options: dict[tuple[str, int], LogOptions] = {}
        self._budgets: dict[str, int] = {}
        #: Bytes written since the budget was looked at, by service; a log that was not looked at yet is not in it.
        self._grown: dict[str, int] = {}
        self._number = 0
        self._bytes = 0
        #: Entries that wait to be written.
        self.count = 0
        #: When the first of them came, by the monotonic clock.
        self.since = 0.0

    def take(self, lot: Lot) -> None:
        """Add a lot."""
        for service, version, options in lot.options:
            self._options[service, version] = options
            self._budgets[service] = options.budget_bytes
        for entry in lot.entries:
            if not self.count:
                self.since = time.monotonic()
            self.count += 1
            self._bytes += len(entry[9]) + len(entry[10])
            self._entries.setdefault((entry[2], int(entry[1] // 3600)), []).append(entry)

    @property
    def is_full(self) -> bool:
        """So much waits that it should be written now."""
        return self.count >= _MANY or self._bytes >= _MANY_BYTES

    def write(self) -> list[Written]:
        """Write everything that has come, and let the oldest files go where the budget is used up."""
        entries, self._entries, self.count, self._bytes = self._entries, {}, 0, 0
        return [self._write(service, those) for (service, _), those in entries.items()]

    def join(self) -> None:
        """Make one file of each past hour."""
        for service in self._budgets:
            join_hours(predictions_folder(self._home, service), time.time())

    def _write(self, service: str, entries: list[Entry]) -> Written:
        folder = predictions_folder(self._home, service)
        self._number += 1
        name = f"{entries[0][1]:.3f}-{os.getpid()}-{self._number:06}"
        try:
            size = write_columns(folder, self._columns(entries), name)
            message = self._keep_budget(service, folder, size)
        except OSError as error:
            return Written(service, 0, len(entries), f"predictions of {service} were not kept: {error}")
        return Written(service, len(entries), message=message)

    def _columns(self, entries: list[Entry]) -> list[Sequence[object]]:
        """Give the entries column by column, personal fields masked as each version says."""
        columns: list[Sequence[object]] = list(zip(*entries, strict=True))
        masks = {key: frozenset(options.mask) for key, options in self._options.items()}
        for place in (_REQUEST, _ANSWER):
            columns[place] = [masked(entry[place], masks[entry[2], entry[3]]) for entry in entries]
        return columns

    def _keep_budget(self, service: str, folder: str, size: int) -> str:
        budget = self._budgets[service]
        grown = self._grown.get(service, budget) + size
        self._grown[service] = grown
        if grown * _BUDGET_PART < budget:
            return ""
        self._grown[service] = 0
        removed = keep_within(folder, budget, time.time())
        return "" if not removed else f"the log of {service} is at its budget: its {removed} oldest files went"


def masked(body: bytes, fields: frozenset[str]) -> str:
    """Give JSON text with the values of these fields left out, at any depth; what is no JSON is left out whole."""
    if not fields:
        return body.decode(errors="replace")
    try:
        return msgspec.json.encode(_masked(msgspec.json.decode(body), fields)).decode()
    except (msgspec.DecodeError, RecursionError):
        return msgspec.json.encode(MASK).decode() if body else ""


def _masked(value: Any, fields: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_masked(each, fields) for each in value]
    if not isinstance(value, dict):
        return value
    # A tensor of the Open Inference Protocol has its name beside its values.
    named = value.get("name") if "data" in value else None
    is_masked_tensor = isinstance(named, str) and named in fields
    return {
        name: MASK if name in fields or (is_masked_tensor and name == "data") else _masked(each, fields)
        for name, each in value.items()
    }


def _serve(writer: Writer, source: int, told: int) -> None:
    """Read lots until their end, and tell what became of each file."""
    decoder = msgspec.msgpack.Decoder(Lot)
    held = bytearray()
    join_at = time.monotonic()
    while True:
        pause = None if not writer.count else max(0.0, writer.since + WRITE_SECONDS - time.monotonic())
        if select.select([source], [], [], pause)[0]:
            received = os.read(source, 1 << 20)
            if not received:
                _tell(told, writer.write())
                return
            held += received
            while lot := _next_lot(held, decoder):
                writer.take(lot)
        if writer.is_full or (writer.count and time.monotonic() - writer.since >= WRITE_SECONDS):
            _tell(told, writer.write())
            if time.monotonic() >= join_at:
                writer.join()
                join_at = time.monotonic() + _JOIN_SECONDS


def _next_lot(held: bytearray, decoder: "msgspec.msgpack.Decoder[Lot]") -> Lot | None:
    """Cut the first lot off; None while it has not come whole."""
    if len(held) < 4:
        return None
    end = 4 + int.from_bytes(held[:4], "little")
    if len(held) < end:
        return None
    lot = decoder.decode(bytes(held[4:end]))
    del held[:end]
    return lot


def _tell(descriptor: int, written: list[Written]) -> None:
    for each in written:
        try:
            os.write(descriptor, msgspec.json.encode(each) + b"\n")
        except BrokenPipeError:
            return  # the host is gone; what it sent is kept all the same


if __name__ == "__main__":
    main()
