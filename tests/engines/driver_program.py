"""A driver that a test kills: runs one attempt that leaves a daemon behind and never ends."""

import os
import signal
import sys

from tests.engines import engine_stories as stories

if __name__ == "__main__":
    engine = stories.local(sys.argv[1])
    engine.submit(stories.order("leaves_daemon_and_waits"))
    if "with_heir" in sys.argv:
        # Like a pool of the user's own: a fork of the driver that keeps its pipes open.
        heir = os.fork()
        if not heir:
            signal.pause()
        print(heir, flush=True)
    print(engine.supervisor_pid, flush=True)
    print(stories.wait_for_start(engine), flush=True)
    print(stories.wait_for_text(engine, "daemon "), flush=True)
    while True:
        engine.poll(60)
