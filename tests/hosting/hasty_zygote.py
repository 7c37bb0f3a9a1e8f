"""A zygote that ends, the first time, when it is to fork; later it is as any other. The argument: a file it makes."""

import os
import socket
import sys

from headwater.hosting.frames import Fork, Loaded, Unpacker, packed
from headwater.hosting.worker import CONTROL, main

if os.path.exists(sys.argv[1]):
    main()
else:
    open(sys.argv[1], "w").close()
    control = socket.socket(fileno=CONTROL)
    unpacker = Unpacker()
    control.sendall(packed(Loaded()))
    while not any(isinstance(frame, Fork) for frame in unpacker.feed(control.recv(1 << 20))):
        pass
