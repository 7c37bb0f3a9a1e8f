"""A flow of three steps that the tests of the runner run."""

import os
import sys

from headwater import FlowSpec, Parameter, step


class SmallFlow(FlowSpec):
    alpha = Parameter("alpha", default=0.5)
    settings = Parameter("settings", type=str, default="none")
    is_broken = Parameter("is_broken", type=bool, default=False)

    @step
    def start(self):
        self.items = [1, 2, 3]
        self.place = os.environ.get("SMALL_FLOW_PLACE", "nowhere")
        self.next(self.double, foreach="items")

    @step
    def double(self):
        self.doubled = 2 * self.input
        print(f"doubled {self.input}")
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(one.doubled for one in inputs)
        if self.is_broken:
            print("about to fail", file=sys.stderr)
            raise ValueError("broken on purpose")
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    SmallFlow()
