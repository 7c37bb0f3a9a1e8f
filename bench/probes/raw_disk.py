"""What disk and memory give: write + fsync of an array's bytes, its BLAKE3, and mapping it again.

Usage: raw_disk.py MEGABYTES; writes seconds to BENCH_OUT.
"""

import json
import mmap
import os
import sys
import time

import numpy
from blake3 import blake3

array = numpy.random.default_rng(1).random(int(sys.argv[1]) * 2**17)
facts = {}

began = time.perf_counter()
with open("raw", "wb", buffering=0) as file:
    view = memoryview(array).cast("B")
    written = 0
    while written < len(view):
        written += file.write(view[written:])
    os.fsync(file.fileno())
facts["write"] = time.perf_counter() - began

began = time.perf_counter()
blake3(view, max_threads=2).digest()
facts["blake3"] = time.perf_counter() - began

began = time.perf_counter()
with open("raw", "rb") as file:
    mapped = numpy.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
facts["map"] = time.perf_counter() - began
assert mapped[-1] == array[-1]

with open(os.environ["BENCH_OUT"], "a") as file:
    file.write(json.dumps(facts) + "\n")
