import pytest
from attempt_parts import Stored


@pytest.fixture
def stored() -> Stored:
    return Stored()
