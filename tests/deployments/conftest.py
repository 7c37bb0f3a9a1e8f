"""A desk for each test."""

import sys

import pytest

from tests.deployments.desk import Desk


@pytest.fixture
def desk(tmp_path):
    path, modules = list(sys.path), set(sys.modules)
    made = Desk(tmp_path).write()
    yield made
    made.home.close()
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("churn_"):
            del sys.modules[name]
