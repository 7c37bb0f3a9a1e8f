import pytest


@pytest.fixture
def ledger(served):
    """The ledger of a real server, over HTTP, for somebody who may do everything."""
    ledger = served.ledger()
    yield ledger
    ledger.close()
