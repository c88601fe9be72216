"""Leader of the process group of `make run`; ends the group when the launcher is gone.

Its standard input is a pipe that only the launcher holds open, so that even a `kill -9` of the
launcher is noticed: the pipe closes, everybody in the group is asked to end, then made to.
"""

import os
import signal
import sys
import time

GRACE = 5.0  # seconds


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    print("ready", flush=True)
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
