"""Ray: worker processes that are used again (no isolation), nothing kept."""

import sys

import ray


@ray.remote
def square(number):
    return number * number


@ray.remote
def join(*numbers):
    return sum(numbers)


@ray.remote
def make(megabytes):
    import numpy

    return numpy.random.default_rng(1).random(megabytes * 2**17)


@ray.remote
def total(values):
    return values.sum()


def hello():
    value = 0
    for _ in range(4):
        value = square.remote(value)
    ray.get(value)


def foreach(width):
    results = ray.get([square.remote(number) for number in range(width)])
    assert ray.get(join.remote(*results)) == sum(number * number for number in range(width))


def array(megabytes):
    ray.get(total.remote(make.remote(megabytes)))


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=3 * 2**30, log_to_driver=False)
    globals()[sys.argv[1]](*map(int, sys.argv[2:]))
    ray.shutdown()
