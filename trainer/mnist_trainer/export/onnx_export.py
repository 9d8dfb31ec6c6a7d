"""The model as files: Keras' format, and ONNX for serving, whose outputs must agree."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import keras  # type: ignore[import-untyped]  # ships no types
import numpy as np
from numpy.typing import NDArray

from mnist_trainer.export.onnx_conversion import (
    ADVICE,
    ExportError,
    convert,
    find_layer,
    shorten_error,
)
from mnist_trainer.export.onnx_inference import OnnxError, infer

TOLERANCE = 1e-5  # of a probability


@dataclass(frozen=True)
class ModelFiles:
    """The files of one model.

    ``extra`` are stored beside the ONNX file of its version, each with the tag <stem>_sha256.
    """

    keras: Path
    onnx: Path
    extra: tuple[Path, ...] = ()

    def find_extra(self, name: str) -> Path | None:
        """Return the file ``name`` of ``extra``; models of former releases lack some."""
        return next((file for file in self.extra if file.name == name), None)


def export_model(model: keras.Sequential, pixels: NDArray[np.float32], folder: Path) -> ModelFiles:
    """Write model.keras and model.onnx into ``folder``.

    ``pixels`` [n, 784], 0 to 1, are the inputs on which the probabilities must agree to 1e-5.
    Raises ExportError where they do not, or where the API would not run the model.
    """
    keras_file, onnx_file = folder / "model.keras", folder / "model.onnx"
    try:
        model.save(keras_file)
    except Exception as error:  # of any kind: from a layer without `get_config`, say
        raise ExportError(f"Keras cannot save the model: {shorten_error(error)}.") from error
    convert(model, onnx_file)
    try:
        actual = infer(onnx_file, pixels)
    except OnnxError as error:
        node = re.search("Name:'([^']+)'", str(error.__cause__))
        layer = find_layer(node[1] if node else "", model)
        raise ExportError(f"{error} because of {layer}; {ADVICE}.") from error
    expected = model(pixels, training=False).numpy()
    difference = float(np.abs(expected - actual).max())
    if not difference <= TOLERANCE:  # so that a NaN does not pass
        raise ExportError(
            f"The probabilities of the ONNX file differ from the model's by {difference:.1e}; "
            f"{TOLERANCE:.0e} is allowed."
        )
    return ModelFiles(keras_file, onnx_file)


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
