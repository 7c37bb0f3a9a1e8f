"""Shadows: deployments that run beside each run of another one, and the pairs of runs that tell them apart."""

from collections.abc import Sequence

import msgspec

from headwater.model.deployment import AliasState
from headwater.model.ports import Ledger
from headwater.model.rows import FiringQuery, RunRow

#: What a shadow's firings are recorded as.
SOURCE = "shadow"


class Pair(msgspec.Struct, frozen=True):
    """Two runs that did the same work: a shadow's and the one it shadowed, or two of one slot."""

    left: RunRow
    right: RunRow
    #: The slot that both stand for; None when they stand for none.
    slot: float | None


def is_shadow_over(ledger: Ledger, state: AliasState) -> bool:
    """Tell whether a shadow has run as often as it was to."""
    if state.shadow_runs is None:
        return False
    page = ledger.firings(FiringQuery(target=state.target, source=SOURCE, limit=state.shadow_runs))
    return len(page.rows) >= state.shadow_runs


def shadow_key(target: str, key: str) -> str:
    """Give the idempotency key of the run of a shadow beside the run with this key."""
    return f"{target}/{SOURCE}:{key}"


def pair_runs(left: Sequence[RunRow], right: Sequence[RunRow]) -> list[Pair]:
    """Pair runs of two aliases, in the order of `left`: a shadow's with what it shadowed, others by their slot.

    Of several runs for one slot the first of each list counts.
    """
    by_key = {_key(row): row for row in right}
    by_shadowed = {shadowed: row for row in right if (shadowed := _shadowed_key(row)) is not None}
    by_slot = {slot: row for row in reversed(right) if (slot := _slot(row)) is not None}
    pairs: list[Pair] = []
    for row in left:
        slot, shadowed = _slot(row), _shadowed_key(row)
        other = by_key.get(shadowed) if shadowed is not None else by_shadowed.get(_key(row))
        if other is None and slot is not None:
            other = by_slot.pop(slot, None)
        elif slot is not None:
            by_slot.pop(slot, None)
        if other is not None:
            pairs.append(Pair(row, other, slot))
    return pairs


def _key(row: RunRow) -> str:
    return "" if row.launch is None else row.launch.idempotency_key


def _slot(row: RunRow) -> float | None:
    return None if row.launch is None else row.launch.logical_date


def _shadowed_key(row: RunRow) -> str | None:
    """Give the key of the run that a run shadowed; None when it shadowed none."""
    if row.launch is None or row.launch.trigger.kind != "shadow":
        return None
    return row.launch.trigger.source
