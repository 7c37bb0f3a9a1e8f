import datetime
import decimal
import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy
import pandas
import polars
import pyarrow
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from headwater.model.artifact import Ref
from headwater.model.errors import ArtifactDamaged, ArtifactMissing, FormatUnknown
from headwater.store.artifacts import ArtifactStore
from headwater.store.framing import root_digest
from headwater.store.keys import object_key
from headwater.store.place_disk import DiskPlace
from headwater.store.place_memory import MemoryPlace
from tests.store.stored_files import files_below

MIB = 1 << 20


class Point:
    def __init__(self, x: float) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and other.x == self.x


def memory_maps() -> list[str]:
    return Path("/proc/self/maps").read_text().splitlines()


def there_and_back(store: ArtifactStore, value: object) -> tuple[Ref, object]:
    saved = store.save("value", value)
    return saved.ref, store.load(saved.ref, saved.small)


@pytest.mark.parametrize(
    ("value", "codec", "type_"),
    [
        (1, "json/1", "int"),
        (-(1 << 63), "json/1", "int"),
        (1 << 63, "pickle/1", "int"),
        (10**400, "pickle/1", "int"),
        (True, "json/1", "bool"),
        (None, "json/1", "NoneType"),
        (0.1, "json/1", "float"),
        (-0.0, "json/1", "float"),
        (float("inf"), "pickle/1", "float"),
        ("äöü \0", "json/1", "str"),
        ("\ud800", "pickle/1", "str"),
        ([1, {"a": [2.5, None]}], "json/1", "list"),
        ({"b": 1, "a": 2}, "json/1", "dict"),
        ({1: 2}, "pickle/1", "dict"),
        ((1, 2), "pickle/1", "tuple"),
        ([(1, 2)], "pickle/1", "list"),
        ({1, 2}, "pickle/1", "set"),
        (b"bytes", "pickle/1", "bytes"),
        (datetime.date(2025, 3, 1), "pickle/1", "datetime.date"),
        (decimal.Decimal("1.5"), "pickle/1", "decimal.Decimal"),
        (Point(3), "pickle/1", f"{__name__}.Point"),
        (Point, "pickle/1", "type"),
    ],
)
def test_a_value_comes_back_equal_and_of_its_type(store, value, codec, type_):
    ref, loaded = there_and_back(store, value)

    assert loaded == value
    assert type(loaded) is type(value)
    assert (ref.codec, ref.type) == (codec, type_)


def test_an_order_of_keys_is_kept(store):
    assert list(there_and_back(store, {"b": 1, "a": 2})[1]) == ["b", "a"]


def test_nan_comes_back_as_nan(store):
    loaded = there_and_back(store, [float("nan")])[1]

    assert loaded[0] != loaded[0]


def test_a_subclass_of_a_plain_type_stays_one(store):
    value = numpy.str_("text")

    assert type(there_and_back(store, value)[1]) is numpy.str_


def test_one_list_contained_twice_stays_one(store):
    inner = [1]
    loaded = there_and_back(store, [inner, inner])[1]

    assert loaded[0] is loaded[1]


def test_a_value_that_contains_itself_comes_back(store):
    value: list[object] = [1]
    value.append(value)
    loaded = there_and_back(store, value)[1]

    assert loaded[1] is loaded


def test_a_value_nested_deeper_than_the_interpreter_recurses_comes_back(store):
    limit = sys.getrecursionlimit()
    value: list[object] = []
    for _ in range(20_000):
        value = [value]
    loaded = there_and_back(store, value)[1]
    depth = 0
    while loaded:
        loaded, depth = loaded[0], depth + 1

    assert depth == 20_000
    assert sys.getrecursionlimit() == limit


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=5) | st.dictionaries(st.text(), children, max_size=5),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(json_values)
def test_any_plain_value_comes_back_as_pickle_would_give_it(value):
    loaded = there_and_back(ArtifactStore(MemoryPlace()), value)[1]

    assert loaded == value
    assert repr(loaded) == repr(value)


