"""Runs Freqtrade's command line, and ends it when the parent ends: an orphan would keep the port that its successor needs."""

import os
import signal
import sys
import threading
import time

# From the request to end until the end; Freqtrade's trades are simulated and its database survives it.
GRACE_SECONDS = 5


def end_with_parent() -> None:
    """Waits for the end of stdin, whose other end only the parent holds: whatever killed the parent, the system closes it."""
    # Not sys.stdin: its lock, held by a blocked read, would break the interpreter's own orderly end.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    from freqtrade.main import main

    main(sys.argv[1:])
