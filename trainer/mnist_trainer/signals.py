"""SIGINT and SIGTERM as an exception, so that an MLflow run is ended with its status."""

import signal
from types import FrameType


class Stopped(BaseException):
    """The process got a signal to stop; ``exit_code`` is 130 or 143, as in a shell."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Stopped by {signal.Signals(number).name}.")
        self.exit_code = 128 + number


def raise_on_signals() -> None:
    """Raise Stopped at the first SIGINT or SIGTERM; a second one ends the process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _raise)


def _raise(number: int, frame: FrameType | None) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)
    raise Stopped(number)
