"""A driver that a test kills: runs one attempt that leaves a daemon behind and never ends."""

import sys

from tests.engines import engine_stories as stories

if __name__ == "__main__":
    engine = stories.local(sys.argv[1] if len(sys.argv) > 1 else "")
    engine.submit(stories.order("leaves_daemon_and_waits"))
    print(engine.supervisor_pid, flush=True)
    print(stories.wait_for_start(engine), flush=True)
    print(stories.wait_for_text(engine, "daemon "), flush=True)
    while True:
        engine.poll(60)
