"""The digit score of a response: its header, and its count."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mnist_api.handlers.context import Context
from mnist_api.model.active import LoadedModel
from mnist_api.problems import NO_HEADERS
from mnist_api.signature import MAX_BYTE, Images

HEADER = "Digit-Score"


def compute_score(
    image: Images, probabilities: NDArray[np.float32], loaded: LoadedModel, context: Context
) -> float | None:
    """Return and count the score, 0 to 1, of an image, uint8 or float32 [1, 784].

    None where the version has no score. ``probabilities`` [1, 10] are the image's.
    """
    if loaded.score is None:
        return None
    pixels = image / np.float32(MAX_BYTE) if image.dtype == np.uint8 else image.view(np.float32)
    score = loaded.score.compute(pixels[0], int(probabilities[0].argmax()))
    context.metrics.count_score(score)
    return score


def write_header(score: float | None) -> Mapping[str, str]:
    """Return the response's header of a score."""
    return NO_HEADERS if score is None else {HEADER: f"{score:.3f}"}
