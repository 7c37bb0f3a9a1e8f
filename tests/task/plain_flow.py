from headwater.flow.spec import FlowSpec
from headwater.flow.step import step


class PlainFlow(FlowSpec):
    @step
    def start(self):
        self.number = 1
        self.next(self.end)

    @step
    def end(self):
        pass
