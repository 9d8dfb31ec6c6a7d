"""A picture's file, the limits of its structure, and why it is refused."""

from typing import NamedTuple

MAX_PARTS = 10_000  # chunks or segments; Pillow reads 150 in a ms, and 16 MB usually have 4,000
MAX_SCANS = 32  # each scan of a progressive JPEG costs a pass over all pixels; cameras write 10


class PictureError(Exception):
    """The file holds no picture of a digit; the message says why and what to do."""


class PictureFile(NamedTuple):
    """A picture's file, ready to be opened."""

    content: bytes
    exif: bytes = b""  # if it was removed from the content
    in_scans: bool = False  # a JPEG whose decoder keeps all coefficients until the last scan


def damaged() -> PictureError:
    """Return the error for a file that is truncated or inconsistent."""
    return PictureError(
        "The picture is damaged or truncated: save it again and send the whole file."
    )


def too_many_parts() -> PictureError:
    """Return the error for a file that would take long to walk through."""
    return PictureError(f"The file has more than {MAX_PARTS:,} parts: save the picture again.")
