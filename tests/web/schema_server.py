"""`python schema_server.py HOME`: serves a store until SIGTERM; prints its port."""

import sys

from headwater.home import open_home
from headwater.hosting.host import Address, listen
from headwater.web.server import serve

if __name__ == "__main__":
    home = open_home(sys.argv[1], user="ann")
    listener = listen(Address("127.0.0.1", 0))
    address = Address("127.0.0.1", listener.getsockname()[1])
    print(address.port, flush=True)
    serve(home, address, listener)
    home.close()
