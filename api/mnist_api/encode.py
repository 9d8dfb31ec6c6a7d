"""From probabilities to the answer: JSON, or the bare numbers for those who ask for them."""

from io import BytesIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from mnist_api.exchange import NPY


class Answer(msgspec.Struct):
    """What /predict answers; users rely on exactly these three fields."""

    prediction: int
    confidence: str
    probabilities: list[float]


class Answers(msgspec.Struct):
    """What /predict answers to many images, in their order."""

    predictions: list[Answer]


_encode = msgspec.json.Encoder().encode


def encode_answer(probabilities: NDArray[np.float32]) -> bytes:
    """Return the answer for one image's ``probabilities``, float32 [10]."""
    return _encode(_answer(probabilities.tolist()))


def encode_answers(probabilities: NDArray[np.float32]) -> bytes:
    """Return the answer for the ``probabilities`` of many images, float32 [n, 10]."""
    return _encode(Answers([_answer(values) for values in probabilities.tolist()]))


def encode_array(probabilities: NDArray[np.float32], media_type: str) -> bytes:
    """Return [n, 10] as a .npy file or as bare little-endian float32."""
    if media_type == NPY:
        file = BytesIO()
        np.save(file, probabilities, allow_pickle=False)
        return file.getvalue()
    return probabilities.astype("<f4", copy=False).tobytes()


def _answer(values: list[float]) -> Answer:
    highest = max(values)
    return Answer(values.index(highest), f"{highest:.2%}", values)
