"""The monitor's process: takes a turn every few seconds until the host closes its end."""

import os
import select
import sys
import time

from headwater.home import open_home
from headwater.hosting.monitor.watch import Monitor

#: Seconds between turns.
_TURN_SECONDS = 5.0


def main() -> None:
    """Watch until the host closes its end."""
    # Answers go first.
    os.nice(10)
    home = open_home(sys.argv[1])
    monitor = Monitor(home, time.time, _say)
    try:
        while not select.select([sys.stdin.fileno()], [], [], _TURN_SECONDS)[0]:
            monitor.turn()
    finally:
        home.close()


def _say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
