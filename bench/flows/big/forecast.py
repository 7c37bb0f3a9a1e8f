"""Sales of every shop for the next weeks, one model a shop."""

from headwater import FlowSpec, Parameter, project, resources, retry, step


@project(name="retail")
class Forecast(FlowSpec):
    """Sales of every shop for the next weeks."""

    weeks = Parameter("weeks", default=4)
    shops = Parameter("shops", default=60)

    @step
    def start(self):
        """List the shops."""
        self.numbers = list(range(self.shops))
        self.next(self.fit, foreach="numbers")

    @resources(cpu=1, memory=500)
    @retry(times=2)
    @step
    def fit(self):
        """Fit the model of one shop."""
        self.shop = self.input
        self.error = 1 / (1 + self.shop)
        self.next(self.predict)

    @step
    def predict(self):
        """Tell the next weeks."""
        self.sales = [self.shop] * self.weeks
        self.next(self.collect)

    @step
    def collect(self, inputs):
        """One table of all shops."""
        self.table = {one.shop: one.sales for one in inputs}
        self.next(self.end)

    @step
    def end(self):
        """Nothing more."""


if __name__ == "__main__":
    Forecast()
