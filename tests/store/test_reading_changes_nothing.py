"""Values of many kinds: what was loaded and read is the same artifact, whatever was changed is another."""

import copyreg
import tempfile
from collections.abc import Callable

import numpy
import pandas
import polars
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from headwater.store.artifacts import ArtifactStore
from headwater.store.place_disk import DiskPlace
from tests.store.stored_files import files_below

ROWS = numpy.random.default_rng(0).random((5000, 30))
CLASSES = (ROWS[:, 0] > 0.5).astype(int)
TEXTS = [f"word{number % 17} other{number % 31}" for number in range(300)]

MODELS = {
    "neighbours": KNeighborsClassifier(),
    "neighbours by kd tree": KNeighborsClassifier(algorithm="kd_tree"),
    "neighbours by ball tree": KNeighborsRegressor(algorithm="ball_tree"),
    "forest": RandomForestClassifier(5),
    "boosting": GradientBoostingClassifier(n_estimators=3),
    "boosting by histograms": HistGradientBoostingClassifier(max_iter=3),
    "regression": LogisticRegression(),
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
    "vectors": SVC(),
    "clusters": KMeans(3, n_init=1),
    "scaler": StandardScaler(),
}


class Own:
    """A user's object with memory of its own and a view of it."""

    def __init__(self, numbers: numpy.ndarray) -> None:
        self.numbers = numbers
        self.column = numbers[:, 0]
        self.name = "own"


def is_unchanged_after(make: Callable[[], object], use: Callable[[object], object]) -> bool:
    """Save, load in a store that knows nothing, use, save: twice. Says whether both times nothing was written."""
    with tempfile.TemporaryDirectory() as folder:
        ref = ArtifactStore(DiskPlace(folder)).save("x", make(), may_be_small=False).ref
        files = files_below(folder)
        answers = []
        for _ in range(2):
            store = ArtifactStore(DiskPlace(folder))
            loaded = store.load(ref)
            use(loaded)
            saved = store.save("x", loaded, before=ref, may_be_small=False)
            answers.append(saved.is_unchanged and saved.ref == ref and files_below(folder) == files)
        assert answers[0] == answers[1]
        return answers[0]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_was_only_asked_is_the_same(name):
    ask = "transform" if name == "scaler" else "predict"

    assert is_unchanged_after(lambda: MODELS[name].fit(ROWS, CLASSES), lambda model: getattr(model, ask)(ROWS[:20]))


def test_a_model_of_texts_that_was_only_asked_is_the_same():
    labels = [number % 2 for number in range(len(TEXTS))]

    def make() -> object:
        return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, labels)

    assert is_unchanged_after(make, lambda model: model.predict(TEXTS[:5]))


@pytest.mark.parametrize("name", MODELS)
def test_a_model_with_another_attribute_is_another(name):
    assert not is_unchanged_after(
        lambda: MODELS[name].fit(ROWS, CLASSES), lambda model: setattr(model, "note", "changed")
    )


@pytest.mark.parametrize("name", ["neighbours by kd tree", "neighbours by ball tree"])
def test_a_search_tree_comes_back_with_its_points(store, name):
    model = MODELS[name].fit(ROWS, CLASSES)
    saved = store.save("x", model, may_be_small=False)

    assert (store.load(saved.ref).predict(ROWS[:50]) == model.predict(ROWS[:50])).all()


