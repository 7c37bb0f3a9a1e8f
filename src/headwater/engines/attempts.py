"""What the supervisor knows of an attempt while its process lives."""

import msgspec

from headwater.engines.console import Forwarding, LineSplitter, LogFile
from headwater.engines.exits import Death
from headwater.engines.slots import Slot
from headwater.model.ids import RunId, TaskKey
from headwater.model.masking import MaskedStream, Masker
from headwater.model.options import Resources, Timeout
from headwater.model.outcome import Usage
from headwater.model.ports import LogLine


class HeadOptions(msgspec.Struct, frozen=True):
    """The options that the supervisor sees to."""

    timeout: Timeout | None = None
    resources: Resources | None = None
    environment: dict[str, str] = {}
    #: Only whether there are any matters here.
    secrets: tuple[msgspec.Raw, ...] = ()


class OrderHead(msgspec.Struct, frozen=True):
    """The part of an order that the supervisor reads; the attempt reads the whole."""

    run: RunId
    key: TaskKey
    attempt: int
    home: str = ""
    log_file: str = ""
    options: HeadOptions = HeadOptions()


class Attempt:
    """A process at work on an order, or an order that waits for one."""

    def __init__(self, order: bytes, head: OrderHead, received_at: float, max_log_bytes: int) -> None:
        #: JSON of the whole order.
        self.order = order
        self.head = head
        #: Monotonic seconds, as all times here but `started_at`.
        self.received_at = received_at
        self.pid = 0
        #: Unix time.
        self.started_at = 0.0
        self.queue_seconds = 0.0
        self.slot: Slot | None = None
        self.log = LogFile(head.log_file, max_log_bytes)
        self.splitters = (LineSplitter("o"), LineSplitter("e"))
        self.forwarding = Forwarding()
        #: For stdout and stderr; None while there is nothing to mask.
        self._masks: tuple[MaskedStream, MaskedStream] | None = None
        self.is_trouble_told = False
        #: When it has to be dead; None = it has the time that it needs.
        self.kill_at: float | None = None
        #: When processes that it left behind have to be dead.
        self.strays_until = 0.0
        self.left_strays = False
        #: As `wait` gave it.
        self.status = 0
        #: Seconds of user and system time, peak kilobytes of resident memory.
        self.spent = (0.0, 0.0, 0)
        self.usage = Usage()
        self.was_cancelled = False
        self.timeout_seconds: float | None = None
        self.memory: tuple[int, int] | None = None
        self.was_kernel_short_of_memory = False

    @property
    def name(self) -> tuple[TaskKey, int]:
        """Key and number."""
        return self.head.key, self.head.attempt

    @property
    def memory_limit(self) -> int:
        """Bytes that it may hold; 0 = no limit is enforced."""
        resources = self.head.options.resources
        if resources is None or not resources.enforce or not resources.memory:
            return 0
        return int(resources.memory * 1_000_000)

    def take_output(self, number: int, chunk: bytes, at: float, is_driver_slow: bool) -> list[LogLine]:
        """Keep what it printed to stdout (0) or stderr (1); gives the lines to show.

        An empty chunk ends the stream.
        """
        splitter = self.splitters[number]
        mask = self._mask(number) if self.head.options.secrets else None
        if mask is not None:
            records = splitter.feed(mask.feed(chunk) if chunk else mask.rest())
            if not chunk:
                records += splitter.rest()
        else:
            records = splitter.feed(chunk) if chunk else splitter.rest()
        self.log.append(at, splitter.letter, records)
        return self.forwarding.lines(at, splitter.stream, records, is_driver_slow)

    def has_rest(self, number: int) -> bool:
        """Whether something of stdout (0) or stderr (1) is held that an empty chunk would release."""
        return self.splitters[number].has_rest or (self._masks is not None and self._masks[number].has_rest)

    def _mask(self, number: int) -> MaskedStream | None:
        """Give what masks a stream; None until the attempt has told its secrets, which it does before it prints one."""
        if self._masks is None:
            values = self.slot.read_secrets() if self.slot is not None else None
            if values is None:
                return None
            masker = Masker(values)
            self._masks = MaskedStream(masker), MaskedStream(masker)
        return self._masks[number]

    def death(self) -> Death:
        """Sum up how it ended."""
        return Death(
            self.head.run,
            self.head.key,
            self.head.attempt,
            self.status,
            self.usage,
            was_cancelled=self.was_cancelled,
            timeout_seconds=self.timeout_seconds,
            memory=self.memory,
            was_kernel_short_of_memory=self.was_kernel_short_of_memory,
        )
