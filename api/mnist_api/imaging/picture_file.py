"""A picture's file before it is decoded: without its metadata, and what decoding it will take.

Pillow reads all metadata when it opens a file, whatever that costs: only what the pixels need is
left to it, and the EXIF apart.
"""

import re
from typing import NamedTuple

JPEG, PNG, BMP = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM"
MOST_PARTS = 10_000  # chunks or segments, of which Pillow reads 150 a ms; 16 MB have some 4,000
MOST_SCANS = 32  # each scan of a progressive JPEG costs a pass over all pixels; cameras write 10
WANTED_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
START_OF_SCAN, COMMENT, EXIF = 0xDA, 0xFE, 0xE1
UNWANTED_SEGMENTS = {COMMENT, *range(0xE1, 0xEE), 0xEF}  # all applications' but JFIF's and Adobe's
WITHOUT_LENGTH = {0x01, *range(0xD0, 0xDA)}
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
PROGRESSIVE, LOSSLESS = {0xC2, 0xC6, 0xCA, 0xCE}, {0xC3, 0xC7, 0xCB, 0xCF}
RUN_LENGTHS = (1, 2)  # a BMP's compression, which OS/2's header of 12 bytes doesn't have

_find_marker = re.compile(rb"\xff([\x01-\xfe])").search


class PictureError(Exception):
    """The bytes hold no picture of a digit; the message says why and what to do."""


class PictureFile(NamedTuple):
    """A picture's file, ready to be opened."""

    content: bytes
    exif: bytes = b""  # where it was taken out
    in_scans: bool = False  # a JPEG whose coefficients are all kept until the last of its scans


def strip(content: bytes) -> PictureFile:
    """Return ``content`` without its metadata. Raises PictureError."""
    if content.startswith(PNG):
        return _strip_png(content)
    if content.startswith(JPEG):
        return _strip_jpeg(content)
    if content.startswith(BMP) and _is_compressed_bmp(content):
        # Pillow decodes it in Python: a file of 1 kB makes 6 GB, and takes half a minute
        raise PictureError("The BMP is compressed, which is not read: save it as a PNG.")
    return PictureFile(content)


def damaged() -> PictureError:
    """Return the refusal of a file that ends too early or contradicts itself."""
    return PictureError("The picture is damaged or cut short: save it anew and send all of it.")


def _is_compressed_bmp(content: bytes) -> bool:
    size, compression = (int.from_bytes(content[at : at + 4], "little") for at in (14, 30))
    return size != 12 and compression in RUN_LENGTHS


def _strip_png(content: bytes) -> PictureFile:
    view = memoryview(content)
    kept, exif, at = [view[: len(PNG)]], b"", len(PNG)
    for _ in range(MOST_PARTS):
        length = int.from_bytes(content[at : at + 4], "big")
        kind, end = content[at + 4 : at + 8], at + 12 + length
        if kind in WANTED_CHUNKS:
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
    for _ in range(MOST_PARTS):
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
            if content.count(b"\xff\xda", start) >= MOST_SCANS:
                raise PictureError(f"The JPEG has more than {MOST_SCANS} scans: save it anew.")
            in_scans = progressive or content[start + 2 : start + 3] != bytes([components])
            return PictureFile(b"".join((*kept, view[start - 2 :])), exif, in_scans)
        if kind == EXIF:
            exif = exif or content[start + 2 : at]
        if kind not in UNWANTED_SEGMENTS:
            kept.append(view[start - 2 : at])
    else:
        raise _too_many_parts()
    raise damaged()


def _too_many_parts() -> PictureError:
    return PictureError(f"The file has more than {MOST_PARTS:,} parts: save the picture anew.")
