import pytest

from tests.flows.harness import Weaver


@pytest.fixture
def weaver(tmp_path):
    return Weaver(tmp_path)
