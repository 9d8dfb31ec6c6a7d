"""EXIF's orientation tag, and the transpose that turns a picture upright."""

import struct

from PIL import Image

TAG, SHORT, ENTRY = 0x0112, 3, 12  # the tag's number, the type of its value, bytes of an entry
BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
TRANSPOSES = {  # by the value of the tag
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TURNS = {TRANSPOSES[value] for value in (5, 6, 7, 8)}  # width and height change places


def find_transpose(exif: bytes) -> Image.Transpose | None:
    """Return the transpose that turns a picture with ``exif`` upright, None if it needs none.

    Pillow's own reader copies every tag's value: with overlapping values, 1 MB become 12 GB.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = BYTE_ORDERS.get(tiff[:4])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for at in range(start + 2, start + 2 + count * ENTRY, ENTRY):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, at)
            if (tag, kind) == (TAG, SHORT):
                return TRANSPOSES.get(value)
    except struct.error:  # the EXIF is truncated
        pass
    return None
