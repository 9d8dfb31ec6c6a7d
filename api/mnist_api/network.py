"""The network: an ONNX file in memory, loaded, tried and asked."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnist_api.signature import CLASSES, PIXELS

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped] # it ships no types

TRIED_BATCHES = (1, 1, 3, 16)  # the first runs are slower than the rest, and warm it


class NetworkRefusedError(Exception):
    """A file can't be served; the message says what is wrong with it."""


class Network:
    """A loaded network; may be asked from several threads at once."""

    def __init__(self, session: "InferenceSession") -> None:
        self._run = session.run
        self._input = session.get_inputs()[0].name
        self.observe: Callable[[NDArray[np.float32]], None] = _look_away

    def predict(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities, float32 [n, 10], of ``images``, float32 [n, 784] in 0 to 1."""
        probabilities: NDArray[np.float32] = self._run(None, {self._input: images})[0]
        self.observe(probabilities)
        return probabilities


def import_runtime() -> None:
    """Import ONNX Runtime, so that later loads don't wait for it; it starts no thread."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read once, while it is imported
    import onnxruntime  # noqa: F401


def load_network(content: bytes) -> Network:
    """Load the ONNX file ``content``, warm it and try it. Raises NetworkRefusedError."""
    import_runtime()
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = 1  # the workers share the cores; a pool each would fight
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what it would print is in the exception
    try:
        session = InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no base class of their own
        raise NetworkRefusedError(f"ONNX Runtime can't load it: {_first_line(error)}") from error
    _check_signature(session)
    network = Network(session)
    _try(network)
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


def _try(network: Network) -> None:
    for count in TRIED_BATCHES:
        images = np.linspace(0, 1, count * PIXELS, dtype=np.float32).reshape(count, PIXELS)
        try:
            probabilities = network.predict(images)
        except Exception as error:  # as above
            raise NetworkRefusedError(f"{count} images fail: {_first_line(error)}") from error
        if probabilities.shape != (count, CLASSES):
            raise NetworkRefusedError(f"{count} images give a shape of {probabilities.shape}")
        if not np.isfinite(probabilities).all():
            raise NetworkRefusedError("its answers are not finite numbers")
        if (probabilities < 0).any() or not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3):
            raise NetworkRefusedError("its answers are no probabilities: they don't add up to 1")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
