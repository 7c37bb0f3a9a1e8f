"""Lines, cut out of what comes through a pipe."""

from pathlib import Path

from headwater.engines.console import LONGEST_RECORD, Forwarding, LineSplitter, LogFile


def test_a_line_in_two_pieces_is_one_record() -> None:
    splitter = LineSplitter("o")

    assert splitter.feed(b"one\ntw") == [(b"one", True)]
    assert splitter.feed(b"o\n") == [(b"two", True)]
    assert splitter.rest() == []


def test_a_line_of_exactly_the_largest_size_is_not_cut() -> None:
    line = b"x" * LONGEST_RECORD

    assert LineSplitter("o").feed(line + b"\n") == [(line, True)]


def test_a_line_that_never_ends_does_not_grow_in_memory() -> None:
    splitter = LineSplitter("o")
    sizes = [len(text) for _ in range(40) for text, _ in splitter.feed(b"x" * 10_000)]

    assert set(sizes) == {LONGEST_RECORD}
    assert len(splitter.rest()[0][0]) == 400_000 - len(sizes) * LONGEST_RECORD


def test_bytes_that_are_no_text_are_kept_as_they_are(tmp_path: Path) -> None:
    log = LogFile(str(tmp_path / "log"), 1000)
    log.append(12.5, "e", [(b"\xff\x00", True)])
    log.close()

    assert (tmp_path / "log").read_bytes() == b"12.500000 e \xff\x00\n"


def test_lines_left_out_are_counted_when_lines_pass_again() -> None:
    forwarding = Forwarding(lines_per_second=2)
    first = forwarding.lines(100.0, "stdout", [(b"a", True)] * 5, is_driver_slow=False)
    second = forwarding.lines(101.0, "stdout", [(b"b", True)], is_driver_slow=False)

    assert [line.text for line in first] == ["a", "a"]
    assert [line.text for line in second] == [
        "[3 lines came too fast to be shown here; they are in the log]",
        "b",
    ]


def test_nothing_is_shown_while_the_driver_is_slow() -> None:
    forwarding = Forwarding()

    assert forwarding.lines(100.0, "stdout", [(b"a", True)], is_driver_slow=True) == []
    assert "1 lines" in forwarding.notice(100.0)[0].text
