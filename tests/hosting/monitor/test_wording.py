"""What people read when film reviews and newspaper sentences come to a model that learned from tweets."""

import pytest

from headwater.hosting.monitor.profile import Profile, learn_profile
from headwater.hosting.monitor.windows import Window, alpha_of, look_at
from headwater.hosting.monitor.wording import told_of
from headwater.model.service import MonitorOptions
from tests.hosting.monitor.traffic import MOVIES, NEWS, TWEETS, text_rows, texts


@pytest.fixture(scope="module")
def tweets() -> tuple[Profile, list[str]]:
    found = texts(TWEETS)
    return learn_profile([{"X_train": text} for text in found[:2000]], "X_train of SentimentFlow/1"), found[2000:]


def window_of(profile: Profile, values: list[str]) -> Window:
    """Look at a minute's texts with what the month's one false alarm allows."""
    found = look_at(profile, text_rows(values), 0.0, 60.0, alpha_of(MonitorOptions(), 60.0))
    assert found is not None
    return found


def test_film_reviews_alarm_and_the_words_of_films_are_named(tweets: tuple[Profile, list[str]]) -> None:
    window = window_of(tweets[0], texts(MOVIES))
    (told,) = told_of(tweets[0], window, window.alarming)

    assert told.name == "text"
    assert any("@mention" in sentence for sentence in told.sentences)
    assert any("unknown words" in sentence for sentence in told.sentences)
    assert {"film", "movie"} <= {shift.word for shift in told.words.more}
    assert "i" in {shift.word for shift in told.words.less}


def test_newspaper_sentences_alarm_and_their_words_are_named(tweets: tuple[Profile, list[str]]) -> None:
    window = window_of(tweets[0], texts(NEWS))
    (told,) = told_of(tweets[0], window, window.alarming)

    assert any("@mention" in sentence for sentence in told.sentences)
    assert {"mr", "city"} & {shift.word for shift in told.words.more}


def test_other_tweets_raise_no_alarm(tweets: tuple[Profile, list[str]]) -> None:
    profile, others = tweets
    windows = [window_of(profile, others[start : start + 200]) for start in range(0, 2200, 200)]

    assert [window.alarming for window in windows] == [()] * 11


def test_texts_of_the_reference_know_no_more_words_than_new_ones(tweets: tuple[Profile, list[str]]) -> None:
    window = window_of(tweets[0], tweets[1])
    (unknown,) = [finding for finding in window.findings if finding.measure == "unknown words"]

    # Were each text's own words known to it, nearly no text of the reference would have an unknown word.
    assert unknown.before == pytest.approx(unknown.now, abs=0.05)
    assert abs(unknown.effect) < 0.1
