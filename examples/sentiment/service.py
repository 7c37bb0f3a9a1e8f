"""Answers whether a text is positive or negative, with the model that `flow.py` learned."""

from headwater import Batch, Canary, ServiceSpec, audit, endpoint


class Sentiment(ServiceSpec):
    """The sentiment of short texts."""

    source = "SentimentFlow@production"
    follow = True
    reference = "X_train"
    rollout = Canary(steps=[10, 50], min_requests=500)

    @endpoint
    def label(self, text: str) -> str:
        """Say whether a text is `positive` or `negative`."""
        return str(self.artifacts.model.predict([text])[0])

    @endpoint(batch=64, within_ms=10)
    def label_many(self, text: Batch[str]) -> Batch[str]:
        """The same; texts that come at the same time are answered together, which is faster."""
        return self.artifacts.model.predict(text)

    @audit
    def knows_plain_words(self, live):
        """Texts that nobody could misread must be read right."""
        assert self.label("what a wonderful day, I love it") == "positive"
        assert self.label("this is horrible, I hate it") == "negative"

    @audit
    def is_not_worse(self, live):
        """The score on test tweets may fall by a hundredth, no more."""
        assert live is None or self.run.metrics["f1"] >= live.run.metrics["f1"] - 0.01
