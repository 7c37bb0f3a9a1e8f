"""A flow with something of everything: foreach, retry, loop, switch, curves, and artifacts of every kind."""

import numpy
import pandas

from headwater import FlowSpec, Parameter, catch, current, resources, retry, step


class Gallery(FlowSpec):
    """Shows what there is."""

    rate = Parameter("rate", default=0.5, help="how fast it learns")
    is_broken = Parameter("broken", default=False)

    @step
    def start(self):
        """Make the inputs."""
        self.items = list(range(12))
        self.table = pandas.DataFrame({"region": ["north", "south"], "sales": [3.5, 4.25]})
        self.array = numpy.arange(600.0).reshape(20, 30)
        self.tree = {"layers": [64, 32], "options": {"dropout": 0.1}}
        self.sentence = "plain words"
        self.report = (
            "<!doctype html><html><head><title>Quarter</title></head><body><h1>Quarter</h1>"
            "<script>document.body.append('ran as ' + self.origin);"
            "try { document.body.append(parent.document.title) } catch (error) { document.body.append(error.name) }"
            "try { document.body.append(document.cookie) } catch (error) { document.body.append(error.name) }"
            "fetch('/api/v1/me').catch((error) => document.body.append('kept in'))</script></body></html>"
        )
        self.next(self.train, foreach="items")

    @resources(cpu=1, memory=400)
    @retry(times=1, minutes_between_retries=0)
    @catch(var="why")
    @step
    def train(self):
        """Learn one item."""
        if self.input == 3 and current.retry_count == 0:
            raise TimeoutError("item 3 was slow")
        if self.input == 5:
            raise ValueError("item 5 has no label")
        for number in range(30):
            current.metrics.log(step=number, loss=self.rate / (1 + number))
        print(f"\x1b[32mtrained\x1b[0m item {self.input}")
        self.loss = self.rate / 30
        self.next(self.choose)

    @step
    def choose(self, inputs):
        self.rounds = 0
        self.next(self.tune)

    @step
    def tune(self):
        self.rounds += 1
        self.next(self.judge)

    @step
    def judge(self):
        self.verdict = "again" if self.rounds < 3 else "enough"
        self.next({"again": self.tune, "enough": self.end}, condition="verdict")

    @step
    def end(self):
        current.metrics.summary(f1=self.rate / 2, loss=self.rate)
        for number in range(3000):
            print(f"line {number} of the log")
        if self.is_broken:
            quantiles = {"q05": 0.1, "q50": 0.4}
            print(quantiles["q95"])


if __name__ == "__main__":
    Gallery()
