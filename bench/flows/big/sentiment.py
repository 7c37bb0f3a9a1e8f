"""What people write: a classifier of short texts."""

from headwater import FlowSpec, Parameter, retry, step


class Sentiment(FlowSpec):
    """How people feel about what they write."""

    ngrams = Parameter("ngrams", default=2)
    language = Parameter("language", default="en")

    @retry(times=1)
    @step
    def start(self):
        """Read the texts."""
        self.texts = ["good", "bad"]
        self.next(self.tokenize)

    @step
    def tokenize(self):
        """Cut them into words."""
        self.words = [text.split() for text in self.texts]
        self.next(self.fit)

    @step
    def fit(self):
        """Fit the classifier."""
        self.weights = {word: 1.0 for words in self.words for word in words}
        self.next(self.evaluate)

    @step
    def evaluate(self):
        """Measure it on what it has not seen."""
        if not self.weights:
            raise RuntimeError(f"no words in {self.language} with {self.ngrams} n-grams")
        self.f1 = 0.9
        self.next(self.end)

    @step
    def end(self):
        """Nothing more."""


if __name__ == "__main__":
    Sentiment()
