"""From probabilities to the answer's JSON."""

import msgspec
import numpy as np
from numpy.typing import NDArray


class Answer(msgspec.Struct):
    """What /predict answers; users rely on exactly these three fields."""

    prediction: int
    confidence: str
    probabilities: list[float]


_encode = msgspec.json.Encoder().encode


def encode_answer(probabilities: NDArray[np.float32]) -> bytes:
    """Return the answer for one image's ``probabilities``, float32 [10]."""
    values: list[float] = probabilities.tolist()
    highest = max(values)
    return _encode(Answer(values.index(highest), f"{highest:.2%}", values))
