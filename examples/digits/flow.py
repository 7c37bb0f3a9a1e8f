"""Read handwritten digits: two ways of learning side by side, one of them in a loop until its score stops rising."""

# Imported once; every task's process is forked from one that has them.
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from headwater import FlowSpec, Parameter, current, step


class DigitsFlow(FlowSpec):
    """Compare nearest neighbours with a forest that grows until it stops getting better.

    Choices are made on validation digits; the score at the end is that of digits that no choice has seen.
    """

    grow_by = Parameter("grow-by", default=10, help="trees that the forest gains in each turn of its loop")
    least_gain = Parameter("least-gain", default=0.002, help="a turn that gains less than this ends the loop")

    @step
    def start(self):
        """Split the 1,797 images that come with scikit-learn: 60 % to learn, 20 % to choose, 20 % to score."""
        images, labels = load_digits(return_X_y=True)
        learn, test, learn_labels, test_labels = train_test_split(
            images, labels, test_size=0.2, random_state=17, stratify=labels
        )
        train, validation, train_labels, validation_labels = train_test_split(
            learn, learn_labels, test_size=0.25, random_state=17, stratify=learn_labels
        )
        self.train, self.train_labels = train, train_labels
        self.validation, self.validation_labels = validation, validation_labels
        self.test, self.test_labels = test, test_labels
        self.trees = 0
        self.scores = []
        self.next(self.neighbours, self.grow)

    @step
    def neighbours(self):
        """Branch one: the label of the nearest images."""
        self.kind = "nearest neighbours"
        self.model = KNeighborsClassifier(n_neighbors=3).fit(self.train, self.train_labels)
        self.validation_score = self.model.score(self.validation, self.validation_labels)
        self.next(self.choose)

    @step
    def grow(self):
        """Branch two: one turn of the loop, with more trees than the turn before."""
        self.trees = self.trees + self.grow_by
        self.kind = f"forest of {self.trees} trees"
        self.model = RandomForestClassifier(n_estimators=self.trees, random_state=17)
        self.model.fit(self.train, self.train_labels)
        self.validation_score = self.model.score(self.validation, self.validation_labels)
        self.scores = [*self.scores, self.validation_score]
        print(f"{self.kind}: {self.validation_score:.4f} of the validation digits")
        self.next(self.judge)

    @step
    def judge(self):
        """Go round again while the last turn was worth it."""
        is_rising = len(self.scores) < 2 or self.scores[-1] - self.scores[-2] >= self.least_gain
        self.verdict = "rising" if is_rising else "enough"
        self.next({"rising": self.grow, "enough": self.forest}, condition="verdict")

    @step
    def forest(self):
        """The forest as the loop left it."""
        self.turns = len(self.scores)
        self.next(self.choose)

    @step
    def choose(self, inputs):
        """Join the branches and keep the better model."""
        best = max(inputs, key=lambda one: one.validation_score)
        self.kind, self.model = best.kind, best.model
        self.validation_scores = {one.kind: one.validation_score for one in inputs}
        self.turns = inputs.forest.turns
        self.merge_artifacts(inputs, include=["test", "test_labels"])
        self.next(self.end)

    @step
    def end(self):
        """Score the chosen model on digits that it has not seen."""
        self.accuracy = self.model.score(self.test, self.test_labels)
        current.metrics.summary(accuracy=self.accuracy, turns=self.turns)
        print(f"{self.kind}: {self.accuracy:.4f} of the test digits are read right")


if __name__ == "__main__":
    DigitsFlow()
