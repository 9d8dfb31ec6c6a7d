"""EXIF's orientation: how a camera was held, and how its picture is turned upright."""

import struct

from PIL import Image

TAG, SHORT, ENTRY = 0x0112, 3, 12  # the tag's number, the type of its value, bytes of an entry
ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
UPRIGHT = {  # by the value of the tag
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def find_transpose(exif: bytes) -> Image.Transpose | None:
    """Return what turns a picture with ``exif`` upright, None where it is upright or not said.

    Pillow's own reader copies the value of every tag: values that overlap make 12 GB of 1 MB.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = ORDERS.get(tiff[:4])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for at in range(start + 2, start + 2 + count * ENTRY, ENTRY):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, at)
            if (tag, kind) == (TAG, SHORT):
                return UPRIGHT.get(value)
    except struct.error:  # it is cut short
        pass
    return None
