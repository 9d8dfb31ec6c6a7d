"""Images as .npy files and as raw tensors."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from numpy.lib import format as npy_format

from mnist_api.codecs.npy import read_npy
from mnist_api.codecs.raw_tensor import find_dtype, read_raw_tensor, view_floats
from mnist_api.http import Request
from support.refusals import refused

BYTES = (np.arange(2 * 784) % 251).astype(np.uint8).reshape(2, 784)
FLOATS = BYTES.astype(np.float32) / 255


def npy(array: np.ndarray, version: tuple[int, int] | None = None) -> bytes:
    file = io.BytesIO()
    npy_format.write_array(file, array, version)
    return file.getvalue()


SHAPES = [
    ((784,), True),
    ((28, 28), True),
    ((28, 28, 1), True),
    ((2, 784), False),
    ((2, 28, 28), False),
    ((2, 28, 28, 1), False),
    ((2, 1, 28, 28), False),
]


@pytest.mark.parametrize(("shape", "is_one"), SHAPES)
@pytest.mark.parametrize("given", [BYTES, FLOATS])
def test_an_array_of_each_shape_is_read(
    given: np.ndarray, shape: tuple[int, ...], is_one: bool
) -> None:
    images = given[:1] if is_one else given
    found, was_one = read_npy(npy(images.reshape(shape)))
    assert was_one is is_one
    assert found.dtype == given.dtype
    assert (found == images).all()


FORMS: list[tuple[str, Callable[[], bytes], np.ndarray]] = [
    ("version 2", lambda: npy(BYTES, (2, 0)), BYTES),
    ("Fortran's order", lambda: npy(np.asfortranarray(BYTES)), BYTES),
    ("float64", lambda: npy(FLOATS.astype(float)), FLOATS),
    ("float16", lambda: npy(FLOATS.astype(np.float16)), FLOATS.astype(np.float16)),
    ("the big end first", lambda: npy(FLOATS.astype(">f4")), FLOATS),
    ("too large for float32", lambda: npy(np.full((1, 784), 1e300)), np.full((1, 784), np.inf)),
]


@pytest.mark.parametrize(
    ("body", "images"), [form[1:] for form in FORMS], ids=[f[0] for f in FORMS]
)
def test_other_forms_of_arrays_are_read(body: Callable[[], bytes], images: np.ndarray) -> None:
    found, _ = read_npy(body())
    assert found.dtype in (np.uint8, np.dtype("=f4"))
    assert found.flags.c_contiguous
    assert (found == images).all()


NO_NPY = (
    "The body is not a .npy file: send what np.save writes, an array of uint8 or float32, with "
    "curl --data-binary @digits.npy."
)
SHAPE = (
    "send (784,), (28, 28) or (28, 28, 1) for an image, (n, 784), (n, 28, 28) or (n, 28, 28, 1) "
    "for a list of them."
)
PICTURE = "This is a picture: send it to /predict with the content type image/png."
REFUSED_NPY = {
    "nothing": (b"", 400, NO_NPY),
    "a picture": (b"\x89PNG\r\n\x1a\n", 400, PICTURE),
    "version 3": (npy(BYTES, (3, 0)), 400, NO_NPY),
    "a pickle": (npy(np.array([{}], object)), 400, NO_NPY),
    "a byte too few": (npy(BYTES)[:-1], 400, NO_NPY),
    "a byte too many": (npy(BYTES) + b"0", 400, NO_NPY),
    "a dimension below 0": (npy(BYTES).replace(b"(2, 784)", b"(-1,784)"), 400, NO_NPY),
    "an integer": (
        npy(BYTES.astype(">i8")),
        422,
        "The array is of >i8: send uint8 (0 to 255) or float32 (0 to 1).",
    ),
    "a number": (npy(np.uint8(7)), 422, f"The array's shape is (): {SHAPE}"),
    "another shape": (npy(BYTES.T.copy()), 422, f"The array's shape is (784, 2): {SHAPE}"),
}


@pytest.mark.parametrize(("body", "status", "sentence"), REFUSED_NPY.values(), ids=REFUSED_NPY)
def test_another_array_is_refused(body: bytes, status: int, sentence: str) -> None:
    with refused(status, sentence):
        read_npy(body)


def test_an_array_without_images_is_read() -> None:
    """That at least one is needed is checked for all formats at once, later."""
    found, is_one = read_npy(npy(BYTES[:0]))
    assert found.shape == (0, 784)
    assert not is_one


def tensor(body: bytes, query: str = "", media_type: str = "application/octet-stream") -> Request:
    return Request("/predict", query, {b"content-type": media_type.encode()}, body)


OCTETS = "application/octet-stream"
DTYPES = [
    ("", OCTETS, None),
    ("dtype=float32", OCTETS, "float32"),
    ("", f"{OCTETS}; dtype=float32", "float32"),
    ("dtype=uint8", f"{OCTETS}; dtype=float32", "uint8"),
    ("dtype=uint8&dtype=float32", OCTETS, "float32"),
    ("dtype=", f"{OCTETS}; dtype=float32", ""),
]


@pytest.mark.parametrize(("query", "media_type", "dtype"), DTYPES)
def test_the_dtype_is_that_of_the_query_else_of_the_content_type(
    query: str, media_type: str, dtype: str | None
) -> None:
    assert find_dtype(tensor(b"", query, media_type)) == dtype


def test_a_raw_tensor_is_uint8_unless_its_dtype_is_float32() -> None:
    for given, query in ((BYTES, ""), (BYTES, "dtype=uint8"), (FLOATS, "dtype=float32")):
        body = given.tobytes()
        found = read_raw_tensor(tensor(body, query))
        assert found.dtype == given.dtype
        assert (found == given).all()
        assert np.shares_memory(found, np.frombuffer(body, np.uint8))


def test_floats_that_are_not_aligned_are_copied() -> None:
    body = bytes(5) + FLOATS.tobytes()
    address = np.frombuffer(body, np.uint8, offset=5).ctypes.data
    assert address % 4
    found = view_floats(body, 5)
    assert (found == FLOATS).all()
    assert found.ctypes.data % 4 == 0


LENGTH = (
    "The body has {} bytes, but a multiple of {} is needed: an image is 784 {} without a header. "
    "?dtype=uint8 or ?dtype=float32 sets the type. For a picture, send its own content type, such "
    "as image/bmp."
)
DTYPE = 'The dtype is "{}": use uint8 (0 to 255) or float32 (0 to 1).'
REFUSED_TENSORS = {
    "bytes": (bytes(785), "", LENGTH.format(785, 784, "uint8")),
    "floats": (bytes(784), "dtype=float32", LENGTH.format(784, 3136, "float32")),
    "another dtype": (bytes(784), f"dtype={'i' * 41}", DTYPE.format("i" * 40)),
    "a picture": (
        b"\x89PNG\r\n\x1a\n",
        "",
        f"{PICTURE} If it is a raw tensor, add ?dtype=uint8.",
    ),
}


@pytest.mark.parametrize(
    ("body", "query", "sentence"), REFUSED_TENSORS.values(), ids=REFUSED_TENSORS
)
def test_another_raw_tensor_is_refused(body: bytes, query: str, sentence: str) -> None:
    with refused(422, sentence):
        read_raw_tensor(tensor(body, query))


def test_an_array_of_float32_is_not_copied() -> None:
    body = npy(FLOATS)
    assert np.shares_memory(read_npy(body)[0], np.frombuffer(body, np.uint8))


def test_a_body_with_a_dtype_may_begin_like_a_picture() -> None:
    body = b"\x89PNG\r\n\x1a\n" + bytes(776)
    assert (read_raw_tensor(tensor(body, "dtype=uint8")) == np.frombuffer(body, np.uint8)).all()
