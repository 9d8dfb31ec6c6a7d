"""A signal to stop is known as one wherever it arrives."""

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest

from mnist_trainer.signals import Stopped, raise_on_signals, unwrap_stopped


class StopsInsideNumPy:
    """Gets the signal while NumPy asks it for its numbers."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> float:
        os.kill(os.getpid(), signal.SIGINT)
        return 0.0


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    raise_on_signals()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def wrap(error: Exception, cause: BaseException) -> None:
    """Raise what native code and Keras' ``from None`` make of an exception."""
    try:
        raise error from cause
    except SystemError as wrapped:
        raise wrapped.with_traceback(None) from None


def stop_in_native_code() -> None:
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except Stopped as stopped:
        wrap(SystemError("a call returned a result with an exception set"), stopped)


def test_a_signal_within_native_code_is_stopped() -> None:
    with pytest.raises(Stopped, match="SIGINT"), unwrap_stopped():
        np.asarray(StopsInsideNumPy())


def test_stopped_that_native_code_made_an_error_of_its_own_is_stopped_again() -> None:
    with pytest.raises(Stopped) as raised, unwrap_stopped():
        stop_in_native_code()
    assert raised.value.exit_code == 143


def test_other_errors_stay_as_they_are() -> None:
    with pytest.raises(ValueError, match=r"^bad$"), unwrap_stopped():
        wrap(ValueError("bad"), KeyError())
