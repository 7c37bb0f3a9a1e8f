import dataclasses

import msgspec
import numpy
import pandas
import pytest

from headwater.hosting.examples import examples_from
from headwater.hosting.signatures import Signature
from headwater.hosting.spec import Batch, EndpointMark


@dataclasses.dataclass
class Customer:
    age: int
    plan: str


def of_text(self, text: str) -> float: ...
def of_texts(self, text: Batch[str]) -> Batch[float]: ...
def of_row(self, customer: Customer) -> float: ...
def of_fields(self, age: int, plan: str) -> float: ...
def of_some_fields(self, age: int, note: str = "") -> float: ...
def of_array(self, x: numpy.ndarray) -> float: ...
def of_frame(self, rows: pandas.DataFrame) -> list[float]: ...


FRAME = pandas.DataFrame({"age": [41, 42], "plan": ["basic", "plus"]})


@pytest.mark.parametrize(
    ("function", "reference", "expected"),
    [
        (of_text, ["good", "bad"], {"text": "good"}),
        (of_texts, pandas.Series(["good", "bad"]), {"text": "good"}),
        (of_row, FRAME, {"customer": {"age": 41, "plan": "basic"}}),
        (of_fields, FRAME, {"age": 41, "plan": "basic"}),
        (of_some_fields, FRAME, {"age": 41}),
        (of_frame, FRAME, {"rows": [{"age": 41, "plan": "basic"}]}),
        (of_array, numpy.array([[1.5, 2.5], [3.0, 4.0]]), {"x": [1.5, 2.5]}),
    ],
)
def test_the_first_item_of_the_reference_becomes_a_request(
    function: object, reference: object, expected: object
) -> None:
    signature = Signature("score", function, EndpointMark(2 if function is of_texts else None, 0.0, 1.0))  # type: ignore[arg-type]
    examples = examples_from(reference, {"score": signature})

    assert msgspec.json.decode(examples["score"]) == expected


@pytest.mark.parametrize("reference", [[], 7, "", {"age": []}, ["x" * 10_000], [object()]])
def test_what_fits_no_endpoint_gives_no_example(reference: object) -> None:
    signature = Signature("score", of_text, EndpointMark(None, 0.0, 1.0))

    assert examples_from(reference, {"score": signature}) == {}
