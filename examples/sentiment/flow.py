"""Learn from rated tweets whether a text is positive or negative, and keep the best of several models."""

import csv
import html
from pathlib import Path

# Imported once; every task's process is forked from one that has them.
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, classification_report, f1_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from headwater import FlowSpec, Parameter, current, step

TWEETS = Path(__file__).with_name("data") / "tweets.tsv"

#: Fixed, so that every run cuts the tweets at the same places.
SPLIT_SEED = 7

#: What `train` tries, one task each.
CANDIDATES = [
    {"name": "words, naive Bayes", "vectors": "words", "classifier": "bayes", "strength": 0.3},
    {"name": "words, logistic C=1", "vectors": "words", "classifier": "logistic", "strength": 1.0},
    {"name": "words, logistic C=10", "vectors": "words", "classifier": "logistic", "strength": 10.0},
    {"name": "words, linear SVM C=0.5", "vectors": "words", "classifier": "svm", "strength": 0.5},
    {"name": "letters, naive Bayes", "vectors": "letters", "classifier": "bayes", "strength": 0.3},
    {"name": "letters, logistic C=10", "vectors": "letters", "classifier": "logistic", "strength": 10.0},
    {"name": "letters, linear SVM C=0.2", "vectors": "letters", "classifier": "svm", "strength": 0.2},
    {"name": "letters, linear SVM C=1", "vectors": "letters", "classifier": "svm", "strength": 1.0},
]


def read_tweets(path, threshold):
    """Give the texts of the tweets that are not neutral, and their labels.

    A tweet's rating is the mean of what twenty people thought, from -4 to +4. Its sign is the label; a rating nearer to
    zero than the threshold is neutral (people did not agree, or it says little), and the tweet is left out.
    """
    texts, labels = [], []
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            rating = float(row["sentiment"])
            if abs(rating) >= threshold and rating != 0:
                texts.append(html.unescape(row["text"]))
                labels.append("positive" if rating > 0 else "negative")
    return texts, labels


def make_model(candidate, max_features):
    """Make a pipeline that takes raw texts."""
    shape = {
        # Punctuation and emoticons are words of their own: `:)` says more than most.
        "words": {"token_pattern": r"[\w']+|[^\w\s]+", "ngram_range": (1, 2)},
        "letters": {"analyzer": "char_wb", "ngram_range": (2, 5)},
    }[candidate["vectors"]]
    strength = candidate["strength"]
    # Two tweets of three are positive; balanced weights keep a model from leaning on that.
    classifier = {
        "bayes": lambda: ComplementNB(alpha=strength),
        "logistic": lambda: LogisticRegression(C=strength, max_iter=1000, class_weight="balanced"),
        "svm": lambda: LinearSVC(C=strength, class_weight="balanced"),
    }[candidate["classifier"]]()
    return make_pipeline(TfidfVectorizer(max_features=max_features, sublinear_tf=True, **shape), classifier)


class SentimentFlow(FlowSpec):
    """Learn the sentiment of tweets and keep the best of several models.

    Models are compared on validation tweets; the score at the end is that of test tweets, which no choice has seen.
    """

    max_features = Parameter("max-features", default=30_000, help="words or letter groups that a model may use")
    test_share = Parameter("test-share", default=0.2, help="share of the tweets that only the last step sees")
    threshold = Parameter("threshold", default=0.5, help="ratings nearer to zero than this are neutral and left out")

    @step
    def start(self):
        """Load the tweets and cut them in three: to learn from, to choose by, to score with."""
        texts, labels = read_tweets(TWEETS, self.threshold)
        learn, self.X_test, learn_labels, self.y_test = train_test_split(
            texts, labels, test_size=self.test_share, random_state=SPLIT_SEED, stratify=labels
        )
        self.X_train, self.X_validation, self.y_train, self.y_validation = train_test_split(
            learn, learn_labels, test_size=0.2, random_state=SPLIT_SEED, stratify=learn_labels
        )
        self.candidates = CANDIDATES
        sizes = len(self.X_train), len(self.X_validation), len(self.X_test)
        print("{} tweets to learn from, {} to choose by, {} to score".format(*sizes))
        self.next(self.train, foreach="candidates")

    @step
    def train(self):
        """Fit one candidate and see how it does on the validation tweets."""
        self.candidate = self.input
        self.model = make_model(self.candidate, self.max_features).fit(self.X_train, self.y_train)
        predicted = self.model.predict(self.X_validation)
        self.validation_f1 = float(f1_score(self.y_validation, predicted, average="macro"))
        print(f"{self.candidate['name']}: f1 {self.validation_f1:.3f}")
        self.next(self.choose)

    @step
    def choose(self, inputs):
        """Keep the candidate that did best on the validation tweets."""
        best = max(inputs, key=lambda one: one.validation_f1)
        self.leaderboard = sorted(((one.validation_f1, one.candidate["name"]) for one in inputs), reverse=True)
        self.best = best.candidate
        self.model = best.model
        self.merge_artifacts(inputs, include=["X_train", "y_train", "X_test", "y_test"])
        self.next(self.score)

    @step
    def score(self):
        """Score the model on the test tweets."""
        predicted = self.model.predict(self.X_test)
        # Macro: both labels count the same, so always answering `positive` scores 0.41, not 0.81.
        self.f1 = float(f1_score(self.y_test, predicted, average="macro"))
        self.accuracy = float(accuracy_score(self.y_test, predicted))
        self.report = classification_report(self.y_test, predicted)
        current.metrics.summary(f1=self.f1, accuracy=self.accuracy, model=self.best["name"])
        self.next(self.end)

    @step
    def end(self):
        """Say how good it is."""
        print(self.report)
        name, tweets = self.best["name"], len(self.y_test)
        print(f"best model: {name}, f1 {self.f1:.3f}, accuracy {self.accuracy:.3f} on {tweets} tweets")


if __name__ == "__main__":
    SentimentFlow()
