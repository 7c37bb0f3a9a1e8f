"""What a zygote tells its driver."""

import os
import select

from headwater.engines.frames import FromZygote, frame

#: Bytes waiting for the driver above which lines are no longer forwarded.
_SLOW_DRIVER = 1 << 20


class Reports:
    """The pipe to the driver, and what waits while it is full."""

    def __init__(self, descriptor: int, poll: "select.poll") -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._poll = poll
        self._out = bytearray()
        #: The pipe is full.
        self._is_blocked = False

    @property
    def is_slow(self) -> bool:
        """More waits than should."""
        return len(self._out) > _SLOW_DRIVER

    def tell(self, message: FromZygote) -> None:
        """Report something; `flush` sends it."""
        self._out += frame(message)

    def flush(self) -> bool:
        """Send as much as the pipe takes; False when nobody is there to read it."""
        if not self._out:
            return True
        try:
            written = os.write(self._descriptor, self._out)
        except BlockingIOError:
            written = 0
        except BrokenPipeError:
            return False
        del self._out[:written]
        if bool(self._out) != self._is_blocked:
            self._is_blocked = bool(self._out)
            if self._is_blocked:
                self._poll.register(self._descriptor, select.POLLOUT)
            else:
                self._poll.unregister(self._descriptor)
        return True
