"""Pictures as people send them, decoded within bounds and brought to MNIST's form."""

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_api.imaging.memory_limit import limit_memory
from mnist_api.imaging.mnist_form import WORK, BlankPictureError, to_mnist_form
from mnist_api.imaging.orientation import find_transpose
from mnist_api.imaging.picture_file import PictureError, damaged, strip
from mnist_api.imaging.segmentation import Grey

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
MAX_PIXELS = 12_500_000  # a phone's 12 million
MOST_PIXELS = {  # by the memory that a pixel takes until it is decoded, as measured
    "PNG": MAX_PIXELS,  # 4.6 bytes each: 58 MB
    "BMP": MAX_PIXELS,  # 4.6 bytes each
    "JPEG": 25_000_000,  # 0.5 bytes each, at an eighth of the size: 12 MB
    "JPEG in scans": MAX_PIXELS,  # 8.2 bytes each in CMYK: 103 MB
    "WEBP": 6_000_000,  # 16.7 bytes each: 100 MB
}
MOST_SIDE = 65_535  # rows and pointers to them take memory as well: 230 MB for 12 million x 1
MOST_MEMORY = 200_000_000  # bytes that a picture made to take more can have, with all that threads
# and bodies take meanwhile

warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # what it warns of is refused


def read_picture(
    content: bytes, lock: AbstractContextManager[None] | None = None
) -> NDArray[np.float32]:
    """Return the digit in a PNG, JPEG, WebP or BMP file as float32 [784], ink 0 to 1.

    An animation counts by its first frame. ``lock`` is held while the file is decoded. Raises
    PictureError.
    """
    with lock or nullcontext(), limit_memory(MOST_MEMORY):
        grey = _decode(content)
    try:
        return to_mnist_form(grey).reshape(784)
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
        if max(image.size) > MOST_SIDE:
            raise PictureError(
                f"The picture has a side of more than {MOST_SIDE:,} pixels: crop it."
            )
        try:
            return _shrink(image, file.exif or image.info.get("exif", b""))
        except Exception as fault:  # the same, while pixels are decoded
            raise damaged() from fault


def _too_large(bound: int) -> PictureError:
    return PictureError(f"The picture has more than {bound:,} pixels: send a smaller one.")


def _shrink(image: Image.Image, exif: bytes) -> Grey:
    longer = max(image.size)
    width, height = (max(1, side * WORK // longer) for side in image.size)
    image.draft("L", (width, height))  # lets a JPEG be decoded at an eighth of its size
    image.load()
    factor = max(1, max(image.size) // WORK)
    small = Image.new("LA", (-(-image.width // factor), -(-image.height // factor)))
    for place, tile in _tiles(image, factor):
        small.paste(tile, place)
    transpose = find_transpose(exif)
    if transpose is not None:
        small = small.transpose(transpose)
    return _flatten(np.asarray(small, np.float32))


def _tiles(image: Image.Image, factor: int) -> Iterator[tuple[tuple[int, int], Image.Image]]:
    """Yield parts of ``image``, shrunk, with their place: a copy of all of it would need 100 MB."""
    side = max(1, WORK // factor) * factor
    for top in range(0, image.height, side):
        for left in range(0, image.width, side):
            right, bottom = min(left + side, image.width), min(top + side, image.height)
            tile = image.crop((left, top, right, bottom))
            if tile.mode.startswith("I"):  # 16 bits
                tile = tile.point(lambda level: level / 256, "L")
            yield (left // factor, top // factor), tile.convert("LA").reduce(factor)


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
