"""Images to probabilities: scaling, range check, and the model in batches of bounded size."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mnist_api.http import skip_checkpoint
from mnist_api.model.active import LoadedModel
from mnist_api.model.onnx_model import BATCHES
from mnist_api.problems import ProblemError
from mnist_api.signature import CLASSES, MAX_BYTE, PIXELS, Images

CHUNK = BATCHES[-1]  # images at once: more are hardly faster, and take memory by their number


def compute_probabilities(
    images: Images,
    loaded: LoadedModel,
    in_range: bool = False,
    checkpoint: Callable[[], None] = skip_checkpoint,
    are_pictures: bool = False,
) -> NDArray[np.float32]:
    """Return the probabilities, float32 [n, 10], of uint8 [n, 784] or float32 [n, 784].

    ``in_range`` says that the pixels were checked before; ``checkpoint`` is called after each
    chunk; ``are_pictures`` says that the images were prepared from pictures. Raises ProblemError
    (422) if there is no image, or a pixel is not in 0 to 1.
    """
    if in_range:
        return loaded.model.predict(images.view(np.float32), are_pictures)
    count = len(images)
    if count == 0:
        raise ProblemError(422, "There is no image in the body: send at least one.")
    if count <= CHUNK:
        return loaded.model.predict(_scale(images), are_pictures)
    probabilities = np.empty((count, CLASSES), np.float32)
    for start in range(0, count, CHUNK):
        chunk = images[start : start + CHUNK]
        probabilities[start : start + CHUNK] = loaded.model.predict(
            _scale(chunk, start), are_pictures
        )
        checkpoint()
    return probabilities


def _scale(images: Images, first: int = 0) -> NDArray[np.float32]:
    """Return ``images`` as float32, 0 to 1. Raises ProblemError; ``first`` is the number
    of the first image.
    """
    if images.dtype == np.uint8:
        return np.divide(images, MAX_BYTE, dtype=np.float32)
    pixels = images.view(np.float32)
    if not (pixels.min() >= 0 and pixels.max() <= 1):  # NaN is neither
        raise _out_of_range(pixels, first)
    return pixels


def _out_of_range(images: NDArray[np.float32], first: int) -> ProblemError:
    fits = (images >= 0) & (images <= 1)
    image, pixel = divmod(int(np.argmin(fits)), PIXELS)
    where = f"Pixel {pixel} of image {first + image}"
    highest = float(images.max())
    if images.min() >= 0 and 2 <= highest <= MAX_BYTE:
        return ProblemError(
            422, f"The pixels go up to {highest:g}, they look like bytes: divide by {MAX_BYTE}."
        )
    wrong = float(images[image, pixel])
    return ProblemError(422, f"{where} is {wrong:.9g}: give each pixel a number from 0 to 1.")
