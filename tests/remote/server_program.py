"""A server in a process of its own, to be killed: `python -m tests.remote.server_program HOME PORT`."""

import sys

from headwater.home import open_home
from headwater.hosting.host import Address, listen
from headwater.web.server import serve


def main(home, port):
    opened = open_home(home, user="root", make=True)
    address = Address("127.0.0.1", int(port))
    listener = listen(address)
    print("listening", flush=True)
    serve(opened, Address("127.0.0.1", listener.getsockname()[1]), listener)


if __name__ == "__main__":
    main(*sys.argv[1:])
