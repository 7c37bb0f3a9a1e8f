"""Arrays in a listing: shape, type, and for numbers a histogram of a sample."""

from itertools import islice
from typing import Any

from headwater.model.artifact import Header
from headwater.store.preview_text import clean, tree

#: Elements that are looked at; more are sampled at even distances.
_SAMPLE = 50_000
_BINS = 20


def array_header(value: Any) -> Header | None:
    """Describe a numpy array or number; None for other things of numpy.

    A histogram is `{"min", "max", "mean", "missing", "counts", "sampled"}`: counts of equal bins between min and max,
    `missing` NaNs, all over `sampled` elements; the numbers are null when there is none that is finite.
    """
    import numpy

    if isinstance(value, numpy.generic):
        return Header(shape=(), dtype=str(value.dtype), preview=clean(repr(value), 200))
    if not isinstance(value, numpy.ndarray):
        return None
    shape, dtype = tuple(int(length) for length in value.shape), str(value.dtype)
    if value.dtype.kind in "biuf" and value.size:
        return Header(shape=shape, dtype=dtype, kind="histogram", preview=_histogram(numpy, value))
    return Header(shape=shape, dtype=dtype, kind="json", preview=tree(list(islice(value.flat, 20))))


def tensor_header(value: Any) -> Header | None:
    """Describe a torch tensor, as an array where numpy knows its type; None for other things of torch."""
    import torch

    if not isinstance(value, torch.Tensor):
        return None
    shape, dtype = tuple(int(length) for length in value.shape), str(value.dtype).removeprefix("torch.")
    try:
        seen = array_header(value.detach().numpy())
    except (TypeError, RuntimeError):  # bfloat16, sparse, on a device ...
        return Header(shape=shape, dtype=dtype, preview=f"a tensor on {value.device}")
    kind, preview = ("json", None) if seen is None else (seen.kind, seen.preview)
    return Header(shape=shape, dtype=dtype, kind=kind, preview=preview)


def _histogram(numpy: Any, value: Any) -> dict[str, object]:
    sample = _sample(numpy, numpy.asarray(value)).astype(numpy.float64)
    finite = sample[numpy.isfinite(sample)]
    missing = int(numpy.isnan(sample).sum())
    if not finite.size:
        return {"min": None, "max": None, "mean": None, "missing": missing, "counts": [], "sampled": int(sample.size)}
    low, high = float(finite.min()), float(finite.max())
    # Scaled by hand: the library's own refuses ranges that are too small or too large for its bins.
    with numpy.errstate(all="ignore"):
        places = numpy.nan_to_num((finite / 2 - low / 2) / (high / 2 - low / 2) * _BINS, nan=0.0)
    counts = numpy.bincount(numpy.clip(places, 0, _BINS - 1).astype(numpy.int64), minlength=_BINS)
    with numpy.errstate(all="ignore"):
        mean = float(finite.mean())
    return {
        "min": low,
        "max": high,
        "mean": mean if numpy.isfinite(mean) else None,
        "missing": missing,
        "counts": [int(count) for count in counts],
        "sampled": int(sample.size),
    }


def _sample(numpy: Any, value: Any) -> Any:
    """Give at most so many elements without touching or copying the rest."""
    if value.size <= _SAMPLE:
        return value.reshape(-1)
    places = numpy.linspace(0, value.size - 1, _SAMPLE).astype(numpy.int64)
    return value[numpy.unravel_index(places, value.shape)]
