"""Each protection has a test that goes red without it."""

import pytest

from tests.durability.sabotage import SABOTAGES, Workshop

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name.replace(" ", "_"))
def test_this_removal_is_caught(workshop, sabotage):
    code, said = workshop.catch(sabotage)

    assert code == 1, said


@pytest.mark.parametrize("tests", sorted({sabotage.tests for sabotage in SABOTAGES}))
def test_nothing_is_red_when_nothing_is_removed(workshop, tests):
    code, said = workshop.run(tests)

    assert code == 0, said
