"""The signature's numbers, which trainer and API write each for itself."""

from mnist_api.signature import CLASSES, MAX_BYTE, PIXELS


def test_an_image_has_784_pixels_and_there_are_ten_digits() -> None:
    assert (PIXELS, CLASSES, MAX_BYTE) == (784, 10, 255)
