"""Drawn and photographed pictures of digits, compared with their MNIST images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mnist_api.imaging.picture import read_picture
from mnist_api.imaging.picture_file import PictureError
from support.pictures.drawn import DIGITS, ROOT, WAYS, packed, photographed

SAMPLES = sorted((ROOT / "api" / "samples").glob("*.png"))
CHOSEN = np.random.default_rng(5).choice(len(DIGITS), 12, replace=False)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_picture_of_a_digit_is_converted_to_the_mnist_image(way: Callable[[np.ndarray], bytes]):
    """Except for a shift by one pixel, from rounding the centre of mass."""
    likeness = []
    for number in CHOSEN:
        seen = read_picture(way(DIGITS[number])).reshape(28, 28)
        likeness.append(
            max(
                np.corrcoef(np.roll(seen, (y, x), (0, 1)).ravel(), DIGITS[number].ravel())[0, 1]
                for y in (-1, 0, 1)
                for x in (-1, 0, 1)
            )
        )
    assert np.median(likeness) > 0.85
    assert min(likeness) > 0.6


@pytest.mark.parametrize("inverted", [False, True])
def test_an_image_in_mnist_form_is_unchanged(inverted: bool):
    for digit in DIGITS[:500]:
        seen = read_picture(packed(255 - digit if inverted else digit))
        np.testing.assert_allclose(seen, digit.ravel() / 255, atol=1e-6)


def test_every_result_has_mnist_form():
    for number in CHOSEN:
        seen = read_picture(photographed(DIGITS[number], 210, 60, 0.6))
        assert (seen.shape, seen.dtype) == ((784,), np.float32)
        assert (seen.min(), seen.max()) == (0, 1)
        ink = seen.reshape(28, 28)
        rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
        middle = (np.arange(28) @ ink.sum(1), np.arange(28) @ ink.sum(0)) / ink.sum()
        np.testing.assert_allclose(middle, 14, atol=0.51)


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((200, 300), 255),
        np.zeros((28, 28)),
        np.full((1, 1), 7),
        np.full((1, 5000), 90),
        np.tile(np.linspace(90, 220, 300), (200, 1)),
        np.random.default_rng(3).normal(128, 20, (300, 300)),
    ],
    ids=["white", "black", "one pixel", "a line", "light from one side", "noise"],
)
def test_a_blank_picture_is_refused(pixels: np.ndarray):
    with pytest.raises(PictureError, match="send one digit"):
        read_picture(packed(pixels))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_the_sample_pictures_are_read(sample: Path):
    assert 0.03 < read_picture(sample.read_bytes()).mean() < 0.35
