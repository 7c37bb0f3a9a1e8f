"""Names that a JSON object has twice."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.hosting.repeated import repeated_name

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=40,
)


@given(_VALUES)
def test_no_name_stands_twice_in_what_was_written_from_objects(value: object) -> None:
    assert repeated_name(msgspec.json.encode(value)) is None


@given(
    st.lists(st.tuples(st.text(max_size=3), _VALUES), min_size=1, max_size=6),
    st.booleans(),
    st.integers(0, 120),
)
def test_a_name_that_is_added_again_is_found(pairs: list[tuple[str, object]], is_escaped: bool, others: int) -> None:
    written = [json.dumps(name) + " : " + json.dumps(value) for name, value in pairs]
    again = "".join(f"\\u{ord(each):04x}" for each in pairs[0][0] if ord(each) < 0x10000)
    name = f'"{again}"' if is_escaped and len(again) == 6 * len(pairs[0][0]) else json.dumps(pairs[0][0])
    body = "[" + '{"a":1},' * others + "{" + ",".join([*written, f"{name}:1"]) + "}]"

    assert repeated_name(body.encode()) in {name for name, _ in pairs}


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "b": {"a": 1}, "c": [{"a": 1}, {"a": 2}]}',
        b'{"a": "x\\": 1, \\"a", "b": "a"}',
        b'{"a": ":", "b": ":", "c": [":", ":"]}',
        b'{"a": ' + b"9" * 5000 + b', "b": {"a": 1}}',
    ],
)
def test_the_same_name_elsewhere_or_inside_a_text_is_none_of_it(body: bytes) -> None:
    assert repeated_name(body) is None
