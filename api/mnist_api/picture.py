"""Pictures as people send them, decoded within bounds and brought to MNIST's form."""

import warnings
from collections.abc import Iterator
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_api.ink import Grey
from mnist_api.mnist_form import WORK, BlankPictureError, to_mnist_form
from mnist_api.orientation import find_transpose
from mnist_api.picture_file import PictureError, damaged, strip

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
MAX_PIXELS = 12_500_000  # a phone's 12 million
MOST_PIXELS = {  # by the memory that a pixel takes until it is decoded, as measured
    "PNG": MAX_PIXELS,  # 4.6 bytes each: 58 MB
    "BMP": MAX_PIXELS,  # 4.6 bytes each
    "JPEG": 25_000_000,  # 0.5 bytes each, at an eighth of the size: 12 MB
    "JPEG in scans": MAX_PIXELS,  # 8.2 bytes each in CMYK: 103 MB
    "WEBP": 5_000_000,  # 22 bytes each where it is lossless: 110 MB
}
MOST_MEMORY = 150_000_000  # bytes; no picture within these bounds takes more, unless it is made to

warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # what it warns of is refused


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
    file = strip(content)
    try:
        image = Image.open(BytesIO(file.content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise _too_large(MAX_PIXELS) from None
    except Exception as fault:  # decoders raise whatever a damaged file leads them to
        raise PictureError(
            "This is not a picture that can be read: send a PNG, JPEG, WebP or BMP file."
        ) from fault
    with image:
        bound = MOST_PIXELS["JPEG in scans" if file.in_scans else str(image.format)]
        if image.width * image.height > bound:
            raise _too_large(bound)
        try:
            return _shrink(image, file.exif or image.info.get("exif", b""))
        except Exception as fault:  # the same, while pixels are decoded
            raise damaged() from fault


def _too_large(bound: int) -> PictureError:
    return PictureError(f"The picture has more than {bound:,} pixels: send a smaller one.")


def _shrink(image: Image.Image, exif: bytes) -> Grey:
    longer = max(image.size)
    wanted = (max(1, side * WORK // longer) for side in image.size)
    image.draft("L", tuple(wanted))  # lets a JPEG be decoded at an eighth of its size
    image.load()
    factor = max(1, max(image.size) // WORK)
    small = Image.new("LA", (-(-image.width // factor), -(-image.height // factor)))
    for top, part in _strips(image, factor):
        small.paste(part, (0, top))
    transpose = find_transpose(exif)
    if transpose is not None:
        small = small.transpose(transpose)
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
