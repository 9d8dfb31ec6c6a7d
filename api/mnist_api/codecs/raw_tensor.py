"""Raw tensors (application/octet-stream): n x 784 uint8 or little-endian float32."""

from urllib.parse import parse_qs

import numpy as np
from numpy.typing import NDArray

from mnist_api.http import Request, parameters_of
from mnist_api.imaging.file_type import describe_file
from mnist_api.problems import ProblemError
from mnist_api.signature import PIXELS, Images

FLOAT32 = np.dtype("<f4")
SIZES = {"uint8": PIXELS, "float32": PIXELS * FLOAT32.itemsize}  # bytes of an image


def read_raw_tensor(request: Request) -> Images:
    """Return the body's images, uint8 or float32 [n, 784], not copied.

    The type is that of ``find_dtype``, else uint8 unless the body is a file of another kind. Raises
    ProblemError (422).
    """
    dtype = find_dtype(request)
    if dtype is None and (known := describe_file(request.body)):
        raise ProblemError(422, f"{known} If it is a raw tensor, add ?dtype=uint8.")
    dtype = dtype or "uint8"
    if dtype not in SIZES:
        raise ProblemError(
            422, f'The dtype is "{dtype[:40]}": use uint8 (0 to 255) or float32 (0 to 1).'
        )
    size, length = SIZES[dtype], len(request.body)
    if length % size:
        raise ProblemError(
            422,
            f"The body has {length} bytes, but a multiple of {size} is needed: an image is "
            f"784 {dtype} without a header. ?dtype=uint8 or ?dtype=float32 sets the type. For a "
            "picture, send its own content type, such as image/bmp.",
        )
    if dtype == "uint8":
        return np.frombuffer(request.body, np.uint8).reshape(-1, PIXELS)
    return view_floats(request.body, 0)


def find_dtype(request: Request) -> str | None:
    """Return ``?dtype=``, else the content type's parameter ``dtype``, if there is one."""
    given = parse_qs(request.query, keep_blank_values=True).get("dtype")
    if given:
        return given[-1]
    return parameters_of(request.header(b"content-type")).get("dtype")


def view_floats(body: bytes, start: int) -> NDArray[np.float32]:
    """Return ``body`` from ``start`` on as float32 [n, 784], copied only if it is not aligned.

    The network takes three times as long with unaligned numbers.
    """
    content = np.frombuffer(body, np.uint8, offset=start)
    if content.ctypes.data % FLOAT32.itemsize:
        content = content.copy()
    return content.view(FLOAT32).reshape(-1, PIXELS).astype(np.float32, copy=False)
