"""What was measured: samples, budgets, rows."""

import statistics

import msgspec


class Sample(msgspec.Struct, frozen=True, omit_defaults=True):
    """Several measurements of one thing, in one unit."""

    #: In the order measured; rounds of all subjects took turns.
    values: tuple[float, ...]
    unit: str = "s"
    #: Largest resident memory of any process of the tree, MB (10^6 bytes); None = not measured.
    peak_memory: float | None = None
    #: What differs from the work of the others: "4 threads, no isolation", "100 tasks instead of 1,000".
    note: str = ""

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    def __str__(self) -> str:
        text = figure(self.median, self.unit)
        if len(self.values) > 1:
            text += f" ({figure(min(self.values), self.unit)}-{figure(max(self.values), self.unit)})"
        return text


class Budget(msgspec.Struct, frozen=True, omit_defaults=True):
    """One promise and what came of it."""

    #: "whole process <= 0.25 s".
    promise: str
    value: float
    limit: float
    unit: str = ""
    #: The value has to be at least the limit, not at most.
    is_floor: bool = False

    @property
    def is_reached(self) -> bool:
        """The promise holds."""
        return self.value >= self.limit if self.is_floor else self.value <= self.limit

    def __str__(self) -> str:
        if self.is_reached:
            return f"reached: {figure(self.value, self.unit)}"
        by = f", {self.value / self.limit:.2f} x the limit" if self.limit else ""
        return f"MISSED: {figure(self.value, self.unit)}{by}"


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row of the table."""

    name: str
    work: str
    #: Subject -> sample; `headwater` first.
    subjects: dict[str, Sample]
    #: Probe -> sample.
    limits: dict[str, Sample] = {}
    budgets: tuple[Budget, ...] = ()
    #: Lines about what was left out, or why a promise was missed.
    notes: tuple[str, ...] = ()


def figure(value: float, unit: str = "") -> str:
    """Write a number with three digits that mean something."""
    if unit == "s" and value < 1:
        return f"{value * 1000:.3g} ms"
    if value >= 1000:
        return f"{value:,.0f} {unit}".rstrip()
    return f"{value:.3g} {unit}".rstrip()
