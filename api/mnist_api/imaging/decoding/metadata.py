"""Removes metadata from picture files before Pillow opens them, and refuses costly variants.

Pillow reads all metadata when it opens a file, however long that takes, so it gets only what
decoding the pixels needs. The EXIF is returned separately.
"""

from mnist_api.imaging.decoding.jpeg import strip_jpeg
from mnist_api.imaging.file_type import JPEG, PNG
from mnist_api.imaging.picture_file import MAX_PARTS, PictureError, PictureFile, too_many_parts

BMP = b"BM"
RUN_LENGTHS = (1, 2)  # a BMP's compression; the header of 12 bytes (OS/2) has no such field
KEPT_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def strip(content: bytes) -> PictureFile:
    """Return ``content`` without its metadata. Raises PictureError."""
    if content.startswith(PNG):
        return _strip_png(content)
    if content.startswith(JPEG):
        return strip_jpeg(content)
    if content.startswith(BMP) and _is_compressed_bmp(content):
        # Pillow decodes it in Python: a file of 1 kB can take 6 GB and half a minute
        raise PictureError("The BMP is compressed, which is not read: save it as a PNG.")
    return PictureFile(content)


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
    raise too_many_parts()