ARRAYS = [
    numpy.arange(12, dtype="int8"),
    numpy.arange(12.0).reshape(3, 4),
    numpy.asfortranarray(numpy.arange(12.0).reshape(3, 4)),
    numpy.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2),
    numpy.arange(20)[::3],
    numpy.array(5),
    numpy.zeros((0, 3)),
    numpy.array([], dtype="<U3"),
    numpy.array(["a", "bcd"]),
    numpy.array([b"a", b"bcd"]),
    numpy.array([True, False]),
    numpy.array([1 + 2j]),
    numpy.array(["2025-01-01", "NaT"], dtype="datetime64[D]"),
    numpy.arange(3, dtype=">i4"),
    numpy.array([(1, 2.5, "x")], dtype=[("a", "i4"), ("b", "f8", ()), ("c", "U1")]),
    numpy.zeros(2, dtype=[("nested", [("x", "f4", (2, 2))]), ("y", "u1")]),
    numpy.zeros(2, dtype=numpy.dtype({"names": ["a", "b"], "formats": ["u1", "f8"], "offsets": [0, 16]})),
    numpy.float64(2.5),
    numpy.array([Point(1), None], dtype=object),
    numpy.ma.masked_array([1, 2], [True, False]),
]


@pytest.mark.parametrize("value", ARRAYS, ids=lambda value: f"{getattr(value, 'dtype', '')}-{value.shape}")
def test_an_array_comes_back_with_type_shape_and_order(store, value):
    loaded = there_and_back(store, value)[1]

    assert type(loaded) is type(value)
    assert loaded.dtype == value.dtype
    assert loaded.shape == value.shape
    assert value.dtype.hasobject or loaded.tobytes() == value.tobytes()
    assert not value.dtype.hasobject or loaded.tolist() == value.tolist()
    assert loaded.flags.c_contiguous == value.flags.c_contiguous or not value.flags.forc
    assert loaded.flags.f_contiguous == value.flags.f_contiguous or not value.flags.forc


@pytest.mark.parametrize("size", [10, MIB])
def test_a_loaded_array_may_be_changed_without_touching_the_store(store, size):
    saved = store.save("x", numpy.zeros(size))
    loaded = store.load(saved.ref, saved.small)
    loaded[:] = 7

    assert store.load(saved.ref, saved.small).sum() == 0
    assert loaded.flags.writeable


def test_a_large_array_is_one_raw_object_and_a_small_root(store, place):
    value = numpy.random.default_rng(1).random(MIB)
    saved = store.save("x", value)

    [digest] = saved.ref.buffers
    assert digest == blake3(value.tobytes()).hexdigest()
    assert place.get(object_key(digest)) == value.tobytes()
    assert saved.ref.is_small
    assert 0 < saved.ref.size - value.nbytes < 200


def test_a_large_array_is_mapped_and_not_read(store):
    saved = store.save("x", numpy.zeros(8 * MIB))
    loaded = store.load(saved.ref, saved.small)
    address = loaded.ctypes.data
    [line] = [line for line in memory_maps() if int(line.split("-")[0], 16) == address]

    assert line.endswith(saved.ref.buffers[0])
    assert loaded.ctypes.data % 4096 == 0


FRAMES = [
    pandas.DataFrame({"n": [1, 2], "s": ["x", None], "t": pandas.to_datetime(["2025-01-01", None])}),
    pandas.DataFrame({"c": pandas.Categorical(["a", "b", "a"])}, index=[5, 6, 7]),
    pandas.DataFrame(),
    pandas.Series([1.5, 2.5], name="q"),
    pandas.DataFrame([[1, 2]], columns=pandas.MultiIndex.from_tuples([("a", "x"), ("a", "y")])),
]


@pytest.mark.parametrize("value", FRAMES, ids=range(len(FRAMES)))
def test_a_pandas_object_comes_back_equal(store, value):
    ref, loaded = there_and_back(store, value)

    assert loaded.equals(value)
    assert type(loaded) is type(value)
    assert ref.type == f"pandas.{type(value).__name__}"


