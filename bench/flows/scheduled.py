"""A flow that is due every minute, and says when its first task runs."""

import json
import os
import time

from headwater import FlowSpec, schedule, step


@schedule(cron="* * * * *")
class ScheduledBench(FlowSpec):
    """Two steps that do next to nothing."""

    @step
    def start(self):
        with open(os.environ["BENCH_OUT"], "a") as file:
            file.write(json.dumps({"running_at": time.time()}) + "\n")
        self.x = 1
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    ScheduledBench()
