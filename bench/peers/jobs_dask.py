"""Dask: a local cluster of processes that are used again (no isolation), nothing kept."""

import sys

from distributed import Client, LocalCluster


def square(number):
    return number * number


def hello(client):
    value = 0
    for _ in range(4):
        value = client.submit(square, value)
    value.result()


def foreach(client, width):
    results = client.map(square, range(width))
    assert client.submit(sum, results).result() == sum(number * number for number in range(width))


def array(client, megabytes):
    made = client.submit(make, megabytes)
    client.submit(total, made).result()


def make(megabytes):
    import numpy

    return numpy.random.default_rng(1).random(megabytes * 2**17)


def total(values):
    return values.sum()


if __name__ == "__main__":
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as connected,
    ):
        globals()[sys.argv[1]](connected, *map(int, sys.argv[2:]))
