"""What every place promises; run on all of them."""

import os

import pytest

from headwater.model.errors import InternalError
from headwater.model.ports import Place
from headwater.store.place_disk import DiskPlace
from headwater.store.place_memory import MemoryPlace


@pytest.fixture(params=["disk", "memory"])
def any_place(request, tmp_path) -> Place:
    return DiskPlace(str(tmp_path / "objects")) if request.param == "disk" else MemoryPlace()


def test_what_was_put_comes_back(any_place):
    any_place.put("ab/abc", [b"one", bytearray(b"two"), memoryview(b"three")])

    assert any_place.get("ab/abc") == b"onetwothree"


def test_putting_again_replaces(any_place):
    any_place.put("a", [b"old and long"])
    any_place.put("a", [b"new"])

    assert any_place.get("a") == b"new"


def test_many_are_put_at_once(any_place):
    any_place.put_many((f"k/{number:04}", [str(number).encode()]) for number in range(150))

    assert len(list(any_place.keys("k/"))) == 150
    assert any_place.get("k/0149") == b"149"


def test_empty_content_is_content(any_place):
    any_place.put("a", [])

    assert any_place.get("a") == b""
    assert any_place.map("a").nbytes == 0
    assert any_place.stat("a").size == 0


def test_what_is_not_there_is_a_key_error(any_place):
    with pytest.raises(KeyError):
        any_place.get("a/b")
    with pytest.raises(KeyError):
        any_place.map("a/b")
    assert any_place.stat("a/b") is None


def test_a_map_can_be_changed_without_touching_the_place(any_place):
    any_place.put("a", [b"hello"])

    view = any_place.map("a")
    view[0:1] = b"J"

    assert bytes(view) == b"Jello"
    assert any_place.get("a") == b"hello"
    assert bytes(any_place.map("a")) == b"hello"


def test_identity_changes_with_the_bytes(any_place):
    any_place.put("a", [b"one"])
    before = any_place.stat("a")
    again = any_place.stat("a")
    any_place.put("a", [b"two"])

    assert before == again
    assert any_place.stat("a").identity != before.identity


def test_touch_makes_new_and_leaves_the_bytes(any_place):
    any_place.put("a", [b"one"])
    if isinstance(any_place, DiskPlace):
        os.utime(any_place.path("a"), (1000, 1000))
    before = any_place.stat("a")

    any_place.touch("a")
    any_place.touch("not-there")

    assert any_place.stat("a").modified_at >= before.modified_at
    assert any_place.stat("a").identity != before.identity
    assert any_place.get("a") == b"one"


def test_delete_removes_and_is_silent_when_nothing_is_there(any_place):
    any_place.put("a", [b"one"])

    any_place.delete("a")
    any_place.delete("a")

    assert any_place.stat("a") is None


def test_keys_are_sorted_and_begin_with_the_prefix(any_place):
    for key in ("ab/x", "ab/a", "abc", "b/y", "ab-c/z"):
        any_place.put(key, [b""])

    assert list(any_place.keys("")) == sorted(["ab-c/z", "ab/a", "ab/x", "abc", "b/y"])
    assert list(any_place.keys("ab/")) == ["ab/a", "ab/x"]
    assert list(any_place.keys("ab/x")) == ["ab/x"]
    assert list(any_place.keys("zz/")) == []


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "A", "a b", ".hidden", "a/.b", "a\0b", "ä"]
)
def test_a_key_cannot_leave_the_place(any_place, key):
    with pytest.raises(InternalError):
        any_place.put(key, [b"x"])
    with pytest.raises(InternalError):
        any_place.stat(key)
