"""Removes metadata, and what follows the picture, from a JPEG file; bounds its scans.

Phones append videos, depth maps and further pictures, with or without the marker of the end.
"""

import re

from mnist_api.imaging.picture_file import (
    MAX_PARTS,
    MAX_SCANS,
    PictureError,
    PictureFile,
    damaged,
    too_many_parts,
)

PIECE = 256 * 1024  # bytes that are searched at once: 10 ms at most, in which no thread runs
START_OF_SCAN, COMMENT, EXIF = 0xDA, 0xFE, 0xE1
END = b"\xff\xd9"
REMOVED_SEGMENTS = {
    COMMENT,
    *range(0xE1, 0xEE),
    0xEF,
}  # all application data but JFIF's and Adobe's
WITHOUT_LENGTH = {0x01, *range(0xD0, 0xDA)}
SEGMENTS = {*range(0xC0, 0xD0), *range(0xDA, 0xFF)}
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
PROGRESSIVE, LOSSLESS = {0xC2, 0xC6, 0xCA, 0xCE}, {0xC3, 0xC7, 0xCB, 0xCF}

_MARKER = re.compile(rb"\xff([\x01-\xfe])")
_MARKER_IN_SCAN = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # but for restarts


def strip_jpeg(content: bytes) -> PictureFile:
    """Return the JPEG up to its end without metadata. Raises PictureError."""
    view = memoryview(content)
    kept: list[bytes | memoryview] = [view[:2]]
    exif, at = b"", 2
    progressive, components = False, 0
    for _ in range(MAX_PARTS):
        marker = _find(_MARKER, content, at)
        if marker is None:
            raise damaged()
        kind, start = marker[1][0], marker.end()
        if kind in WITHOUT_LENGTH:
            at = start
            continue
        at = _skip(content, start)
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
            in_scans = progressive or content[start + 2 : start + 3] != bytes([components])
            end = _find_end(content, at, in_scans)
            kept += (view[start - 2 : end], END if end else b"")
            return PictureFile(b"".join(kept), exif, in_scans)
        if kind == EXIF and content.startswith(b"Exif\0\0", start + 2):  # XMP has the same marker
            exif = exif or content[start + 2 : at]
        if kind not in REMOVED_SEGMENTS:
            kept.append(view[start - 2 : at])
    raise too_many_parts()


def _find_end(content: bytes, at: int, in_scans: bool) -> int | None:
    """Return where the picture ends whose first scan has its data from ``at`` on, if it does.

    Unless the picture is ``in_scans``, the first scan is the only one, whatever follows it. What is
    neither a segment nor a restart is the end, or not a JPEG any more. Raises PictureError.
    """
    scans = 1
    for _ in range(MAX_PARTS):
        marker = _find(_MARKER_IN_SCAN, content, at)
        if marker is None:
            return None
        kind = marker[1][0]
        if kind not in SEGMENTS or not in_scans:
            return marker.start()
        scans += kind == START_OF_SCAN
        if scans > MAX_SCANS:
            raise PictureError(f"The JPEG has more than {MAX_SCANS} scans: save it again.")
        at = _skip(content, marker.end())
    raise too_many_parts()


def _find(pattern: re.Pattern[bytes], content: bytes, at: int) -> re.Match[bytes] | None:
    """Return the first marker from ``at`` on; between pieces, other threads can run."""
    for start in range(at, len(content), PIECE):
        if found := pattern.search(content, start, start + PIECE + 1):
            return found
    return None


def _skip(content: bytes, start: int) -> int:
    """Return the end of the segment whose length is at ``start``."""
    return start + int.from_bytes(content[start : start + 2], "big")
