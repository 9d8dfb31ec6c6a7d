"""The network: an ONNX file in memory, loaded, tried and asked."""

import os
from bisect import bisect_left
from collections.abc import Callable, Iterable
from math import isfinite
from time import thread_time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnist_api.signature import CLASSES, PIXELS

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped] # it ships no types

# Images at once. No other numbers are run, so that nothing runs that was not tried before.
BATCHES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
WARMING_BATCHES = (1, 1, 3, 16)  # the first runs are slower than the rest
MOST_LOADING_SECONDS = 5.0  # of the processor
MOST_IMAGE_SECONDS = 0.05  # of the processor; small requests are computed in the event loop
SESSION_SETTINGS = {
    "session.load_model_format": "ONNX",  # not ONNX Runtime's own, which the rules do not read
    "session.model_external_initializers_file_folder_path": os.devnull,  # nothing is below it
}


class NetworkRefusedError(Exception):
    """A file can't be served; the message says what is wrong with it, in one printable line."""

    def __init__(self, reason: str) -> None:
        line = "".join(letter if letter.isprintable() else "?" for letter in reason)
        super().__init__(line if len(line) <= 300 else f"{line[:299]}…")


class NotFiniteError(Exception):
    """The network's answer is no number, which depends on the pixels."""


class Network:
    """A loaded network; may be asked from several threads at once."""

    def __init__(self, session: "InferenceSession") -> None:
        self._run = session.run
        self._input = session.get_inputs()[0].name
        self.observe: Callable[[NDArray[np.float32]], None] = _look_away

    def predict(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities, float32 [n, 10], of ``images``, float32 [n, 784] in 0 to 1.

        n is at most the largest of BATCHES. Raises NotFiniteError.
        """
        count = len(images)
        probabilities: NDArray[np.float32]
        if count in BATCHES:
            probabilities = self._run(None, {self._input: images})[0]
        else:
            padded = np.zeros((BATCHES[bisect_left(BATCHES, count)], PIXELS), np.float32)
            padded[:count] = images
            probabilities = self._run(None, {self._input: padded})[0][:count]
        if not isfinite(np.vdot(probabilities, probabilities)):  # the quickest way to ask
            raise NotFiniteError("the answers are not finite numbers")
        self.observe(probabilities)
        return probabilities


def import_runtime() -> None:
    """Import ONNX Runtime, so that later loads don't wait for it; it starts no thread."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read once, while it is imported
    import onnxruntime  # noqa: F401


def runtime_version() -> str:
    """Return ONNX Runtime's version."""
    import_runtime()
    import onnxruntime

    return str(onnxruntime.__version__)


def load_network(content: bytes, batches: Iterable[int] = WARMING_BATCHES) -> Network:
    """Load the ONNX file ``content``, and try it with ``batches``. Raises NetworkRefusedError.

    A file that nobody has tried belongs into a process of its own: see trial.py.
    """
    import_runtime()
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = 1  # the workers share the cores; a pool each would fight
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what it would print is in the exception
    for setting, value in SESSION_SETTINGS.items():
        options.add_session_config_entry(setting, value)
    begin = thread_time()
    try:
        session = InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no base class of their own
        raise NetworkRefusedError(f"ONNX Runtime can't load it: {_first_line(error)}") from error
    _check_seconds("loading it", thread_time() - begin, MOST_LOADING_SECONDS)
    _check_signature(session)
    network = Network(session)
    for count in batches:
        _try(network, count)
    return network


def _look_away(_: NDArray[np.float32]) -> None:
    """Observe nothing: what is said in trials is not counted."""


def _check_signature(session: "InferenceSession") -> None:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1:
        raise NetworkRefusedError(
            f"it has {len(inputs)} inputs and {len(outputs)} outputs, one of each is needed"
        )
    for end, width in ((inputs[0], PIXELS), (outputs[0], CLASSES)):
        if end.type != "tensor(float)" or len(end.shape) != 2 or end.shape[1] != width:
            raise NetworkRefusedError(
                f"{end.name} is {end.type} {end.shape}, but float32 [n, {width}] is needed"
            )


def _try(network: Network, count: int) -> None:
    images = np.linspace(0, 1, count * PIXELS, dtype=np.float32).reshape(count, PIXELS)
    begin = thread_time()
    try:
        probabilities = network.predict(images)
    except Exception as error:  # as above
        raise NetworkRefusedError(f"{count} images fail: {_first_line(error)}") from error
    _check_seconds(
        "one image" if count == 1 else f"{count} images",
        thread_time() - begin,
        count * MOST_IMAGE_SECONDS,
    )
    if probabilities.shape != (count, CLASSES):
        raise NetworkRefusedError(f"{count} images give a shape of {probabilities.shape}")
    if (probabilities < 0).any() or not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3):
        raise NetworkRefusedError("its answers are no probabilities: they don't add up to 1")


def _check_seconds(what: str, seconds: float, most: float) -> None:
    if seconds > most:
        raise NetworkRefusedError(
            f"{what} takes {seconds:.2g} s of the processor, at most {most:g} s are allowed"
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
