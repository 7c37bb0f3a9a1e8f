"""The daemon's small parts: its clock, its log, its pools, its patience with children, what it listens to."""

import os
import sys
import time

import pytest

from headwater.model.errors import SettingMistake, UserMistake
from headwater.model.launch import PublishedEvent
from headwater.model.production import EventTrigger, Triggers
from headwater.production.__main__ import main
from headwater.production.children import Child, Role
from headwater.production.clock import Clock, read_clock
from headwater.production.interpreters import Interpreter, choose_interpreter, describe_changes
from headwater.production.journal import Journal, put_aside
from headwater.production.listening import Listening
from headwater.production.pools import default_size, read_pools
from headwater.settings import read_settings


class TestClock:
    def test_shows_the_time_of_day(self):
        assert abs(Clock().now() - time.time()) < 1.0

    def test_runs_faster_since_an_instant_and_waits_shorter(self):
        since = time.time() - 10
        clock = Clock(60.0, since)

        assert 600 <= clock.now() - since < 660
        assert 0 < clock.seconds_until(clock.now() + 60) <= 1.0
        assert clock.seconds_until(since) == 0.0

    def test_is_the_same_for_every_process_that_reads_it(self):
        clock = Clock(600.0, 1_750_000_000.25)

        assert read_clock(str(clock)) == clock
        assert read_clock("") == Clock()

    @pytest.mark.parametrize("text", ["fast", "60", "0@17", "-1@17", "60@noon"])
    def test_refuses_what_is_no_clock(self, text):
        with pytest.raises(UserMistake, match="--clock"):
            read_clock(text)


class TestLog:
    def test_lines_of_several_processes_go_to_one_file(self, tmp_path):
        path = str(tmp_path / "log")
        journal = Journal("scheduler", path)
        journal.note("one")
        journal.named("driver of Churn/1").note("two")

        with open(path) as file:
            lines = file.read().splitlines()
        assert [line.split(" ", 2)[2] for line in lines] == ["scheduler: one", "driver of Churn/1: two"]

    def test_a_log_that_grew_is_put_aside_and_the_next_line_begins_a_new_one(self, tmp_path):
        path = str(tmp_path / "log")
        journal = Journal("scheduler", path)
        journal.note("old")
        assert not put_aside(path, most_bytes=1000)
        assert put_aside(path, most_bytes=10)
        assert not put_aside(path, most_bytes=10)

        journal.note("new")

        assert "old" in (tmp_path / "log.1").read_text()
        assert "new" in (tmp_path / "log").read_text()
        assert "old" not in (tmp_path / "log").read_text()

    def test_a_log_that_cannot_be_written_stops_nobody(self, tmp_path):
        Journal("scheduler", str(tmp_path / "none" / "log")).note("lost")


class TestPools:
    def pools(self, text):
        environ = {"HEADWATER_POOLS": text, "HOME": "/nowhere"} if text is not None else {"HOME": "/nowhere"}
        return read_pools(read_settings({"home": "/h", "user": "ann"}, environ, "/"))

    def test_are_read_from_the_settings(self):
        pools = self.pools("default=4, gpu = 1")

        assert [pools.size(name) for name in ("default", "gpu", "other")] == [4, 1, 4]

    def test_have_a_size_when_nobody_says_any(self):
        assert self.pools(None).size("default") == default_size() >= 10

    @pytest.mark.parametrize("text", ["default", "default=none", "gpu=0", "=3", "gpu=-1"])
    def test_what_is_no_size_is_refused_with_its_source(self, text):
        with pytest.raises(SettingMistake, match="HEADWATER_POOLS"):
            self.pools(text)


class TestChild:
    def test_is_started_again_at_once_then_after_longer_and_longer_pauses(self):
        child = Child(Role("scheduler", ("true",)))

        pauses = [child.ended(float(number)) for number in range(8)]

        assert pauses == [0.0, 0.25, 1.0, 3.0, 10.0, 30.0, 30.0, 30.0]
        assert child.start_at == 7 + 30.0

    def test_is_forgiven_when_it_has_lived_for_long(self):
        child = Child(Role("scheduler", ("true",)))
        for number in range(5):
            child.ended(float(number))

        assert child.ended(1000.0) == 0.0


class TestInterpreter:
    def test_the_recorded_one_is_taken_when_it_is_there(self):
        assert choose_interpreter(sys.executable) == Interpreter(sys.executable)
        assert choose_interpreter(None) == Interpreter(sys.executable)

    def test_the_daemons_own_stands_in_for_one_that_is_gone_and_says_so(self, tmp_path):
        chosen = choose_interpreter(str(tmp_path / "bin" / "python"))

        assert chosen.python == sys.executable
        assert "is no interpreter with Headwater any more" in describe_changes({}, chosen)

    def test_one_without_headwater_is_not_taken(self, tmp_path):
        (tmp_path / "bin").mkdir()
        os.symlink(sys.executable, tmp_path / "bin" / "python")

        assert choose_interpreter(str(tmp_path / "bin" / "python")).python == sys.executable

    def test_packages_that_differ_are_named(self):
        present = Interpreter(sys.executable)
        recorded = present.packages()

        assert describe_changes(recorded, present) == ""
        assert "click 1.0 -> " in describe_changes({**recorded, "click": "1.0"}, present)
        assert "gone 2.0 -> (none)" in describe_changes({**recorded, "gone": "2.0"}, present)


class TestListening:
    BOTH = Triggers((EventTrigger("left"), EventTrigger("right")))

    def event(self, number, name):
        return PublishedEvent(f"e{number}", name, float(number), number=number)

    def test_hands_each_event_to_those_that_wait_for_it_once(self):
        listening = Listening(0)
        listening.put("A@production", [Triggers((EventTrigger("left"),))], (), 0)
        listening.put("B@production", [Triggers((EventTrigger("other"),))], (), 0)
        events = [self.event(1, "left")]

        assert [each.target for each in listening.hear(events)] == ["A@production"]
        assert listening.hear(events) == []

    def test_somebody_new_hears_only_what_comes_behind_its_beginning(self):
        listening = Listening(5)
        listening.put("A@production", [Triggers((EventTrigger("left"),))], (), 7)

        assert listening.last == 5
        assert listening.hear([self.event(6, "left"), self.event(7, "left")]) == []
        assert len(listening.hear([self.event(8, "left")])) == 1

    def test_a_scheduler_that_starts_again_begins_before_what_still_waits(self):
        listening = Listening(0)
        listening.put("A@production", [self.BOTH], (), 0)
        listening.hear([self.event(3, "left"), self.event(4, "other")])

        assert (listening.last, listening.resume_after()) == (4, 2)
        again = Listening(listening.resume_after())
        again.put("A@production", [self.BOTH], (), again.last)
        (run,) = again.hear([self.event(3, "left"), self.event(4, "other"), self.event(5, "right")])
        assert run.run.key == "A@production/event:e3+e5"
        assert again.resume_after() == 5


@pytest.mark.parametrize("words", [["painter", "--home", "/h"], ["scheduler"], ["scheduler", "--hom", "/h"], []])
def test_words_that_nobody_understands_are_refused(words):
    with pytest.raises(UserMistake, match=r"daemon|--home"):
        main(words)
