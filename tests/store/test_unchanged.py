"""What was loaded and only read is not written, and mostly not even looked at."""

import os

import numpy
import pandas
import polars
import pytest
from sklearn.ensemble import RandomForestClassifier

from headwater.store import artifacts, clean_pages
from headwater.store.artifacts import ArtifactStore
from headwater.store.place_disk import DiskPlace
from headwater.store.place_memory import MemoryPlace
from tests.store.stored_files import files_below

MIB = 1 << 20


@pytest.fixture
def hashed(monkeypatch) -> list[int]:
    """Sizes of the buffers that are hashed to save them."""
    sizes: list[int] = []
    hash_bytes = artifacts.hash_bytes

    def noted(*parts: memoryview) -> str:
        sizes.append(sum(memoryview(part).nbytes for part in parts))
        return hash_bytes(*parts)

    monkeypatch.setattr(artifacts, "hash_bytes", noted)
    return sizes


def mixed_frame() -> pandas.DataFrame:
    numbers = numpy.arange(2 * MIB, dtype="float64")
    return pandas.DataFrame({"a": numbers, "s": ["x", "y"] * MIB, "b": numbers[::-1].copy()})


def test_an_array_that_was_only_read_is_neither_hashed_nor_written(store, place, hashed):
    ref = store.save("x", numpy.arange(4.0 * MIB)).ref
    loaded = store.load(ref, store.save("x", numpy.arange(4.0 * MIB)).small)
    files = {path: os.stat(path).st_mtime_ns for path in files_below(place.root)}
    hashed.clear()
    loaded.sum()
    saved = store.save("x", loaded, before=ref)

    assert saved.is_unchanged
    assert saved.ref is ref
    assert hashed == []
    assert {path: os.stat(path).st_mtime_ns for path in files_below(place.root)} == files


def test_one_changed_element_is_seen(store):
    first = store.save("x", numpy.arange(4.0 * MIB))
    loaded = store.load(first.ref, first.small)
    loaded[3 * MIB] = -1
    saved = store.save("x", loaded, before=first.ref)

    assert not saved.is_unchanged
    assert store.load(saved.ref, saved.small)[3 * MIB] == -1
    assert store.load(first.ref, first.small)[3 * MIB] == 3 * MIB


def test_an_element_that_was_changed_and_changed_back_counts_as_unchanged(store):
    first = store.save("x", numpy.arange(4.0 * MIB))
    loaded = store.load(first.ref, first.small)
    loaded[5] = -1
    loaded[5] = 5

    assert store.save("x", loaded, before=first.ref).is_unchanged


def test_a_view_of_a_part_is_another_value(store):
    first = store.save("x", numpy.arange(4.0 * MIB))
    loaded = store.load(first.ref, first.small)
    saved = store.save("x", loaded[MIB:], before=first.ref)

    assert not saved.is_unchanged
    assert store.load(saved.ref, saved.small)[0] == MIB


def test_an_array_reshaped_in_place_is_another_value_whose_bytes_are_not_hashed_again(store, hashed):
    first = store.save("x", numpy.arange(4.0 * MIB))
    loaded = store.load(first.ref, first.small)
    hashed.clear()
    saved = store.save("x", loaded.reshape(2, -1), before=first.ref)

    assert not saved.is_unchanged
    assert saved.ref.buffers == first.ref.buffers
    assert hashed == []


def test_a_frame_that_was_only_read_is_not_written(store, place, hashed):
    first = store.save("x", mixed_frame(), may_be_small=False)
    loaded = store.load(first.ref)
    files = files_below(place.root)
    hashed.clear()
    loaded.describe()
    loaded.groupby("s").a.sum()
    saved = store.save("x", loaded, before=first.ref)

    assert saved.is_unchanged
    assert files_below(place.root) == files
    assert max(hashed, default=0) < 64 * MIB  # text columns at most; no column of numbers


@pytest.mark.parametrize("change", ["cell", "column", "name", "index"])
def test_any_change_of_a_frame_is_seen(store, change):
    first = store.save("x", mixed_frame(), may_be_small=False)
    loaded = store.load(first.ref)
    if change == "cell":
        loaded.loc[7, "a"] = -1
    elif change == "column":
        loaded["c"] = 1
    elif change == "name":
        loaded.columns = ["a", "s", "z"]
    else:
        loaded.index = loaded.index + 1
    saved = store.save("x", loaded, before=first.ref, may_be_small=False)

    assert not saved.is_unchanged
    assert store.load(saved.ref).equals(loaded)


def test_a_model_that_only_predicted_is_not_written(store, place):
    inputs = numpy.random.default_rng(0).random((300, 4))
    model = RandomForestClassifier(30, random_state=0).fit(inputs, inputs[:, 0] > 0.5)
    first = store.save("model", model, may_be_small=False)
    loaded = store.load(first.ref)
    files = files_below(place.root)
    loaded.predict(inputs)
    saved = store.save("model", loaded, before=first.ref)

    assert saved.is_unchanged
    assert files_below(place.root) == files