def test_the_numbers_of_a_large_pandas_frame_are_mapped(store):
    value = pandas.DataFrame({"a": numpy.arange(MIB), "b": numpy.arange(MIB) / 2})
    saved = store.save("x", value)
    loaded = store.load(saved.ref, saved.small)
    loaded.iloc[0, 0] = 99

    assert len(saved.ref.buffers) == 2
    assert any(saved.ref.buffers[0] in line for line in memory_maps())
    assert store.load(saved.ref, saved.small).equals(value)


POLARS = [
    polars.DataFrame({"a": [1, None], "b": ["x", "y"], "l": [[1], []], "d": [datetime.date(2025, 1, 1), None]}),
    polars.DataFrame({"e": polars.Series(["a", "b"], dtype=polars.Enum(["a", "b"]))}),
    polars.DataFrame({"c": polars.Series(["a", "b"], dtype=polars.Categorical)}),
    polars.DataFrame({"big": polars.Series([1, 2], dtype=polars.Int128)}),
    polars.DataFrame(),
    polars.Series("s", [1.5, None]),
]


@pytest.mark.parametrize("value", POLARS, ids=range(len(POLARS)))
def test_a_polars_object_comes_back_equal(store, value):
    ref, loaded = there_and_back(store, value)

    assert type(loaded) is type(value)
    assert loaded.equals(value, null_equal=True)
    assert getattr(loaded, "schema", loaded.name if ref.type.endswith("Series") else None) == getattr(
        value, "schema", value.name if ref.type.endswith("Series") else None
    )
    assert ref.codec == "polars/1"


ARROW = [
    pyarrow.table({"a": [1, None], "b": ["x", "y"]}),
    pyarrow.table({"a": pyarrow.chunked_array([[1], [2, 3]])}).replace_schema_metadata({"who": "me"}),
    pyarrow.table({}),
    pyarrow.record_batch({"a": [1, 2]}),
    pyarrow.record_batch({"a": pyarrow.array([], pyarrow.int8())}),
    pyarrow.table({"d": pyarrow.array(["x", "y", "x"]).dictionary_encode()}),
]


@pytest.mark.parametrize("value", ARROW, ids=range(len(ARROW)))
def test_an_arrow_object_comes_back_equal(store, value):
    ref, loaded = there_and_back(store, value)

    assert type(loaded) is type(value)
    assert loaded.equals(value, check_metadata=True)
    assert ref.codec == "arrow/1"


def test_a_large_arrow_table_is_mapped(store):
    before = pyarrow.total_allocated_bytes()
    saved = store.save("x", pyarrow.table({"a": numpy.arange(4 * MIB)}))
    loaded = store.load(saved.ref, saved.small)

    assert loaded["a"][5].as_py() == 5
    assert pyarrow.total_allocated_bytes() - before < MIB


def test_a_fitted_estimator_comes_back(store):
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    loaded = there_and_back(store, model)[1]

    assert loaded.predict([[0.0], [1.0]]).tolist() == [0, 1]


def test_equal_values_have_one_digest_and_others_another(store):
    for value, equal, other in [
        (1, 1, 2),
        (1, 1, 1.0),
        (1, 1, True),
        (numpy.arange(3), numpy.arange(3), numpy.arange(3.0)),
        (numpy.zeros((2, 3)), numpy.zeros((2, 3)), numpy.zeros((3, 2))),
        (numpy.zeros(MIB), numpy.zeros(MIB), numpy.ones(MIB)),
    ]:
        digest = store.save("x", value).ref.digest
        assert store.save("y", equal).ref.digest == digest
        assert store.save("z", other).ref.digest != digest
        assert store.digest_of("x", value) == digest


def test_a_small_value_costs_no_file(store, place):
    saved = store.save("x", 1)

    assert saved.small is not None
    assert saved.ref.is_small
    assert files_below(place.root) == []


def test_small_values_beyond_the_budget_become_objects(store, place):
    saved = store.save_many({f"x{number}": f"{number:0100}" for number in range(10)}, small_budget=500)
    small = {name: each.small for name, each in saved.items() if each.small is not None}

    assert 0 < len(small) < 10
    assert sum(len(payload) for payload in small.values()) <= 500
    assert len(files_below(place.root)) == 10 - len(small)
    for number, each in enumerate(saved.values()):
        assert each.ref.is_small == (each.small is not None)
        assert store.load(each.ref, each.small) == f"{number:0100}"


