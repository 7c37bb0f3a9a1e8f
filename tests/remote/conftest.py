import pytest

from headwater.remote.connection import Server
from headwater.remote.ledger import HttpLedger
from tests.remote.fault_proxy import FaultProxy
from tests.remote.served import Served


@pytest.fixture
def served(tmp_path):
    """A store and its server."""
    served = Served(tmp_path / "server")
    yield served
    served.close()


@pytest.fixture
def proxied(tmp_path):
    """A store whose server is reached through a proxy that breaks things: (server, proxy)."""
    proxy = FaultProxy(0)
    served = Served(tmp_path / "server", ports=(proxy.port,))
    proxy.upstream = served.port
    yield served, proxy
    proxy.close()
    served.close()


@pytest.fixture
def far(proxied):
    """The ledger through that proxy, for an admin."""
    served, proxy = proxied
    told = []
    server = Server(proxy.url, served.token(), patience_seconds=10.0, silence_seconds=5.0, tell=told.append)
    ledger = HttpLedger(server, driver_patience_seconds=10.0)
    ledger.told = told
    yield ledger
    ledger.close()
