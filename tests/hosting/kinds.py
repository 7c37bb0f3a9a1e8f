"""A service with an endpoint for each kind of annotation, for tests; no endpoint fails by itself, whatever it gets."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, TypedDict
from uuid import UUID

import msgspec
import numpy
import pandas

from headwater import Batch, RequestRefused, ServiceSpec, endpoint


class Shade(Enum):
    LIGHT = "light"
    DARK = "dark"


@dataclass
class Customer:
    age: int
    plan: Literal["basic", "plus"]
    income: float | None = None


class Point(msgspec.Struct):
    x: float
    y: float = 0.0
    label: str = ""


class Row(TypedDict):
    name: str
    count: int


class Kinds(ServiceSpec):
    """Takes everything that can be served.

    <script>alert("a docstring is text")</script>
    """

    @endpoint
    def text(self, text: str, times: int = 1) -> str:
        """Say a text several times."""
        return text * max(0, min(times, 3))

    @endpoint
    def numbers(self, values: list[float]) -> int:
        return len(values)

    @endpoint
    def row(self, customer: Customer) -> float:
        """Give a customer's age as a number."""
        return float(customer.age % 1000) / 10

    @endpoint
    def rows(self, customers: list[Customer]) -> list[bool]:
        return [each.plan == "plus" for each in customers]

    @endpoint
    def point(self, point: Point) -> Point:
        return point

    @endpoint
    def typed(self, row: Row) -> Row:
        return row

    @endpoint
    def choice(
        self, color: Literal["red", "green"], shade: Shade = Shade.DARK, size: Annotated[int, msgspec.Meta(ge=0)] = 1
    ) -> Shade:
        return shade

    @endpoint
    def moments(
        self, day: date, at: datetime | None = None, gap: timedelta | None = None, id: UUID | None = None
    ) -> date:
        return day

    @endpoint
    def amounts(self, price: Decimal, raw: bytes = b"", is_paid: bool = False) -> str:
        return str(price)

    @endpoint
    def gathered(self, by_name: dict[str, int], pair: tuple[int, str], tags: set[str]) -> dict[str, int]:
        return by_name

    @endpoint
    def anything(self, value: Any) -> Any:
        return value

    @endpoint
    def array(self, x: numpy.ndarray) -> numpy.ndarray:
        """Give an array's values twice as large."""
        return x.astype(float) * 2

    @endpoint
    def frame(self, rows: pandas.DataFrame) -> int:
        return len(rows)

    @endpoint(batch=8, within_ms=20)
    def many(self, text: Batch[str]) -> Batch[int]:
        """Give the length of each text."""
        return [len(each) for each in text]

    @endpoint
    def gathered_at_once(self) -> int:
        return 1


class Older(ServiceSpec):
    """In the older form."""

    @endpoint
    def score(self, request_dict):
        return {"got": request_dict}


class Troubles(ServiceSpec):
    """Fails in all ways."""

    @endpoint
    def well(self, number: int) -> int:
        return number + 1

    @endpoint
    def raises(self, text: str) -> str:
        raise RuntimeError(f"secret inside: {text}")

    @endpoint
    def refuses(self, text: str) -> str:
        raise RequestRefused(f"{text} makes no sense")

    @endpoint
    def unwritable(self) -> Any:
        return object()

    @endpoint
    def not_a_number(self) -> list[float]:
        return [float("nan"), float("inf"), 1.0]

    @endpoint
    def dies(self) -> str:
        os.kill(os.getpid(), signal.SIGKILL)
        return ""

    @endpoint
    def dies_at_first(self, path: str) -> str:
        """Answer the second time."""
        if not os.path.exists(path):
            open(path, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return "alive"

    @endpoint(repeat=False)
    def pays(self, path: str) -> str:
        with open(path, "a") as file:
            file.write("paid ")
        os.kill(os.getpid(), signal.SIGKILL)
        return ""

    @endpoint(batch=4, within_ms=1000)
    def dies_with_others(self, text: Batch[str]) -> Batch[str]:
        if "poison" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        return text

    @endpoint(timeout=0.5)
    def hangs(self) -> str:
        time.sleep(60)
        return ""

    @endpoint
    def waits(self, path: str) -> str:
        """Answer when a file is there."""
        while not os.path.exists(path):
            time.sleep(0.01)
        return "waited"

    @endpoint(batch=4, within_ms=50)
    def too_few(self, text: Batch[str]) -> Batch[str]:
        return list(text)[1:]

    @endpoint
    def large(self, size: int) -> str:
        return "x" * size


class Readings(ServiceSpec):
    """Endpoints for the inference protocol: an array, a frame, a row, texts."""

    @endpoint
    def array(self, x: numpy.ndarray) -> numpy.ndarray:
        """Double."""
        return x * 2

    @endpoint
    def frame(self, rows: pandas.DataFrame) -> Sequence[float]:
        """Add the columns."""
        if not {"a", "b"} <= set(rows.columns):
            raise RequestRefused("columns `a` and `b` are needed")
        try:
            return (rows["a"].astype(float) + rows["b"].astype(float)).tolist()
        except (TypeError, ValueError) as wrong:
            raise RequestRefused("columns `a` and `b` hold numbers") from wrong

    @endpoint
    def row(self, point: Point) -> Point:
        """Mirror."""
        return Point(point.y, point.x, point.label.upper())

    @endpoint(batch=16)
    def texts(self, text: Batch[str]) -> Batch[str]:
        """Shout."""
        return [each.upper() for each in text]

    @endpoint
    def scalar(self, number: int, is_negative: bool = False) -> float:
        return -number / 2 if is_negative else number / 2
