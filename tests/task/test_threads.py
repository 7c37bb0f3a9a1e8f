import os

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
