"""Which customers will leave: features on two branches, several candidates, the best one kept."""

from rows import clean, load_orders

from headwater import FlowSpec, Parameter, catch, resources, retry, step


class Churn(FlowSpec):
    """Which customers will leave in the next 30 days."""

    alpha = Parameter("alpha", default=0.5, help="strength of the regularisation")
    region = Parameter("region", default="north", help="customers of which region")

    @retry(times=2)
    @step
    def start(self):
        """Read the orders of the region."""
        self.orders = load_orders(self.region)
        self.next(self.usage, self.payments)

    @step
    def usage(self):
        """How often they came."""
        self.visits = self.orders.groupby("customer").size()
        self.next(self.join)

    @step
    def payments(self):
        """What they paid."""
        self.paid = clean(self.orders).groupby("customer")["amount"].sum()
        self.next(self.join)

    @step
    def join(self, inputs):
        """One table of features."""
        self.features = [inputs.usage.visits, inputs.payments.paid]
        self.depths = [2, 3, 4, 6, 8, 12]
        self.next(self.train, foreach="depths")

    @resources(cpu=2, memory=4000)
    @retry(times=1)
    @catch(var="failure", print_exception=False)
    @step
    def train(self):
        """Fit one candidate."""
        self.model = {"depth": self.input, "alpha": self.alpha}
        self.score = 1 / self.input
        self.next(self.choose)

    @step
    def choose(self, inputs):
        """Keep the best."""
        self.model = max(inputs, key=lambda one: one.score).model
        self.next(self.end)

    @step
    def end(self):
        """Draw what it does."""
        self.report = f"<html><title>Churn</title><body>{self.model}</body></html>"


if __name__ == "__main__":
    Churn()
