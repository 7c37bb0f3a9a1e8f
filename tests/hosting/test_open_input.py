import json

import numpy
import pandas
import pytest

from headwater.hosting.frames import JSON, TENSORS, Call
from headwater.hosting.serving import Serving
from headwater.hosting.signatures import Signature
from headwater.hosting.spec import MARK, ServiceSpec, endpoint


class Open(ServiceSpec):
    @endpoint
    def of_frame(self, rows: pandas.DataFrame) -> float:
        return float(rows["age"].sum())

    @endpoint
    def of_array(self, x: numpy.ndarray) -> float:
        return float((x @ numpy.ones(2)).sum())

    @endpoint
    def broken(self, x: numpy.ndarray) -> float:
        raise RuntimeError("the model is gone")

    @endpoint
    def typed(self, x: float) -> float:
        raise ValueError("the model is wrong")


def ask(name: str, body: object, form: int = JSON) -> tuple[int, dict[str, object]]:
    signature = Signature(name, getattr(Open, name), getattr(getattr(Open, name), MARK))
    answers = Serving(Open(), {name: signature}).answer(Call(name, form, [(1, json.dumps(body).encode())]))
    ((_, status, answer, _),) = answers.items
    return status, json.loads(answer)


@pytest.mark.parametrize(
    ("name", "body"), [("of_frame", {"rows": [{"agee": 1}]}), ("of_array", {"x": [1.0, 2.0, 3.0]})]
)
def test_input_that_the_method_cannot_use_is_the_callers_mistake(name: str, body: object) -> None:
    status, problem = ask(name, body)

    assert status == 422
    assert "cannot use what was sent" in str(problem["detail"])


def test_so_it_is_as_tensors() -> None:
    tensor = {"name": "x", "shape": [3], "datatype": "FP64", "data": [1, 2, 3]}

    assert ask("of_array", {"inputs": [tensor]}, TENSORS) == (400, {"error": "the endpoint cannot use what was sent"})


def test_other_failures_and_those_of_typed_endpoints_stay_failures() -> None:
    assert ask("broken", {"x": [1.0]})[0] == 500
    assert ask("typed", {"x": 1.0})[0] == 500
