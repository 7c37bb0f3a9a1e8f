from array import array

from headwater.store.points import NO_STEP, Points, encode_points, read_points


def block(*values):
    count = len(values)
    return encode_points(
        Points(
            ("loss",), array("H", [0] * count), array("q", range(count)), array("d", [1.5] * count), array("d", values)
        )
    )


def values(path, offset=0):
    return [value for points, _ in read_points(str(path), offset) for value in points.values]


def test_blocks_come_back_in_order(tmp_path):
    path = tmp_path / "points"
    path.write_bytes(block(1.0, 2.0) + block(float("inf"), -0.0))

    assert values(path) == [1.0, 2.0, float("inf"), -0.0]


def test_a_block_that_a_kill_cut_short_ends_the_file_and_nothing_before_it_is_lost(tmp_path):
    path = tmp_path / "points"
    whole, torn = block(1.0, 2.0), block(3.0)
    for size in range(len(torn)):
        path.write_bytes(whole + torn[:size])

        assert values(path) == [1.0, 2.0]


def test_a_flipped_byte_is_never_read_as_a_value(tmp_path):
    path = tmp_path / "points"
    whole = bytearray(block(1.0, 2.0))
    for place in range(len(whole)):
        whole[place] ^= 0x40
        path.write_bytes(bytes(whole))
        whole[place] ^= 0x40

        assert values(path) == []


def test_a_live_file_is_read_on_from_where_the_reader_stopped(tmp_path):
    path = tmp_path / "points"
    path.write_bytes(block(1.0))
    *_, (_, offset) = read_points(str(path))
    path.write_bytes(block(1.0) + block(2.0))

    assert values(path, offset) == [2.0]


def test_a_missing_file_has_no_points(tmp_path):
    assert values(tmp_path / "none") == []


def test_no_step_is_the_smallest_number():
    assert NO_STEP == -(2**63)
