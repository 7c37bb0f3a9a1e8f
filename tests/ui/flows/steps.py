"""A flow of several steps that each wait for a file, so that a page can be watched from one to the next."""

import os
import time

from headwater import FlowSpec, Parameter, current, step


class Steps(FlowSpec):
    """Goes on when it is told to."""

    folder = Parameter("folder", required=True)

    @step
    def start(self):
        self.wait("start")
        self.next(self.work)

    @step
    def work(self):
        for number in range(5):
            print(f"round {number}", flush=True)
            current.metrics.log(step=number, gain=number * 2.0)
        self.wait("work")
        print("the last words", flush=True)
        self.next(self.end)

    @step
    def end(self):
        self.wait("end")

    def wait(self, name: str) -> None:
        deadline = time.monotonic() + 60
        while not os.path.exists(os.path.join(self.folder, name)) and time.monotonic() < deadline:
            time.sleep(0.01)


if __name__ == "__main__":
    Steps()
