"""Dilation and erosion give the results of Pillow's rank filters."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from mnist_api.imaging.dilation import dilate, erode


@pytest.mark.parametrize("size", [3, 5, 15, 33])
@pytest.mark.parametrize("shape", [(60, 80), (3, 50), (50, 1), (1, 1)])
def test_the_results_are_those_of_pillow(size: int, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(size).integers(0, 256, shape, dtype=np.uint8)
    image = Image.fromarray(pixels)
    for function, kind in ((dilate, ImageFilter.MaxFilter), (erode, ImageFilter.MinFilter)):
        np.testing.assert_array_equal(function(pixels, size), np.asarray(image.filter(kind(size))))
