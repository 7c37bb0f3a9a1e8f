import os

import numpy
import pytest

from headwater.model.errors import ArtifactDamaged, ArtifactNotStorable
from headwater.store.keys import object_key
from tests.store.stored_files import flip_byte

MIB = 1 << 20


def test_each_item_comes_back_alone_and_all_together(store):
    values = [1, "two", None, {"three": 3}, (4, 5), numpy.arange(6), [float("nan")]]
    saved = store.save_items("items", values)

    assert saved.ref.items == 7
    for index, value in enumerate(values):
        assert repr(store.load_item(saved.ref, index, saved.small)) == repr(value)
    assert repr(store.load(saved.ref, saved.small)) == repr(values)


def test_any_iterable_is_gone_through_once(store):
    saved = store.save_items("items", (number * 2 for number in range(3)))

    assert store.load(saved.ref, saved.small) == [0, 2, 4]


def test_no_items_is_a_list_of_none(store):
    saved = store.save_items("items", [])

    assert saved.ref.items == 0
    assert store.load(saved.ref, saved.small) == []


@pytest.mark.parametrize("index", [-1, 3, 1000])
def test_an_item_that_is_not_there_is_an_index_error(store, index):
    saved = store.save_items("items", "abc")

    with pytest.raises(IndexError):
        store.load_item(saved.ref, index, saved.small)


def test_few_items_ride_along(store, place):
    saved = store.save_items("items", [1, 2, 3])

    assert saved.ref.is_small
    assert not os.path.exists(place.root)


def test_ten_thousand_integers_are_few_bytes_each_and_need_no_decompressing(store, place):
    saved = store.save_items("items", range(10_000))

    assert saved.ref.items == 10_000
    assert store.load_item(saved.ref, 9_999) == 9_999
    assert saved.ref.size <= os.path.getsize(place.path(object_key(saved.ref.digest))) < 20 * 10_000


def test_large_items_share_one_pack_and_are_mapped(store):
    values = [numpy.full(MIB // 8, number, dtype=float) for number in range(5)]
    saved = store.save_items("items", values)
    item = store.load_item(saved.ref, 3, saved.small)
    item[0] = 99

    assert len(saved.ref.buffers) == 1
    assert saved.ref.size > 5 * MIB
    assert item.ctypes.data % 64 == 0
    assert item[1] == 3
    assert store.load_item(saved.ref, 3, saved.small)[0] == 3


def test_many_large_texts_are_read_in_place(store, place):
    values = [f"{number:06}" * 2000 for number in range(200)]
    saved = store.save_items("items", values)

    assert saved.ref.size > 2 * MIB
    assert store.load_item(saved.ref, 150, saved.small) == values[150]
    assert os.path.getsize(place.path(object_key(saved.ref.digest))) >= saved.ref.size  # not compressed


def test_a_damaged_pack_is_named(store, place):
    saved = store.save_items("items", [numpy.zeros(MIB), numpy.ones(MIB)])
    flip_byte(place.path(object_key(saved.ref.buffers[0])), 5)

    with pytest.raises(ArtifactDamaged) as caught:
        store.load_item(saved.ref, 1, saved.small)
    assert caught.value.digest == saved.ref.buffers[0]


def test_an_item_that_cannot_be_stored_is_named_with_its_index(store):
    with pytest.raises(ArtifactNotStorable) as caught:
        store.save_items("files", [1, {"handler": lambda: 1}])

    assert caught.value.attribute == "files"
    assert caught.value.path == "[1]['handler']"


def test_equal_items_have_one_digest(store):
    assert store.save_items("a", [1, 2]).ref.digest == store.save_items("b", (1, 2)).ref.digest
    assert store.save_items("a", [1, 2]).ref.digest != store.save_items("b", [2, 1]).ref.digest


def test_the_header_shows_the_first_items(store):
    header = store.save_items("items", range(100)).header

    assert header.shape == (100,)
    assert header.preview == {"count": 100, "first": [0, 1, 2, 3, 4]}
