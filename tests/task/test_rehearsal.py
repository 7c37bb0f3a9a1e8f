"""The rehearsal does what an attempt does, and leaves nothing behind."""

import os

from headwater.task.rehearsal import rehearse


def test_the_rehearsed_attempt_reads_what_attempts_read_and_succeeds():
    outcome = rehearse()

    assert outcome.error is None
    assert set(outcome.reads) == {"items[1]", "inherited"}
    assert set(outcome.artifacts) == {"result"}


def test_the_environment_is_as_before():
    before = dict(os.environ)

    rehearse()

    assert before == dict(os.environ)
