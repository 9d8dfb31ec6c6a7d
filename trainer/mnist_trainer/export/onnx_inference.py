"""Inference with ONNX Runtime, as in the API."""

from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray

from mnist_trainer.errors import TrainerError


class OnnxError(TrainerError):
    """The file cannot be run, or its output is not [n, 10]."""


def infer(file: Path, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probabilities [n, 10] of ``pixels`` [n, 784], 0 to 1; raises OnnxError."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised; they need not be logged as well
    try:
        session = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )
        (entry,) = session.get_inputs()
        (probabilities,) = session.run(None, {entry.name: pixels})
    except Exception as error:  # ONNX Runtime's exceptions have no common base class
        raise OnnxError(f"{file.name} cannot be run ({type(error).__name__})") from error
    if probabilities.shape != (len(pixels), 10):
        raise OnnxError(f"{file.name} does not return ten probabilities an image")
    return np.asarray(probabilities, np.float32)
