"""The network as files: Keras' own format, and ONNX for serving, checked against one another."""

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
from mnist_trainer.export.onnx_inference import infer

TOLERANCE = 1e-5  # of a probability


class ExportError(TrainerError):
    """The ONNX file does not compute what the network computes, or a folder refuses the files."""


@dataclass(frozen=True)
class Files:
    """The two files of one network, and the SHA-256 of the ONNX file."""

    keras: Path
    onnx: Path
    sha256: str


def export(network: keras.Sequential, pixels: NDArray[np.float32], folder: Path) -> Files:
    """Write model.keras and model.onnx into ``folder``.

    ``pixels`` [n, 784], 0 to 1, are the images on which both must agree to 1e-5.
    Raises ExportError where they do not.
    """
    keras_file, onnx_file = folder / "model.keras", folder / "model.onnx"
    network.save(keras_file)
    with warnings.catch_warnings():
        # Keras asks numpy for a name it dropped, before it converts
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
        network.export(onnx_file, format="onnx", verbose=False)
    ours, theirs = network(pixels, training=False).numpy(), infer(onnx_file, pixels)
    apart = float(np.abs(ours - theirs).max())
    if not apart <= TOLERANCE:  # so that a NaN does not pass
        raise ExportError(
            f"The ONNX file differs from the network by {apart:.1e} of a probability; "
            f"{TOLERANCE:.0e} is allowed."
        )
    return Files(keras_file, onnx_file, hashlib.sha256(onnx_file.read_bytes()).hexdigest())


def keep(files: Files, folder: Path) -> None:
    """Leave the files in ``folder`` as mnist_model.keras and mnist_model.onnx.

    Each is written aside and renamed, so a reader never sees half a file. Raises ExportError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in (files.keras, files.onnx):
            target = folder / f"mnist_model{source.suffix}"
            aside = target.with_name(f".{target.name}.{os.getpid()}")
            try:
                shutil.copyfile(source, aside)
                aside.replace(target)
            finally:
                aside.unlink(missing_ok=True)
    except OSError as error:
        raise ExportError(
            f"MODELS_DIR is {folder}, and it cannot be written: {error.strerror}."
        ) from None
