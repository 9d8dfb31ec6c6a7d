"""Probabilities as response bodies."""

import io
import json

import numpy as np

from mnist_api.codecs.responses import encode_array, encode_prediction, encode_predictions
from mnist_api.http import NPY, OCTETS

FIRST = np.array([0.25, 0, 0.5, 0.125, 0, 0.125, 0, 0, 0, 0], np.float32)
SECOND = np.array([0.5, 0.5, 0, 0, 0, 0, 0, 0, 0, 0], np.float32)
BOTH = np.stack([FIRST, SECOND])
BODIES = [
    {"prediction": 2, "confidence": "50.00%", "probabilities": FIRST.tolist()},
    {"prediction": 0, "confidence": "50.00%", "probabilities": SECOND.tolist()},
]


def test_a_prediction_is_the_most_probable_digit_the_first_of_equal_ones() -> None:
    assert json.loads(encode_prediction(FIRST)) == BODIES[0]
    assert json.loads(encode_prediction(SECOND)) == BODIES[1]
    assert json.loads(encode_predictions(BOTH)) == {"predictions": BODIES}


def test_a_confidence_has_two_decimals() -> None:
    nearly = np.array([0.98765432, *[0] * 9], np.float32)
    assert json.loads(encode_prediction(nearly))["confidence"] == "98.77%"


def test_an_array_is_a_npy_file_or_its_bytes() -> None:
    assert (np.load(io.BytesIO(encode_array(BOTH, NPY)), allow_pickle=False) == BOTH).all()
    assert encode_array(BOTH, OCTETS) == BOTH.astype("<f4").tobytes()
    assert encode_array(BOTH.astype(">f4"), OCTETS) == BOTH.astype("<f4").tobytes()
