"""Probabilities as a response body: JSON, .npy or a raw tensor."""

from io import BytesIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from mnist_api.http import NPY


class Prediction(msgspec.Struct, forbid_unknown_fields=True):
    """The response to one image; clients rely on exactly these three fields."""

    prediction: int
    confidence: str
    probabilities: list[float]


class Predictions(msgspec.Struct, forbid_unknown_fields=True):
    """The response to several images, in their order."""

    predictions: list[Prediction]


class FoundDigit(msgspec.Struct, forbid_unknown_fields=True):
    """A digit in a picture; ``box`` is x, y, width and height in its pixels."""

    prediction: int
    confidence: str
    probabilities: list[float]
    box: tuple[int, int, int, int]


class FoundDigits(msgspec.Struct, forbid_unknown_fields=True):
    """The response to ?all=true: the digits of a picture, in the order in which one reads."""

    predictions: list[FoundDigit]


_encode = msgspec.json.Encoder().encode


def encode_prediction(probabilities: NDArray[np.float32]) -> bytes:
    """Return the JSON for one image's ``probabilities``, float32 [10]."""
    return _encode(_describe(probabilities.tolist()))


def encode_predictions(probabilities: NDArray[np.float32]) -> bytes:
    """Return the JSON for the ``probabilities`` of many images, float32 [n, 10]."""
    return _encode(Predictions([_describe(values) for values in probabilities.tolist()]))


def encode_digits(
    probabilities: NDArray[np.float32], boxes: list[tuple[int, int, int, int]]
) -> bytes:
    """Return the JSON for a picture's digits: their ``probabilities``, float32 [n, 10]."""
    found = map(_describe, probabilities.tolist())
    digits = [
        FoundDigit(one.prediction, one.confidence, one.probabilities, box)
        for one, box in zip(found, boxes, strict=True)
    ]
    return _encode(FoundDigits(digits))


def encode_array(probabilities: NDArray[np.float32], media_type: str) -> bytes:
    """Return [n, 10] as a .npy file or as bare little-endian float32."""
    if media_type == NPY:
        file = BytesIO()
        np.save(file, probabilities)
        return file.getvalue()
    return probabilities.astype("<f4").tobytes()


def _describe(values: list[float]) -> Prediction:
    highest = max(values)
    return Prediction(values.index(highest), f"{highest:.2%}", values)
