"""The examples, run as a newcomer runs them: `python flow.py run` in a process of its own, with a fresh store."""

import csv
import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from headwater import Flow, Run, namespace
from headwater.flow.project import code_root

#: Libraries are imported twice a run, which takes a while on a busy machine.
pytestmark = pytest.mark.timeout(300)

EXAMPLES = Path(__file__).parents[2] / "examples"


class Finished(NamedTuple):
    """A command that has ended."""

    output: str
    run: Run


@pytest.fixture
def run_example(tmp_path, monkeypatch):
    """Run an example's flow with arguments; the client of this process reads the same store."""
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEADWATER_USER", "ada")
    namespace("user:ada")

    def run(example: str, *arguments: str) -> Finished:
        named = tmp_path / "run-id"
        command = [sys.executable, str(EXAMPLES / example / "flow.py"), "run", "--run-id-file", str(named), *arguments]
        ended = subprocess.run(command, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, timeout=280)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return Finished(ended.stdout + ended.stderr, Run(named.read_text().strip()))

    yield run
    namespace(None)


def test_hello_greets_in_the_order_of_its_greetings(run_example):
    finished = run_example("hello", "--who", "Ada")

    assert finished.run.data.sentences == ["Hello, Ada!", "Hola, Ada!", "Bonjour, Ada!", "Hallo, Ada!"]
    assert "Hello, Ada! Hola, Ada! Bonjour, Ada! Hallo, Ada!" in finished.output
    assert str(Path(os.environ["HEADWATER_HOME"])) in finished.output
    assert [step.id for step in Flow("HelloFlow").latest_successful_run][::-1] == ["start", "greet", "gather", "end"]


def test_digits_goes_round_until_its_score_stops_rising(run_example):
    run = run_example("digits", "--grow-by", "5").run

    scores = run["forest"].task.data.scores
    assert len(scores) == run.metrics["turns"] == len(list(run["grow"])) >= 2
    gains = [later - earlier for earlier, later in itertools.pairwise(scores)]
    assert all(gain >= 0.002 for gain in gains[:-1])
    assert gains[-1] < 0.002
    assert run.metrics["accuracy"] > 0.95
    assert run.data.kind in run.data.validation_scores


def test_sentiment_ends_with_a_model_that_is_scored_on_tweets_that_no_choice_has_seen(run_example):
    finished = run_example("sentiment", "--max-features", "20000", "--threshold", "1.0")

    data = finished.run.data
    assert finished.run.metrics["f1"] == data.f1 > 0.80
    assert f"f1 {data.f1:.3f}" in finished.output
    assert list(data.model.predict(["what a lovely day", "my phone died again :("])) == ["positive", "negative"]
    assert data.max_features == 20000
    assert len(list(finished.run["train"])) == len(data.leaderboard)
    assert data.leaderboard == sorted(data.leaderboard, reverse=True)
    kept = sum(1 for rating in ratings() if abs(rating) >= 1.0)
    assert abs(len(data.X_test) - kept * 0.2) < 2
    assert abs(len(data.X_train) - kept * 0.64) < 2
    assert not set(data.X_train) & set(data.X_test)


def ratings() -> list[float]:
    with open(EXAMPLES / "sentiment" / "data" / "tweets.tsv", encoding="utf-8", newline="") as file:
        return [float(row["sentiment"]) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


@pytest.mark.parametrize("example", ["digits", "hello", "sentiment"])
def test_an_example_is_a_project_of_its_own(example):
    assert code_root(str(EXAMPLES / example / "flow.py")) == str(EXAMPLES / example)


def test_a_run_of_an_example_keeps_the_code_of_its_folder_only(run_example):
    assert sorted(run_example("hello").run.code) == ["README.md", "flow.py", "pyproject.toml"]
