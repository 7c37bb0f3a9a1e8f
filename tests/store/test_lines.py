import tracemalloc

import pytest

from headwater.model.ports import LogLine
from headwater.store.lines import count_bytes, read_lines, read_records


@pytest.fixture
def log(tmp_path):
    return tmp_path / "4.0.log"


def test_no_file_is_no_lines(log):
    assert list(read_lines(str(log))) == []


def test_lines_come_with_time_and_stream(log):
    log.write_bytes(b"1700000000.000001 o first\n1700000001.500000 e second \xc3\xa4\n1700000002.000000 o \n")

    assert list(read_lines(str(log))) == [
        LogLine(1700000000.000001, "stdout", "first"),
        LogLine(1700000001.5, "stderr", "second ä"),
        LogLine(1700000002.0, "stdout", ""),
    ]
    assert [line.text for line in read_lines(str(log), stream="stderr")] == ["second ä"]


def test_pieces_of_a_line_are_joined_across_the_other_stream(log):
    log.write_bytes(b"1.000000 O one \n2.000000 e between\n3.000000 O two \n4.000000 o three\n")

    assert list(read_lines(str(log))) == [LogLine(2.0, "stderr", "between"), LogLine(1.0, "stdout", "one two three")]


def test_a_character_cut_in_two_pieces_is_whole_again(log):
    log.write_bytes(b"1.000000 O \xc3\n2.000000 o \xa4\n")

    assert [line.text for line in read_lines(str(log))] == ["ä"]


def test_an_unfinished_line_comes_at_the_end(log):
    log.write_bytes(b"1.000000 O Loss: \n")

    assert list(read_lines(str(log))) == [LogLine(1.0, "stdout", "Loss: ")]


def test_a_record_that_is_still_being_written_is_read_later(log):
    log.write_bytes(b"1.000000 o first\n2.000000 o sec")
    [record] = read_records(str(log))
    with log.open("ab") as file:
        file.write(b"ond\n")

    assert [line.text for line in read_lines(str(log), record.next_offset)] == ["second"]


def test_reading_goes_on_from_any_offset(log):
    log.write_bytes(b"".join(b"%d.000000 o line %d\n" % (number, number) for number in range(1, 50)))
    records = list(read_records(str(log)))

    for index, record in enumerate(records):
        assert len(list(read_records(str(log), record.next_offset))) == len(records) - index - 1


def test_what_is_no_record_is_shown_as_text(log):
    log.write_bytes(b"1.000000 o first\ngarbage \xff\n2.000000 x unknown\n")

    assert [line.text for line in read_lines(str(log))] == ["first", "garbage \ufffd", "2.000000 x unknown"]


def test_a_hundred_megabytes_without_end_are_read_in_bounded_memory(log):
    piece = b"1.000000 O " + b"x" * 65_536 + b"\n"
    with log.open("wb") as file:
        for _ in range(800):
            file.write(piece)
    tracemalloc.start()
    total = sum(len(line.text) for line in read_lines(str(log)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert total == 800 * 65_536
    assert peak < 12 << 20


def test_bytes_are_counted_as_the_task_wrote_them(log):
    log.write_bytes(b"1.000000 O one \n2.000000 e \xc3\xa4\n4.000000 o three\n")

    assert count_bytes(str(log)) == len(b"one three\n") + len("ä\n".encode())
    assert count_bytes(str(log), "stderr") == 3