def test_a_value_of_more_than_four_kib_becomes_an_object(store, place):
    saved = store.save("x", os.urandom(5000))

    assert saved.small is None
    assert files_below(place.root) == [place.path(object_key(saved.ref.digest))]


def test_all_artifacts_of_an_attempt_are_flushed_together(store, place, monkeypatch):
    put_many, batches = place.put_many, []
    monkeypatch.setattr(place, "put_many", lambda items: batches.append(1) or put_many(items))
    store.save_many({"a": os.urandom(5000), "b": numpy.random.random(MIB), "c": os.urandom(6000)})

    assert len(batches) == 1


def test_nothing_is_written_when_one_of_many_cannot_be_stored(store, place):
    with pytest.raises(Exception, match="bad"):
        store.save_many({"good": os.urandom(5000), "bad": lambda: 1})

    assert files_below(place.root) == []


def test_small_payloads_are_asked_for_by_digest(place):
    kept: dict[str, bytes] = {}
    store = ArtifactStore(place, lambda digests: {digest: kept[digest] for digest in digests if digest in kept})
    saved = store.save("x", [1, 2])
    kept[saved.ref.digest] = saved.small

    assert store.load(saved.ref) == [1, 2]
    kept.clear()
    with pytest.raises(ArtifactMissing):
        store.load(saved.ref)


def test_a_changed_small_payload_is_refused(store):
    saved = store.save("x", "text")

    with pytest.raises(ArtifactDamaged):
        store.load(saved.ref, saved.small.replace(b"text", b"tixt"))


def test_a_codec_of_a_newer_version_is_refused(store):
    saved = store.save("x", 1)
    newer = saved.small.replace(b"json/1", b"json/9")
    digest = root_digest("json/9", [b"\x001"])
    with pytest.raises(FormatUnknown, match="json/9"):
        store.load(Ref(digest=digest, codec="json/9", type="int", size=2, is_small=True), newer)


def test_a_class_that_is_gone_says_which_artifact_needs_it(store, monkeypatch):
    saved = store.save("x", Point(1))
    monkeypatch.delattr(sys.modules[__name__], "Point")

    with pytest.raises(AttributeError) as caught:
        store.load(saved.ref, saved.small)
    assert saved.ref.digest in caught.value.__notes__[0]


def test_what_the_main_module_defines_loads_in_a_process_that_imports_it(tmp_path):
    (tmp_path / "churn.py").write_text(
        textwrap.dedent(
            """
            import sys
            from headwater.store.artifacts import ArtifactStore
            from headwater.store.place_disk import DiskPlace

            class Model:
                class Part:
                    pass
                def __init__(self):
                    self.part = Model.Part()

            def score():
                return 42

            if __name__ == "__main__":
                store = ArtifactStore(DiskPlace(sys.argv[1]), main_module="churn")
                saved = store.save("x", {"m": Model(), "c": Model, "f": score}, may_be_small=False)
                print(saved.ref.digest, store.save("y", Model()).ref.type)
            """
        )
    )
    place = tmp_path / "objects"
    ran = subprocess.run(
        [sys.executable, "churn.py", str(place)], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    sys.path.insert(0, str(tmp_path))
    try:
        digest, type_name = ran.stdout.split()
        ref = Ref(digest=digest, codec="pickle/1", type="dict", size=0)
        loaded = ArtifactStore(DiskPlace(str(place))).load(ref)
        import churn
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("churn", None)

    assert type(loaded["m"]) is churn.Model is loaded["c"]
    assert type(loaded["m"].part) is churn.Model.Part
    assert loaded["f"]() == 42
    assert type_name == "churn.Model"


def test_a_subclass_of_an_array_is_pickled_whole(store):
    value = numpy.ma.masked_array(numpy.arange(5), numpy.arange(5) > 2)
    loaded = there_and_back(store, value)[1]

    assert pickle.dumps(loaded.mask.tolist()) == pickle.dumps(value.mask.tolist())
