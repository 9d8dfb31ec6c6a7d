"""Picture files, decoded within limits and converted to MNIST's form."""

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_api.imaging.file_type import UNKNOWN_PICTURE, describe_file, find_picture_type
from mnist_api.imaging.memory_limit import limit_memory
from mnist_api.imaging.metadata import strip
from mnist_api.imaging.mnist_form import WORKING_SIDE, BlankPictureError, to_mnist_form
from mnist_api.imaging.orientation import find_transpose
from mnist_api.imaging.picture_file import PictureError, damaged
from mnist_api.imaging.segmentation import Grey

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
MAX_PIXELS = 12_500_000  # phones have 12 million
MAX_PIXELS_BY_FORMAT = {  # by the memory that decoding takes for a pixel, as measured
    "PNG": MAX_PIXELS,  # 4.6 bytes each: 58 MB
    "BMP": MAX_PIXELS,  # 4.6 bytes each
    "JPEG": 25_000_000,  # 0.5 bytes each, at an eighth of the size: 12 MB
    "JPEG in scans": MAX_PIXELS,  # 8.2 bytes each in CMYK: 103 MB
    "WEBP": 6_000_000,  # 16.7 bytes each: 100 MB
}
MAX_SIDE = 65_535  # rows and pointers to them take memory as well: 230 MB for 12 million x 1
MAX_MEMORY = 200_000_000  # bytes while a picture is decoded, other threads and bodies included

warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # such pictures are refused


def read_picture(
    content: bytes, lock: AbstractContextManager[None] | None = None
) -> NDArray[np.float32]:
    """Return the digit in a PNG, JPEG, WebP or BMP file as float32 [784], ink 0 to 1.

    Of an animation, the first frame is read. ``lock`` is held while the file is decoded. Raises
    PictureError.
    """
    with lock or nullcontext(), limit_memory(MAX_MEMORY):
        grey = _decode(content)
    try:
        return to_mnist_form(grey).reshape(784)
    except BlankPictureError as error:
        raise PictureError(str(error)) from error


def _decode(content: bytes) -> Grey:
    """Return float32 [h, w], 0 to 255, upright, opaque, its longer side about WORKING_SIDE."""
    file = strip(content)
    try:
        image = Image.open(BytesIO(file.content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise _too_large(MAX_PIXELS) from None
    except Exception as error:  # decoders raise errors of many types for a damaged file
        known = None if find_picture_type(content) else describe_file(content)
        raise PictureError(known or UNKNOWN_PICTURE) from error
    with image:
        limit = MAX_PIXELS_BY_FORMAT["JPEG in scans" if file.in_scans else str(image.format)]
        if image.width * image.height > limit:
            raise _too_large(limit)
        if max(image.size) > MAX_SIDE:
            raise PictureError(f"The picture has a side of more than {MAX_SIDE:,} pixels: crop it.")
        try:
            return _shrink(image, file.exif or image.info.get("exif", b""))
        except Exception as error:  # as above
            raise damaged() from error


def _too_large(limit: int) -> PictureError:
    return PictureError(f"The picture has more than {limit:,} pixels: send a smaller one.")


def _shrink(image: Image.Image, exif: bytes) -> Grey:
    longer = max(image.size)
    width, height = (max(1, side * WORKING_SIDE // longer) for side in image.size)
    image.draft("L", (width, height))  # decodes a JPEG at down to an eighth of its size
    image.load()
    factor = max(1, max(image.size) // WORKING_SIDE)
    small = Image.new("LA", (-(-image.width // factor), -(-image.height // factor)))
    for position, tile in _tiles(image, factor):
        small.paste(tile, position)
    transpose = find_transpose(exif)
    if transpose is not None:
        small = small.transpose(transpose)
    return _flatten(np.asarray(small, np.float32))


def _tiles(image: Image.Image, factor: int) -> Iterator[tuple[tuple[int, int], Image.Image]]:
    """Yield shrunk parts of ``image`` with their positions; a whole copy would take 100 MB."""
    side = max(1, WORKING_SIDE // factor) * factor
    for top in range(0, image.height, side):
        for left in range(0, image.width, side):
            right, bottom = min(left + side, image.width), min(top + side, image.height)
            tile = image.crop((left, top, right, bottom))
            if tile.mode.startswith("I"):  # 16 bits
                tile = tile.point(lambda level: level / 256, "L")
            yield (left // factor, top // factor), tile.convert("LA").reduce(factor)


def _flatten(pixels: Grey) -> Grey:
    """Blend [h, w, (grey, opacity)] with the opaque part's grey or one that contrasts with it."""
    grey, opacity = pixels[..., 0], pixels[..., 1] / 255
    coverage = float(opacity.mean())
    if coverage == 1:
        return grey
    if coverage > 0.5:  # a picture with holes or round corners
        background = float(np.median(grey[opacity > 0.5]))
    else:  # ink on a transparent background
        background = 255 if float((grey * opacity).sum()) < 127.5 * float(opacity.sum()) else 0
    return grey * opacity + background * (1 - opacity)
