"""Prefect: tasks in threads of the flow's process (no isolation), results kept, server started for the run."""

import sys

from prefect import flow, task


@task(persist_result=True)
def square(number):
    return number * number


@task(persist_result=True)
def join(numbers):
    return sum(numbers)


@task(persist_result=True)
def make(megabytes):
    import numpy

    return numpy.random.default_rng(1).random(megabytes * 2**17)


@task(persist_result=True)
def total(values):
    return float(values.sum())


@flow
def hello():
    value = 0
    for _ in range(4):
        value = square(value)


@flow
def foreach(width):
    return join(square.map(range(width)))


@flow
def array(megabytes):
    return total(make(megabytes))


if __name__ == "__main__":
    globals()[sys.argv[1]](*map(int, sys.argv[2:]))