def frame() -> pandas.DataFrame:
    count = 40_000
    made = pandas.DataFrame(
        {
            "number": numpy.arange(count) / 7,
            "text": [f"text {number % 50}" for number in range(count)],
            "kind": pandas.Categorical(["red", "green"] * (count // 2)),
            "time": pandas.date_range("2020-01-01", periods=count, freq="s", tz="UTC"),
            "maybe": pandas.array([None, 2] * (count // 2), dtype="Int64"),
        }
    )
    made["later"] = made["number"] * 2  # a column of its own in memory
    return made


def look_at(seen: pandas.DataFrame) -> None:
    seen.describe()
    seen.groupby("kind", observed=True)["number"].sum()
    seen["text"].str.upper()
    seen.sort_values("later").to_numpy()
    repr(seen)


FRAME_CHANGES: dict[str, Callable[[pandas.DataFrame], object]] = {
    "number": lambda frame: frame.__setitem__("number", frame["number"].where(frame.index != 5, -1.0)),
    "text": lambda frame: frame.loc.__setitem__((7, "text"), "changed"),
    "kind": lambda frame: frame.loc.__setitem__((0, "kind"), "green"),
    "time": lambda frame: frame.loc.__setitem__((3, "time"), pandas.Timestamp("2001-01-01", tz="UTC")),
    "missing": lambda frame: frame.loc.__setitem__((1, "maybe"), pandas.NA),
    "order": lambda frame: frame.insert(0, "later", frame.pop("later")),
    "attributes": lambda frame: frame.attrs.__setitem__("source", "x"),
}


def test_a_frame_of_many_types_that_was_only_read_is_the_same():
    assert is_unchanged_after(frame, look_at)


@pytest.mark.parametrize("change", FRAME_CHANGES)
def test_a_frame_of_many_types_with_one_change_is_another(change):
    assert not is_unchanged_after(frame, FRAME_CHANGES[change])


@pytest.mark.parametrize("library", [polars.DataFrame, pyarrow.table])
def test_a_table_that_was_only_read_is_the_same(library):
    def make() -> object:
        return library({"a": numpy.arange(200_000.0), "s": ["x", "y"] * 100_000})

    assert is_unchanged_after(make, lambda table: (table["a"], repr(table)))


def test_a_polars_frame_with_one_element_changed_is_another():
    assert not is_unchanged_after(
        lambda: polars.DataFrame({"a": numpy.arange(200_000.0)}), lambda table: table.__setitem__((7, "a"), -1.0)
    )


def test_an_arrow_table_inside_of_something_is_the_same():
    assert is_unchanged_after(lambda: [pyarrow.table({"a": numpy.arange(200_000.0)})], repr)


def test_an_array_of_a_class_of_its_own_that_was_a_view_is_the_same():
    records = numpy.rec.fromarrays([numpy.arange(400_000.0)], names="a")

    assert is_unchanged_after(lambda: records[::2], lambda loaded: loaded.a.sum())


def array_of(dtype: str, shape: tuple[int, ...], layout: str) -> numpy.ndarray:
    numbers = numpy.arange(int(numpy.prod(shape)), dtype="int64").reshape(shape).astype(dtype)
    if layout == "F":
        return numpy.asfortranarray(numbers)
    if layout == "turned":
        return numbers.transpose(numpy.roll(range(numbers.ndim), 1))
    return numbers[::-2] if layout == "strided" else numbers


arrays = st.builds(
    array_of,
    st.sampled_from(["float64", "int32", "bool", "complex64", "datetime64[s]", "U3"]),
    st.sampled_from([(7,), (600, 9), (40, 30, 150), (200_000, 2)]),
    st.sampled_from(["C", "F", "turned", "strided"]),
)
owners = st.builds(Own, arrays.filter(lambda array: array.ndim > 1))
values = st.one_of(
    arrays,
    owners,
    st.dictionaries(st.text(max_size=3), st.one_of(arrays, owners, st.integers()), min_size=1, max_size=3),
    st.lists(arrays, min_size=1, max_size=3).map(tuple),
)


def first_array(value: object) -> numpy.ndarray | None:
    if isinstance(value, numpy.ndarray):
        return value if value.size else None
    parts = vars(value).values() if isinstance(value, Own) else value
    parts = parts.values() if isinstance(parts, dict) else parts
    found = (first_array(part) for part in parts if not isinstance(part, int | str))
    return next((array for array in found if array is not None), None)


@settings(deadline=None, max_examples=60)
@given(values)
def test_whatever_holds_arrays_is_the_same_when_it_was_only_read(value):
    assert is_unchanged_after(lambda: value, lambda loaded: repr(first_array(loaded)))


@settings(deadline=None, max_examples=40)
@given(values, st.floats(0, 1, exclude_max=True))
def test_whatever_holds_arrays_is_another_when_one_element_has_changed(value, where):
    def change(loaded: object) -> None:
        array = first_array(loaded)
        assert array is not None
        place = numpy.unravel_index(int(where * array.size), array.shape)
        array[place] = other_than(array[place])

    if first_array(value) is not None:
        assert not is_unchanged_after(lambda: value, change)


def other_than(element: numpy.generic) -> object:
    if element.dtype.kind == "b":
        return not element
    return "?" if element.dtype.kind == "U" else element + 1


def test_views_and_times_are_taken_out_of_band(store):
    numbers = numpy.arange(1 << 19, dtype="float64")
    value = {
        "view": numbers[::2],
        "turned": numbers.reshape(64, 64, -1).transpose(1, 0, 2),
        "times": numbers.astype("datetime64[s]"),
        "column": pandas.Series(numbers.astype("timedelta64[s]")),
    }
    saved = store.save("x", value, may_be_small=False)
    loaded = store.load(saved.ref)

    assert store.objects.read_root(saved.ref.digest).payload.nbytes < 4096
    assert all((loaded[name] == value[name]).all() for name in value)
    assert loaded["times"].dtype == "datetime64[s]"
    assert loaded["column"].dtype == "timedelta64[s]"


def test_a_reduction_that_somebody_registered_goes_before(store, monkeypatch):
    monkeypatch.setitem(copyreg.dispatch_table, numpy.ndarray, lambda array: (tuple, ([1, 2],)))
    saved = store.save("x", {"array": numpy.zeros(3)})

    assert store.load(saved.ref, saved.small) == {"array": (1, 2)}
