"""The digit score of a request's images: its header, its count, and pictures that are refused."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mnist_api.handlers.context import Context
from mnist_api.handlers.request_images import RequestImages
from mnist_api.http import DIGIT_SCORE
from mnist_api.model.active import LoadedModel
from mnist_api.model.digit_score import LOWEST, DigitScore
from mnist_api.problems import NO_HEADERS, ProblemError
from mnist_api.signature import MAX_BYTE, Images

Probabilities = NDArray[np.float32]  # [n, 10]


def score_images(
    read: RequestImages, probabilities: Probabilities, loaded: LoadedModel, context: Context
) -> Mapping[str, str]:
    """Count the scores of one image or of pictures, and return the header of one.

    Raises ProblemError (422) for a picture that is not like a digit; numbers are never refused.
    """
    if loaded.score is None or not (read.is_one or read.picture is not None):
        return NO_HEADERS
    scores = compute_scores(read.images, probabilities, loaded.score)
    for score in scores:
        context.metrics.count_score(score)
    if read.picture is not None and min(scores) < LOWEST:
        index, score = next((i, score) for i, score in enumerate(scores) if score < LOWEST)
        raise ProblemError(422, f"{read.name(index)}{describe_unlike(score)}")
    return {DIGIT_SCORE: f"{scores[0]:.3f}"} if read.is_one else NO_HEADERS


def compute_scores(images: Images, probabilities: Probabilities, score: DigitScore) -> list[float]:
    """Return the score of each image, 0 to 1."""
    pixels = images / np.float32(MAX_BYTE) if images.dtype == np.uint8 else images
    if len(pixels) == 1:  # faster; most requests have one
        return [score.compute(pixels[0], int(probabilities.argmax()))]
    digits = probabilities.argmax(axis=1).tolist()
    return [score.compute(image, digit) for image, digit in zip(pixels, digits, strict=True)]


def describe_unlike(score: float) -> str:
    """Return the error about a picture with too low a ``score``."""
    return (
        f"This does not look like a digit: its digit score is {score:.3f}, {LOWEST} is needed. "
        "Send one digit, written clearly, or its pixels as numbers."
    )
