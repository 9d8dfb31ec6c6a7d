"""The model as files: Keras' format, and ONNX for serving, whose outputs must agree."""

import hashlib
import os
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path

import keras  # type: ignore[import-untyped]  # ships no types
import numpy as np
from numpy.typing import NDArray

from mnist_trainer.errors import TrainerError
from mnist_trainer.export.onnx_inference import OnnxError, infer

TOLERANCE = 1e-5  # of a probability


class ExportError(TrainerError):
    """The ONNX file cannot be run or its outputs differ, or the files cannot be written."""


@dataclass(frozen=True)
class ModelFiles:
    """The two files of one model, and the SHA-256 of the ONNX file."""

    keras: Path
    onnx: Path
    sha256: str


def export_model(model: keras.Sequential, pixels: NDArray[np.float32], folder: Path) -> ModelFiles:
    """Write model.keras and model.onnx into ``folder``.

    ``pixels`` [n, 784], 0 to 1, are the inputs on which the probabilities must agree to 1e-5.
    Raises ExportError where they do not, or where ONNX Runtime cannot run the model.
    """
    keras_file, onnx_file = folder / "model.keras", folder / "model.onnx"
    model.save(keras_file)
    with warnings.catch_warnings():
        # Keras reads an attribute that NumPy has removed, before it converts
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
        model.export(onnx_file, format="onnx", verbose=False)
    try:
        actual = infer(onnx_file, pixels)
    except OnnxError as error:
        raise ExportError(
            f"{error}: ONNX Runtime lacks an operation of one of the layers, as of the exact gelu "
            "(the approximate one can be run); use another layer or activation."
        ) from error
    expected = model(pixels, training=False).numpy()
    difference = float(np.abs(expected - actual).max())
    if not difference <= TOLERANCE:  # so that a NaN does not pass
        raise ExportError(
            f"The probabilities of the ONNX file differ from the model's by {difference:.1e}; "
            f"{TOLERANCE:.0e} is allowed."
        )
    return ModelFiles(keras_file, onnx_file, hashlib.sha256(onnx_file.read_bytes()).hexdigest())


def save_files(files: ModelFiles, folder: Path) -> None:
    """Copy the files to ``folder`` as mnist_model.keras and mnist_model.onnx.

    Each is written under another name and renamed, so that no partial file is ever read. Raises
    ExportError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in (files.keras, files.onnx):
            target = folder / f"mnist_model{source.suffix}"
            temporary = target.with_name(f".{target.name}.{os.getpid()}")
            try:
                shutil.copyfile(source, temporary)
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ExportError(
            f"MODELS_DIR is {folder}, and it cannot be written: {error.strerror}."
        ) from None
