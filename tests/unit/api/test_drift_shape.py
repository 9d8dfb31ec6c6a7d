"""The shape of an image, which is compared for drift."""

import numpy as np
import pytest

from mnist_api.drift.features import measure_image
from mnist_api.model.digit_score import load_score
from support.score_files import score_file


@pytest.mark.parametrize(
    ("inked", "shape"),
    [
        pytest.param([], (13.5, 13.5, 0, 0, 0), id="nothing"),
        pytest.param([(4, 6)], (6, 4, 0, 0, 0), id="a pixel"),
        pytest.param([(4, 6), (4, 10)], (8, 4, 2, 0, 0), id="a row"),
        pytest.param([(2, 6), (12, 6)], (6, 7, 0, 5, 0), id="a column"),
        pytest.param([(2, 6), (12, 10)], (8, 7, 2, 5, 1), id="to the lower right"),
        pytest.param([(12, 6), (2, 10)], (8, 7, 2, 5, -1), id="to the upper right"),
    ],
)
def test_the_shape_is_that_of_the_ink(
    inked: list[tuple[int, int]], shape: tuple[float, ...]
) -> None:
    pixels, score = np.zeros((28, 28), np.float32), load_score(score_file())
    for place in inked:
        pixels[place] = 0.7
    features = measure_image(pixels.reshape(784), np.eye(10, dtype=np.float32)[3], score)
    assert features[1:6] == pytest.approx(shape, abs=1e-6)
