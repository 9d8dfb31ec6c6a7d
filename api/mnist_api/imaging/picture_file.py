"""Removes metadata from picture files before Pillow opens them, and refuses costly variants.

Pillow reads all metadata when it opens a file, however long that takes, so it gets only what
decoding the pixels needs. The EXIF is returned separately.
"""

import re
from typing import NamedTuple

JPEG, PNG, BMP = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM"
MAX_PARTS = 10_000  # chunks or segments; Pillow reads 150 in a ms, and 16 MB usually have 4,000
MAX_SCANS = 32  # each scan of a progressive JPEG costs a pass over all pixels; cameras write 10
KEPT_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
START_OF_SCAN, COMMENT, EXIF = 0xDA, 0xFE, 0xE1
REMOVED_SEGMENTS = {
    COMMENT,
    *range(0xE1, 0xEE),
    0xEF,
}  # all application data but JFIF's and Adobe's
WITHOUT_LENGTH = {0x01, *range(0xD0, 0xDA)}
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
PROGRESSIVE, LOSSLESS = {0xC2, 0xC6, 0xCA, 0xCE}, {0xC3, 0xC7, 0xCB, 0xCF}
RUN_LENGTHS = (1, 2)  # a BMP's compression; the header of 12 bytes (OS/2) has no such field

_find_marker = re.compile(rb"\xff([\x01-\xfe])").search


class PictureError(Exception):
    """The file holds no picture of a digit; the message says why and what to do."""


class PictureFile(NamedTuple):
    """A picture's file, ready to be opened."""

    content: bytes
    exif: bytes = b""  # if it was removed from the content
    in_scans: bool = False  # a JPEG whose decoder keeps all coefficients until the last scan


def strip(content: bytes) -> PictureFile:
    """Return ``content`` without its metadata. Raises PictureError."""
    if content.startswith(PNG):
        return _strip_png(content)
    if content.startswith(JPEG):
        return _strip_jpeg(content)
    if content.startswith(BMP) and _is_compressed_bmp(content):
        # Pillow decodes it in Python: a file of 1 kB can take 6 GB and half a minute
        raise PictureError("The BMP is compressed, which is not read: save it as a PNG.")
    return PictureFile(content)


def damaged() -> PictureError:
    """Return the error for a file that is truncated or inconsistent."""
    return PictureError(
        "The picture is damaged or truncated: save it again and send the whole file."
    )


def _is_compressed_bmp(content: bytes) -> bool:
    size, compression = (int.from_bytes(content[at : at + 4], "little") for at in (14, 30))
    return size != 12 and compression in RUN_LENGTHS


def _strip_png(content: bytes) -> PictureFile:
    view = memoryview(content)
    kept, exif, at = [view[: len(PNG)]], b"", len(PNG)
    for _ in range(MAX_PARTS):
        length = int.from_bytes(content[at : at + 4], "big")
        kind, end = content[at + 4 : at + 8], at + 12 + length
        if kind in KEPT_CHUNKS:
            kept.append(view[at:end])
        elif kind == b"eXIf":
            exif = content[at + 8 : end - 4]
        at = end
        if kind == b"IEND" or at >= len(content):
            return PictureFile(b"".join(kept), exif)
    raise _too_many_parts()


def _strip_jpeg(content: bytes) -> PictureFile:
    view = memoryview(content)
    kept, exif, at = [view[:2]], b"", 2
    progressive, components = False, 0
    for _ in range(MAX_PARTS):
        marker = _find_marker(content, at)
        if marker is None:
            break
        kind, start = marker[1][0], marker.end()
        if kind in WITHOUT_LENGTH:
            at = start
            continue
        at = start + int.from_bytes(content[start : start + 2], "big")
        if kind in FRAMES:
            progressive, components = (
                kind in PROGRESSIVE,
                int.from_bytes(content[start + 7 : start + 8]),
            )
            if kind in LOSSLESS:  # can't be decoded at an eighth of its size
                raise PictureError(
                    "The JPEG is a lossless one, which is not read: save it as a PNG."
                )
        if kind == START_OF_SCAN:
            if content.count(b"\xff\xda", start) >= MAX_SCANS:
                raise PictureError(f"The JPEG has more than {MAX_SCANS} scans: save it again.")
            in_scans = progressive or content[start + 2 : start + 3] != bytes([components])
            return PictureFile(b"".join((*kept, view[start - 2 :])), exif, in_scans)
        if kind == EXIF:
            exif = exif or content[start + 2 : at]
        if kind not in REMOVED_SEGMENTS:
            kept.append(view[start - 2 : at])
    else:
        raise _too_many_parts()
    raise damaged()


def _too_many_parts() -> PictureError:
    return PictureError(f"The file has more than {MAX_PARTS:,} parts: save the picture again.")
