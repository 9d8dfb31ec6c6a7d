"""NumPy's .npy format, as np.save writes it; pickled objects are refused."""

from io import BytesIO

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from mnist_api.imaging.file_type import NPY_FILE, describe_file
from mnist_api.problems import ProblemError
from mnist_api.signature import PIXELS, Images

ONE = ((PIXELS,), (28, 28), (28, 28, 1))
LIST = (*ONE, (1, 28, 28))
UNKNOWN = (
    "The body is not a .npy file: send what np.save writes, an array of uint8 or float32, with "
    "curl --data-binary @digits.npy."
)
READERS = {
    (1, 0): npy_format.read_array_header_1_0,
    (2, 0): npy_format.read_array_header_2_0,
}


def read_npy(body: bytes) -> tuple[Images, bool]:
    """Return uint8 or float32 [n, 784], and whether it is one image rather than a list of them.

    The array has one of ONE's shapes, or one of LIST's after its first dimension. Raises
    ProblemError (400, 422).
    """
    array = _view(body)
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise ProblemError(
            422, f"The array is of {array.dtype}: send uint8 (0 to 255) or float32 (0 to 1)."
        )
    is_one = array.shape in ONE
    if not is_one and array.shape[1:] not in LIST:
        raise ProblemError(
            422,
            f"The array's shape is {array.shape}: send (784,), (28, 28) or (28, 28, 1) for an "
            "image, (n, 784), (n, 28, 28) or (n, 28, 28, 1) for a list of them.",
        )
    images = np.ascontiguousarray(array.reshape(-1, PIXELS))
    if images.dtype == np.uint8:
        return images.view(np.uint8), is_one
    with np.errstate(over="ignore"):  # too large for float32 is out of range anyway
        return images.astype(np.float32, copy=False), is_one


def _view(body: bytes) -> NDArray[np.generic]:
    """Return the array that ``body`` holds, not copied. Raises ProblemError (400)."""
    try:
        file = BytesIO(body)
        read_header = READERS[npy_format.read_magic(file)]
        shape, is_fortran, dtype = read_header(file)
        if min(shape, default=0) < 0:  # a dimension that reshape would replace by what fits
            raise ValueError
        flat = np.frombuffer(
            body, dtype, offset=file.tell()
        )  # raises for objects, so that no pickle is read
        return flat.reshape(shape, order="F" if is_fortran else "C")
    except Exception as error:  # the header is a Python literal; errors have many types
        known = None if body.startswith(NPY_FILE) else describe_file(body)
        raise ProblemError(400, known or UNKNOWN) from error
