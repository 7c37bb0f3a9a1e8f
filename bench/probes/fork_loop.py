"""The bare fork + exit + wait loop, two in flight, of a process that has imported what a task's parent has imported.

Usage: fork_loop.py CHILDREN [PACKAGE ...]; writes the seconds of the loop alone to BENCH_OUT.
"""

import gc
import importlib
import json
import os
import sys
import time


def main(children, packages):
    for package in packages:
        importlib.import_module(package)
    gc.collect()
    gc.freeze()
    began = time.perf_counter()
    in_flight = 0
    for _ in range(children):
        if in_flight == 2:
            os.wait()
            in_flight -= 1
        if os.fork() == 0:
            os._exit(0)
        in_flight += 1
    for _ in range(in_flight):
        os.wait()
    with open(os.environ["BENCH_OUT"], "a") as file:
        file.write(json.dumps({"loop": time.perf_counter() - began}) + "\n")


main(int(sys.argv[1]), sys.argv[2:])
