"""The features of images that are compared for drift, as the API measures them."""

from datetime import UTC, datetime

import numpy as np

from mnist_api.drift.features import measure_image
from mnist_api.imaging.picture import read_picture
from mnist_api.model.active import LoadedModel
from mnist_api.model.digit_score import load_score
from mnist_api.model.drift_reference import load_reference
from mnist_api.model.onnx_model import load_model
from mnist_api.model.version import Version
from support.digit_version import DigitVersion
from support.pictures.drawn import enlarged, packed


def load_version(version: DigitVersion) -> LoadedModel:
    return LoadedModel(
        load_model(version.network),
        Version("m", "1", None, None, None),
        "registry",
        datetime.now(UTC),
        load_score(version.score),
        load_reference(version.reference),
    )


def measure(loaded: LoadedModel, images: np.ndarray, are_pictures: bool = False) -> np.ndarray:
    """Return the features, [n, 9]."""
    assert loaded.score
    score, infer = loaded.score, loaded.model.infer
    probabilities = np.concatenate(
        [infer(images[start : start + 100]) for start in range(0, len(images), 100)]
    )
    pairs = zip(images, probabilities, strict=True)
    return np.array([measure_image(image, row, score, are_pictures) for image, row in pairs])


def measure_pictures(loaded: LoadedModel, images: np.ndarray) -> np.ndarray:
    """Return the features of uint8 [n, 784], each drawn dark on light with a margin."""
    pages = (255 - 255 * np.pad(enlarged(each.reshape(28, 28)), 60)[::3, ::3] for each in images)
    prepared = np.stack([read_picture(packed(page)).reshape(784) for page in pages])
    return measure(loaded, prepared, are_pictures=True)
