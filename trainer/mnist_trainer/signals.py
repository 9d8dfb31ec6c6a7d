"""SIGINT and SIGTERM as an exception, so that an MLflow run is ended with its status."""

import contextlib
import signal
from collections.abc import Iterator
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


@contextlib.contextmanager
def unwrap_stopped() -> Iterator[None]:
    """Raise Stopped in place of what native code made of it.

    A signal that arrives while NumPy or TensorFlow calls back into Python leaves them as a
    SystemError or an error of their own.
    """
    try:
        yield
    except Exception as error:
        if stopped := _find_stopped(error):
            raise stopped from None
        raise


def _find_stopped(error: BaseException | None) -> Stopped | None:
    while error is not None and not isinstance(error, Stopped):
        error = error.__cause__ or error.__context__
    return error


def _raise(number: int, frame: FrameType | None) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)
    raise Stopped(number)
