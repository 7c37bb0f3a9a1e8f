"""Samples as counts."""

from collections.abc import Sequence


def counts_of_values(*samples: Sequence[float]) -> list[list[int]]:
    """Count how often each sample has each of the values of all, in order: a bin for each value."""
    place_by_value = {value: place for place, value in enumerate(sorted({value for each in samples for value in each}))}
    found = [[0] * len(place_by_value) for _ in samples]
    for counts, sample in zip(found, samples, strict=True):
        for value in sample:
            counts[place_by_value[value]] += 1
    return found
