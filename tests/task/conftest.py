import pytest

from tests.task.attempt_parts import Stored


@pytest.fixture
def stored() -> Stored:
    return Stored()
