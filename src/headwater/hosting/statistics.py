"""What was counted of a model in the words of the inference protocol's statistics extension."""

import math

import msgspec

from headwater.hosting.measures import Counted


class Duration(msgspec.Struct, frozen=True):
    """How often something happened, and how long all of it took together."""

    count: int = 0
    ns: int = 0


class InferenceStatistics(msgspec.Struct, frozen=True):
    """Of requests since the host started; inputs and outputs are read and written within `compute_infer`."""

    success: Duration
    fail: Duration
    queue: Duration
    compute_infer: Duration
    compute_input: Duration = Duration()
    compute_output: Duration = Duration()
    cache_hit: Duration = Duration()
    cache_miss: Duration = Duration()


class BatchStatistics(msgspec.Struct, frozen=True):
    """Of the calls of the method that answered so many requests at once."""

    batch_size: int
    compute_infer: Duration
    compute_input: Duration = Duration()
    compute_output: Duration = Duration()


class ModelStatistics(msgspec.Struct, frozen=True):
    """Of one version of a model."""

    name: str
    version: str
    #: Unix time of the last request in milliseconds; 0 = there was none.
    last_inference: int
    #: Requests answered well, and calls of the method that answered them.
    inference_count: int
    execution_count: int
    inference_stats: InferenceStatistics
    batch_stats: tuple[BatchStatistics, ...] = ()


def statistics_of(model: str, version: str, counted: Counted | None) -> ModelStatistics:
    """Put what was counted of an endpoint's version into the extension's words; None = nothing was yet."""
    if counted is None:
        return ModelStatistics(model, version, 0, 0, 0, InferenceStatistics(*(Duration(),) * 4))
    succeeded = counted.succeeded
    batches = tuple(
        BatchStatistics(size, _duration(math.ceil(requests / size), seconds / size))
        for size, (requests, seconds) in sorted(counted.by_batch.items())
    )
    return ModelStatistics(
        model,
        version,
        int(counted.last_at * 1000),
        succeeded,
        sum(each.compute_infer.count for each in batches),
        InferenceStatistics(
            _duration(succeeded, counted.latency.total - counted.failed_seconds),
            _duration(counted.latency.count - succeeded, counted.failed_seconds),
            _duration(succeeded, counted.queue.total),
            _duration(succeeded, sum(seconds for _, seconds in counted.by_batch.values())),
        ),
        batches,
    )


def _duration(count: int, seconds: float) -> Duration:
    return Duration(count, round(seconds * 1e9))