class Unstable:
    """Pickles differently once it has been loaded, and from then on stably."""

    def __init__(self) -> None:
        self.loads = 0
        self.text = "x" * 10

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self.loads = 1


def test_a_value_that_pickles_differently_after_loading_counts_as_unchanged(store):
    first = store.save("x", Unstable(), may_be_small=False)
    loaded = store.load(first.ref)

    assert store.digest_of("x", loaded) != first.ref.digest
    assert store.save("x", loaded, before=first.ref).is_unchanged
    loaded.text = "changed"
    assert not store.save("x", loaded, before=first.ref).is_unchanged


def test_a_polars_frame_that_was_only_read_is_not_written(store, place):
    first = store.save("x", polars.DataFrame({"a": range(MIB), "b": ["text"] * MIB}), may_be_small=False)
    loaded = store.load(first.ref)
    files = files_below(place.root)
    loaded["a"].sum()

    assert store.save("x", loaded, before=first.ref).is_unchanged
    assert files_below(place.root) == files


def test_items_that_were_only_read_are_not_written(store, place):
    first = store.save_items("x", [{"a": number} for number in range(500)], may_be_small=False)
    loaded = store.load(first.ref)
    files = files_below(place.root)

    assert store.save("x", loaded, before=first.ref).is_unchanged
    assert files_below(place.root) == files
    loaded[3]["a"] = 7
    assert not store.save("x", loaded, before=first.ref).is_unchanged


def test_a_new_store_over_the_same_place_knows_no_pages_and_still_writes_nothing(store, place, hashed):
    first = store.save("x", numpy.arange(4.0 * MIB))
    other = ArtifactStore(DiskPlace(place.root))
    loaded = other.load(first.ref, first.small)
    hashed.clear()
    saved = store.save("x", loaded, before=first.ref)

    assert saved.is_unchanged
    assert hashed == [32 * MIB]


def test_a_place_that_cannot_map_compares_by_digest():
    store = ArtifactStore(MemoryPlace())
    first = store.save("x", numpy.arange(4.0 * MIB))
    loaded = store.load(first.ref, first.small)

    assert store.save("x", loaded, before=first.ref).is_unchanged
    loaded[0] = 1
    assert not store.save("x", loaded, before=first.ref).is_unchanged


def test_nothing_counts_as_clean_when_the_kernel_does_not_say(store, hashed, monkeypatch):
    first = store.save("x", numpy.arange(4.0 * MIB))
    loaded = store.load(first.ref, first.small)
    hashed.clear()
    real_open = os.open

    def without_pagemap(path: str, *rest: int, **named: int) -> int:
        if path == "/proc/self/pagemap":
            raise PermissionError(path)
        return real_open(path, *rest, **named)

    monkeypatch.setattr(os, "open", without_pagemap)

    assert store.save("x", loaded, before=first.ref).is_unchanged
    assert hashed == [32 * MIB]


def test_memory_that_was_freed_and_used_anew_is_not_taken_for_the_old_object(store):
    first = store.save("x", numpy.zeros(4 * MIB))
    loaded = store.load(first.ref, first.small)
    del loaded
    second = store.save("y", numpy.ones(4 * MIB))
    other = store.load(second.ref, second.small)

    assert not store.save("x", other, before=first.ref).is_unchanged
    assert store.save("y", other, before=second.ref).is_unchanged


def test_a_buffer_whose_object_has_gone_is_written_again(store, place):
    first = store.save("x", numpy.zeros(4 * MIB))
    loaded = store.load(first.ref, first.small)
    for path in files_below(place.root):
        os.unlink(path)
    saved = store.save("y", loaded)

    assert store.load(saved.ref, saved.small).sum() == 0


def test_every_written_page_is_seen(store):
    first = store.save("x", numpy.zeros(MIB // 8))
    for page in range(0, MIB, 64 * 1024):
        loaded = store.load(first.ref, first.small)
        view = memoryview(loaded).cast("B")
        assert clean_pages._is_clean(loaded.ctypes.data, loaded.nbytes)
        view[page] = 1
        assert not clean_pages._is_clean(loaded.ctypes.data, loaded.nbytes)


def test_another_file_mapped_at_the_address_of_a_freed_object_is_not_taken_for_it(store, tmp_path):
    saved = store.save("x", numpy.zeros(4 * MIB))
    numpy.ones(4 * MIB).tofile(tmp_path / "ones")
    loaded = store.load(saved.ref, saved.small)
    address = loaded.ctypes.data
    del loaded
    other = numpy.memmap(tmp_path / "ones", mode="c")
    if other.ctypes.data != address:
        pytest.skip("the kernel chose another address")

    assert store.digest_of("y", numpy.asarray(other).view(float)) == store.digest_of("y", numpy.ones(4 * MIB))
