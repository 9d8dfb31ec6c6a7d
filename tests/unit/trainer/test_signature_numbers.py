"""The signature's numbers, which trainer and API write each for itself."""

from mnist_trainer.signature import CLASSES, PIXELS, SIDE


def test_an_image_has_784_pixels_and_there_are_ten_digits() -> None:
    assert (SIDE, PIXELS, CLASSES) == (28, 784, 10)
