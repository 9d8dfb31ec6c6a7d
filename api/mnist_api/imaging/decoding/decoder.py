"""Decoding of picture files within limits of memory."""

import warnings
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image

from mnist_api.imaging.decoding.metadata import strip
from mnist_api.imaging.decoding.orientation import TURNS, find_transpose
from mnist_api.imaging.file_type import UNKNOWN_PICTURE, describe_file, find_picture_type
from mnist_api.imaging.picture_file import PictureError, damaged

WORKING_SIDE = 640  # a larger picture is decoded to no less than this
GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L")
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

warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # such pictures are refused


class Decoded(NamedTuple):
    """A picture, upright and opaque, its longer side less than twice WORKING_SIDE."""

    image: Image.Image  # L or RGB
    width: int  # of the picture that was sent, upright
    height: int


def decode(content: bytes) -> Decoded:
    """Return the picture in a file; of an animation, the first frame. Raises PictureError."""
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


def _shrink(image: Image.Image, exif: bytes) -> Decoded:
    longer = max(image.size)
    transpose = find_transpose(exif)
    width, height = image.size[::-1] if transpose in TURNS else image.size
    mode = "L" if image.mode in GREY_MODES else "RGB"
    least_width, least_height = (max(1, side * WORKING_SIDE // longer) for side in image.size)
    image.draft(mode, (least_width, least_height))  # a JPEG at down to an eighth of its size
    image.load()
    factor = max(1, max(image.size) // WORKING_SIDE)
    mode += "A" * image.has_transparency_data
    small = Image.new(mode, (-(-image.width // factor), -(-image.height // factor)))
    for position, tile in _tiles(image, mode, factor):
        small.paste(tile, position)
    if transpose is not None:
        small = small.transpose(transpose)
    return Decoded(_flatten(small) if mode.endswith("A") else small, width, height)


def _tiles(
    image: Image.Image, mode: str, factor: int
) -> Iterator[tuple[tuple[int, int], Image.Image]]:
    """Yield shrunk parts of ``image`` with their positions; a whole copy would take 100 MB."""
    side = max(1, WORKING_SIDE // factor) * factor
    for top in range(0, image.height, side):
        for left in range(0, image.width, side):
            right, bottom = min(left + side, image.width), min(top + side, image.height)
            tile = image.crop((left, top, right, bottom))
            if tile.mode.startswith("I"):  # 16 bits
                tile = tile.point(lambda level: level / 256, "L")
            yield (left // factor, top // factor), tile.convert(mode).reduce(factor)


def _flatten(image: Image.Image) -> Image.Image:
    """Blend LA or RGBA with the colour of its opaque part or a grey that contrasts with it."""
    pixels = np.asarray(image, np.float32)
    colours, opacity = pixels[..., :-1], pixels[..., -1:] / 255
    if opacity.mean() > 0.5:  # a picture with holes or round corners
        background = np.median(colours[opacity[..., 0] > 0.5], axis=0)
    else:  # ink on a transparent background
        ink = (colours * opacity).sum() / max(1e-6, float(opacity.sum()) * colours.shape[-1])
        background = np.full(1, 255 if ink < 127.5 else 0)
    blended = np.rint(colours * opacity + background * (1 - opacity)).astype(np.uint8)
    return Image.fromarray(blended[..., 0] if blended.shape[-1] == 1 else blended)
