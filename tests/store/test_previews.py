import base64
import datetime
import io
import os
import subprocess
import sys

import msgspec
import numpy
import pandas
import polars
import pyarrow
import pytest
from matplotlib.figure import Figure
from PIL import Image
from sklearn.linear_model import LogisticRegression

from headwater.store.preview import describe


class Hostile:
    """Whatever a listing would ask it, it refuses."""

    def __init__(self) -> None:
        self.number = 5

    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __hash__ = __len__ = __iter__ = __eq__ = __bool__ = __repr__


class Endless:
    def __repr__(self) -> str:
        while True:
            pass


def test_a_plain_value_shows_as_it_is_written():
    assert describe(42).preview == "42"
    assert describe(True).preview == "True"
    assert describe(None).preview == "None"
    assert describe("hello").preview == "hello"
    assert describe(datetime.date(2025, 3, 1)).preview == "datetime.date(2025, 3, 1)"


@pytest.mark.parametrize(
    "value",
    [
        10**10_000,
        "x" * 10**6,
        "\ud800",
        {"\ud800": "\udfff"},
        b"x" * 10**6,
        [[[[[[[[1]]]]]]]],
        list(range(10**6)),
        dict.fromkeys(range(1000), "y" * 1000),
        {Hostile.__name__: Hostile()},
        float("nan"),
        [float("inf"), 1 << 80],
        pandas.DataFrame({"o": [Endless(), Hostile()]}),
        numpy.array([Endless(), Hostile()], dtype=object),
        pandas.DataFrame(numpy.zeros((3, 1000))),
        Endless(),
        Hostile(),
        Hostile,
        {frozenset([1]): {1, 2}},
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_preview_is_short_and_can_be_written_as_json(value):
    header = describe(value)

    assert len(msgspec.json.encode(header)) < 64 * 1024
    assert msgspec.json.decode(msgspec.json.encode(header), type=type(header)) == header
    if header.kind == "text":
        assert len(header.preview) <= 1024


def test_an_object_shows_its_fields_without_running_its_code():
    assert describe(Hostile()).preview == "Hostile(number=5)"
    assert describe(Endless()).preview == "Endless()"


def test_a_tree_is_cut_in_depth_width_and_size():
    header = describe({"deep": [[[[[1]]]]], "wide": list(range(50)), "leaf": "x" * 500})

    assert header.kind == "json"
    assert header.shape == (3,)
    assert header.preview["deep"] == [[["..."]]]
    assert header.preview["wide"] == [*range(20), "... 50 in all"]
    assert len(header.preview["leaf"]) == 120


def test_a_value_that_contains_itself_has_a_preview():
    value: list[object] = []
    value.append(value)

    assert describe(value).preview == [[[["..."]]]]


def test_an_array_shows_a_histogram():
    header = describe(numpy.array([[0.0, 1.0], [2.0, numpy.nan]]))

    assert (header.kind, header.shape, header.dtype) == ("histogram", (2, 2), "float64")
    assert header.preview["min"] == 0
    assert header.preview["max"] == 2
    assert header.preview["mean"] == 1
    assert header.preview["missing"] == 1
    assert sum(header.preview["counts"]) == 3
    assert header.preview["counts"][0] == header.preview["counts"][-1] == 1


@pytest.mark.parametrize(
    "value",
    [
        numpy.array([numpy.nan, numpy.inf]),
        numpy.array([-1.7e308, 1.7e308]),
        numpy.array([5, 5]),
        numpy.array([5e-324, 0]),
        numpy.array([True, False]),
        numpy.arange(3, dtype="uint64") + (1 << 63),
        numpy.array(7.0),
        numpy.array([1], dtype="float16"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_histogram_of_odd_numbers_is_json(value):
    header = describe(value)

    assert header.kind == "histogram"
    assert msgspec.json.decode(msgspec.json.encode(header.preview)) == header.preview


def test_a_large_array_is_sampled():
    header = describe(numpy.arange(10**6).reshape(1000, 1000).T)

    assert header.preview["sampled"] == 50_000
    assert (header.preview["min"], header.preview["max"]) == (0, 999_999)


@pytest.mark.parametrize(
    ("make", "types"),
    [
        (pandas.DataFrame, ("int64", "str")),
        (polars.DataFrame, ("Int64", "String")),
        (pyarrow.table, ("int64", "string")),
    ],
)
def test_a_frame_shows_its_schema_and_first_rows(make, types):
    header = describe(make({"a": list(range(30)), "b": ["x"] * 30}))

    assert (header.kind, header.shape) == ("table", (30, 2))
    assert header.schema == (("a", types[0]), ("b", types[1]))
    assert header.preview["columns"] == ["a", "b"]
    assert header.preview["rows"] == [[str(number), "x"] for number in range(10)]


def test_a_wide_frame_is_cut():
    header = describe(pandas.DataFrame([[1] * 300], columns=[("c", number) for number in range(300)]))

    assert header.shape == (1, 300)
    assert len(header.schema) == 200
    assert len(header.preview["columns"]) == len(header.preview["rows"][0]) == 20


def test_a_picture_and_a_figure_show_as_small_pngs():
    noise = Image.frombytes("RGB", (500, 400), os.urandom(500 * 400 * 3))
    figure = Figure()
    figure.add_subplot().plot([1, 2, 3])
    for value in (noise, figure):
        header = describe(value)
        png = base64.b64decode(header.preview["png"])

        assert header.kind == "image"
        assert len(header.preview["png"]) <= 32 * 1024
        with Image.open(io.BytesIO(png)) as picture:
            assert picture.size == (header.preview["width"], header.preview["height"])


def test_a_model_shows_its_class_and_parameters():
    header = describe(LogisticRegression(C=3.5))

    assert header.kind == "model"
    assert header.preview.startswith("sklearn.linear_model._logistic.LogisticRegression\n")
    assert "\n  C = 3.5\n" in header.preview


def test_a_report_is_kept_as_html_with_its_title():
    header = describe("\n<!DOCTYPE html><html><head><title>Weekly</title></head></html>")

    assert header.kind == "html"
    assert header.preview == {"size": 63, "title": "Weekly"}


def test_a_process_that_only_lists_never_has_the_loaders():
    code = (
        "import sys, headwater.store.objects, headwater.store.preview, headwater.store.fsck, headwater.store.sweep,"
        "headwater.store.lines, headwater.store.trees; print('headwater.store.codecs.pickled' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert ran.stdout == "False\n"
