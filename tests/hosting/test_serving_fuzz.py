"""Whatever a body holds: a worker answers, and only what an endpoint's own code raised is a failure."""

import json

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from headwater import endpoint
from headwater.hosting.frames import JSON, TENSORS, Call
from headwater.hosting.serving import Serving
from headwater.hosting.signatures import Signature
from headwater.hosting.spec import MARK, ServiceSpec
from tests.hosting.kinds import Kinds, Older, Readings, Troubles

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["red", "light", "plus", "2026-01-02", "1.5", "aGk=", "", "00000000-0000-0000-0000-000000000000"])
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["age", "plan", "x", "y", "name", "count", "a", "b"]) | st.text(), inner, max_size=4
        )
    ),
    max_leaves=20,
)
_OFTEN = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def serving_of(service: type[ServiceSpec]) -> Serving:
    names = [name for name in dir(service) if hasattr(getattr(service, name), MARK)]
    functions = {name: getattr(service, name) for name in names}
    return Serving(service(), {name: Signature(name, each, getattr(each, MARK)) for name, each in functions.items()})


KINDS = serving_of(Kinds)
READINGS = serving_of(Readings)
_ENDPOINTS = [name for name in dir(Kinds) if hasattr(getattr(Kinds, name), MARK)]


def _status(serving: Serving, endpoint: str, body: bytes, form: int = JSON, json_length: int = 0) -> tuple[int, bytes]:
    ((_, status, answered, length),) = serving.answer(Call(endpoint, form, [(1, body)], json_length, "M", "1")).items
    # What is told is always JSON.
    msgspec.json.decode(answered[: length or None])
    return status, answered


@pytest.mark.parametrize("name", _ENDPOINTS)
def test_no_value_of_a_parameter_makes_an_endpoint_fail(name: str) -> None:
    parameters = KINDS._signatures[name].parameters

    @_OFTEN
    @given(st.fixed_dictionaries({}, optional=dict.fromkeys(parameters, _VALUES)) | _VALUES)
    def holds(body: object) -> None:
        # Python writes NaN, Infinity and lone surrogates, as some callers do.
        status, answered = _status(KINDS, name, json.dumps(body).encode())

        assert status in (200, 400, 422), answered

    holds()


@_OFTEN
@given(st.sampled_from(_ENDPOINTS), st.binary(max_size=200))
@example("text", b'{"text": "\xff"}')
@example("anything", b'{"value": "\xed\xa0\x80"}')
@example("anything", b"[" * 100_000)
@example("anything", b'{"value": ' + b"9" * 10_000 + b', "b": 1}')
def test_no_bytes_make_an_endpoint_fail(name: str, body: bytes) -> None:
    assert _status(KINDS, name, body)[0] in (200, 400, 422)


_DATATYPES = ["BOOL", "UINT8", "INT8", "INT32", "INT64", "UINT64", "FP16", "FP32", "FP64", "BF16", "BYTES", "NONE", ""]
_TENSORS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["x", "y", "label", "a", "b", "text", "number"]) | st.text(max_size=3),
        "shape": st.lists(st.integers(-1, 5) | st.integers(), max_size=3),
        "datatype": st.sampled_from(_DATATYPES),
    },
    optional={
        "data": st.lists(_SCALARS, max_size=6) | st.lists(st.lists(_SCALARS, max_size=3), max_size=3) | _VALUES,
        "parameters": st.dictionaries(st.just("binary_data_size"), _SCALARS | st.integers(0, 40)),
    },
)
_REQUESTS = st.fixed_dictionaries(
    {"inputs": st.lists(_TENSORS, max_size=4)},
    optional={
        "id": st.text() | _SCALARS,
        "outputs": st.lists(st.fixed_dictionaries({"name": st.sampled_from(["output", "x", "none"])}), max_size=2),
        "parameters": st.dictionaries(st.just("binary_data_output"), _SCALARS),
    },
)
_READINGS = [name for name in dir(Readings) if hasattr(getattr(Readings, name), MARK)]


@pytest.mark.parametrize("name", _READINGS)
def test_no_tensors_are_told_as_a_failure_of_ours(name: str) -> None:
    @_OFTEN
    @given(_REQUESTS, st.binary(max_size=60))
    def holds(request: object, binary: bytes) -> None:
        text = json.dumps(request).encode()
        status, answered = _status(READINGS, name, text + binary, TENSORS, len(text) if binary else 0)

        # An endpoint that takes any array or frame may well fail on one that it cannot use.
        own = name in ("array", "frame") and answered == b'{"error":"the endpoint failed"}'
        assert status in (200, 400) or own, answered

    holds()


def test_a_type_whose_own_check_fails_costs_the_call_and_not_the_worker() -> None:
    status, answered = _status(serving_of(Fussy), "take", b'{"fussy": {"number": 0}}')

    assert (status, b"inside" in answered) == (500, False)
    assert _status(serving_of(Fussy), "take", b'{"fussy": {"number": 1}}')[0] == 200


def test_a_value_that_a_type_refuses_is_told() -> None:
    status, answered = _status(serving_of(Fussy), "take", b'{"fussy": {"number": -1}}')

    assert (status, b"below zero" in answered) == (422, True)


def test_the_older_form_takes_an_object_only() -> None:
    serving = serving_of(Older)

    assert [_status(serving, "score", body)[0] for body in (b"{}", b"[]", b"{")] == [200, 422, 400]


def test_a_failure_is_told_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    status, answered = _status(serving_of(Troubles), "raises", b'{"text": "hidden"}')

    assert (status, b"hidden" in answered) == (500, False)
    assert "hidden" in capsys.readouterr().err


class _Checked(msgspec.Struct):
    number: int

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("below zero")
        {1: "inside"}[self.number]


class Fussy(ServiceSpec):
    """Takes a type that checks itself."""

    @endpoint
    def take(self, fussy: _Checked) -> int:
        return fussy.number
