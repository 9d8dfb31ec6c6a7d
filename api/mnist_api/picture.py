"""Pictures as people send them, decoded within bounds and brought to MNIST's form."""

import warnings
from collections.abc import Iterator
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_api.ink import Grey
from mnist_api.mnist_form import WORK, BlankPictureError, to_mnist_form

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
MAX_PIXELS = 12_500_000  # a phone's 12 million; WebP's decoder needs 20 bytes for each
MAX_PIXELS_JPEG = 25_000_000  # a newer phone's 24 million, decoded at an eighth of the size
JPEG_START, JPEG_SCAN = b"\xff\xd8", b"\xff\xda"
MAX_SCANS = 32  # each scan of a progressive JPEG costs a pass over all pixels; cameras write 10
TURNS = {  # EXIF's orientation, as what undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # what it warns of is refused


class PictureError(Exception):
    """The bytes hold no picture of a digit; the message says why and what to do."""


def read_picture(content: bytes) -> NDArray[np.float32]:
    """Return the digit in a PNG, JPEG, WebP or BMP file as float32 [784], ink 0 to 1.

    An animation counts by its first frame. Raises PictureError.
    """
    try:
        return to_mnist_form(_decode(content)).reshape(784)
    except BlankPictureError as blank:
        raise PictureError(str(blank)) from blank


def _decode(content: bytes) -> Grey:
    """Return float32 [h, w], 0 to 255, upright, opaque, its longer side about WORK."""
    try:
        image = Image.open(BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise _too_large(MAX_PIXELS) from None
    except Exception as fault:  # decoders raise whatever a damaged file leads them to
        raise PictureError(
            "This is not a picture that can be read: send a PNG, JPEG, WebP or BMP file."
        ) from fault
    with image:
        bound = MAX_PIXELS_JPEG if content[:2] == JPEG_START else MAX_PIXELS
        if image.width * image.height > bound:
            raise _too_large(bound)
        if content[:2] == JPEG_START and content.count(JPEG_SCAN) > MAX_SCANS:
            raise PictureError(f"The JPEG has more than {MAX_SCANS} scans: save it anew.")
        try:
            return _shrink(image)
        except Exception as fault:  # the same, while pixels are decoded
            raise PictureError(
                "The picture is damaged or cut short: save it anew and send all of it."
            ) from fault


def _too_large(bound: int) -> PictureError:
    return PictureError(f"The picture has more than {bound:,} pixels: send a smaller one.")


def _shrink(image: Image.Image) -> Grey:
    image.draft("L", (WORK, WORK))  # lets a JPEG be decoded at an eighth of its size
    turn = TURNS.get(image.getexif().get(0x0112, 1))
    image.load()
    factor = max(1, max(image.size) // WORK)
    small = Image.new("LA", (-(-image.width // factor), -(-image.height // factor)))
    for top, strip in _strips(image, factor):
        small.paste(strip, (0, top))
    if turn is not None:
        small = small.transpose(turn)
    return _flatten(np.asarray(small, np.float32))


def _strips(image: Image.Image, factor: int) -> Iterator[tuple[int, Image.Image]]:
    """Yield parts of ``image``, shrunk, with their row: a copy of all of it would need 100 MB."""
    height = 16 * factor
    for top in range(0, image.height, height):
        strip = image.crop((0, top, image.width, min(top + height, image.height)))
        if strip.mode.startswith("I"):  # 16 bits
            strip = strip.point(lambda level: level / 256, "L")
        yield top // factor, strip.convert("LA").reduce(factor)


def _flatten(pixels: Grey) -> Grey:
    """Lay [h, w, (grey, opacity)] on a ground: the ink's opposite, or more of the opaque ground."""
    grey, opacity = pixels[..., 0], pixels[..., 1] / 255
    covered = float(opacity.mean())
    if covered == 1:
        return grey
    if covered > 0.5:  # a picture with holes or round corners
        ground = float(np.median(grey[opacity > 0.5]))
    else:  # ink on nothing
        ground = 255 if float((grey * opacity).sum()) < 127.5 * float(opacity.sum()) else 0
    return grey * opacity + ground * (1 - opacity)
