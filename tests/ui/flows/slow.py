"""A flow that goes on when a file appears, so that a page can be looked at while it runs."""

import os
import time

from headwater import FlowSpec, Parameter, step


class Slow(FlowSpec):
    """Waits for a sign."""

    sign = Parameter("sign", default="")

    @step
    def start(self):
        deadline = time.monotonic() + 60
        while self.sign and not os.path.exists(self.sign) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    Slow()
