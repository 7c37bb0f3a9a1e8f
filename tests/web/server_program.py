"""The real server in a process of its own; on SIGUSR1 it tells what it has loaded, and tries to load a pickle.

python server_program.py HOME REPORT
"""

import json
import pickle
import signal
import sys

from headwater.home import open_home
from headwater.hosting.host import Address, listen
from headwater.model.errors import InternalError
from headwater.web.server import serve


class Harmless:
    """A class that a pickle may name."""


STREAM = pickle.dumps(Harmless())


def main(folder, report):
    def tell(number, frame):
        try:
            pickle.loads(STREAM)
            loaded = "loaded"
        except InternalError as error:
            loaded = str(error)
        with open(report, "w", encoding="utf-8") as file:
            json.dump({"modules": sorted(sys.modules), "pickle": loaded}, file)

    signal.signal(signal.SIGUSR1, tell)
    home = open_home(folder)
    listener = listen(Address("127.0.0.1", 0))
    address = Address("127.0.0.1", listener.getsockname()[1])
    print(address.port, flush=True)
    serve(home, address, listener)


if __name__ == "__main__":
    main(*sys.argv[1:])
