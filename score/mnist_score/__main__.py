"""Scores images with the registered model: `python -m mnist_score`; docs/scoring.md explains it."""

import os
import signal
import sys
from types import FrameType


def main() -> int:
    """Run the command line; a signal ends the process at any time, as parts are whole or absent."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit)
    # takes a second, in which a signal is to end the program as well
    from mnist_score.cli import run

    return run()


def _exit(number: int, _: FrameType | None) -> None:
    line = f"Stopped by {signal.Signals(number).name}: the same command goes on where it was.\n"
    os.write(sys.stderr.fileno(), line.encode())
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
