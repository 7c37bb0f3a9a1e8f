"""joblib: processes that are used again (no isolation), results kept with `dump`."""

import os
import sys

from joblib import Parallel, delayed, dump, load


def square(number):
    return number * number


def hello():
    value = 0
    for _ in range(4):
        value = Parallel(n_jobs=2)([delayed(square)(value)])[0]


def foreach(width):
    results = Parallel(n_jobs=os.cpu_count())(delayed(square)(number) for number in range(width))
    dump(results, "results.joblib")
    assert sum(results) == sum(number * number for number in range(width))


def array(megabytes):
    import numpy

    dump(numpy.random.default_rng(1).random(megabytes * 2**17), "array.joblib")
    # joblib does not flush; the others do.
    descriptor = os.open("array.joblib", os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    Parallel(n_jobs=1)([delayed(total)("array.joblib")])


def total(path):
    return load(path).sum()


if __name__ == "__main__":
    globals()[sys.argv[1]](*map(int, sys.argv[2:]))
