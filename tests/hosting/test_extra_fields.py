import dataclasses
from typing import TypedDict

import msgspec
import pytest

from headwater.hosting.signatures import Signature
from headwater.hosting.spec import EndpointMark


@dataclasses.dataclass
class Address:
    town: str


@dataclasses.dataclass
class Customer:
    age: int
    homes: list[Address]


class Plan(TypedDict):
    name: str


def of_rows(self, customer: Customer, plan: Plan | None = None, more: dict[str, int] | None = None) -> float: ...


SIGNATURE = Signature("score", of_rows, EndpointMark(None, 0.0, 1.0))
FITTING = {"customer": {"age": 1, "homes": [{"town": "Ulm"}]}, "plan": {"name": "plus"}, "more": {"anything": 1}}


def test_what_fits_passes_and_dictionaries_may_hold_anything() -> None:
    customer, plan, more = SIGNATURE.read(msgspec.json.encode(FITTING))

    assert (customer, plan, more) == (Customer(1, [Address("Ulm")]), {"name": "plus"}, {"anything": 1})


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ({"customer": {"age": 1, "homes": [], "agee": 2}}, "$.customer.agee"),
        ({"customer": {"age": 1, "homes": [{"town": "Ulm"}, {"town": "Ulm", "zip": 1}]}}, "$.customer.homes[1].zip"),
        ({"plan": {"name": "plus", "price": 3}}, "$.plan.price"),
    ],
)
def test_a_field_that_a_row_type_does_not_have_is_refused_with_its_place(part: dict[str, object], path: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        SIGNATURE.read(msgspec.json.encode({**FITTING, **part}))

    assert str(raised.value).endswith(f"at `{path}`")


def test_the_schema_says_so_too() -> None:
    assert [each["additionalProperties"] for each in SIGNATURE.definitions.values()] == [False, False, False]
