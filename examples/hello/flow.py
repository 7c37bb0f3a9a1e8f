"""The smallest flow that shows something: a parameter, one task per greeting, a join."""

from headwater import FlowSpec, Parameter, step


class HelloFlow(FlowSpec):
    """Greet somebody in several languages, each greeting in a task of its own."""

    who = Parameter("who", default="world", help="whom to greet")

    @step
    def start(self):
        """Say which greetings there are."""
        self.greetings = ["Hello", "Hola", "Bonjour", "Hallo"]
        self.next(self.greet, foreach="greetings")

    @step
    def greet(self):
        """Make one greeting."""
        self.sentence = f"{self.input}, {self.who}!"
        print(self.sentence)
        self.next(self.gather)

    @step
    def gather(self, inputs):
        """Put the sentences together, in the order of the greetings."""
        self.sentences = [one.sentence for one in inputs]
        self.next(self.end)

    @step
    def end(self):
        """Show them."""
        print(" ".join(self.sentences))


if __name__ == "__main__":
    HelloFlow()
