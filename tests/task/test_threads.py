import os
import subprocess
import sys

import numpy  # noqa: F401 - brings a pool
import pytest
import threadpoolctl

from headwater.task.threads import VARIABLES, ThreadPools


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}


def test_pools_that_are_loaded_are_limited_inside_and_as_before_afterwards() -> None:
    before = blas_threads()
    with ThreadPools().limited(1):
        inside = blas_threads()

    assert inside == {1}
    assert blas_threads() == before


def test_libraries_that_a_step_loads_find_the_limit_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with ThreadPools().limited(3):
        inside = {os.environ[name] for name in VARIABLES}

    assert inside == {"3"}
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_a_forked_child_inherits_the_kept_limit_and_may_ask_for_more() -> None:
    program = """
import os, numpy
from threadpoolctl import threadpool_info
from headwater.task.threads import ThreadPools
pools = ThreadPools(kept_at=1)
def seen():
    return [pool["num_threads"] for pool in threadpool_info()], os.environ["OMP_NUM_THREADS"]
for wanted in (1, 2):
    child = os.fork()
    if child == 0:
        with pools.limited(wanted):
            print(wanted, seen(), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if line]

    assert [f"{wanted} ([{wanted}], '{wanted}')" for wanted in (1, 2)] == lines
