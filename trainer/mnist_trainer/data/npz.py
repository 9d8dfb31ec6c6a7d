"""NumPy's .npz archives: the four arrays of Keras' data sets, or images and labels alone."""

import struct
import tokenize
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from mnist_trainer.data.images import MAX_IMAGES, Bytes, LabelledImages, pair
from mnist_trainer.errors import DataError
from mnist_trainer.signature import SIDE

SPLIT_KEYS = ("x_train", "y_train", "x_test", "y_test")
UNSPLIT_KEYS = ("images", "labels")
MAX_LISTED = 8  # names at most in an error
TEST_SHARE = 7  # one image in 7, where the archive has no test part: 10,000 of 70,000
SHAPES = ((SIDE, SIDE), (SIDE * SIDE,), (SIDE, SIDE, 1))  # of one image

HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # those that NumPy writes
# What Python's and NumPy's readers raise on damaged bytes
READ_ERRORS = (
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class _Entry:
    """An array in an archive; ``shape[0]`` is the number of images or labels."""

    archive: zipfile.ZipFile
    key: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        return f"{self.key} in {self.archive.filename}"


def read(file: Path) -> tuple[LabelledImages, LabelledImages]:
    """Read the training part and the test part out of ``file``.

    Where it holds `images` and `labels` alone, they are shuffled with a fixed seed, and a seventh
    becomes the test part. Nothing is unpickled. Raises DataError.
    """
    with _open(file) as archive:
        keys = {name.removesuffix(".npy") for name in archive.namelist()}
        layouts = [layout for layout in (SPLIT_KEYS, UNSPLIT_KEYS) if keys.issuperset(layout)]
        if len(layouts) != 1:
            found = ", ".join(map(repr, sorted(keys)[:MAX_LISTED])) or "nothing"
            raise DataError(
                f"{file} holds {found}; needed are either {', '.join(SPLIT_KEYS)} or "
                f"{' and '.join(UNSPLIT_KEYS)}."
            )
        entries = [_read_header(archive, key) for key in layouts[0]]
        if layouts == [SPLIT_KEYS]:
            return _read_part(*entries[:2]), _read_part(*entries[2:])
        both = _read_part(*entries).shuffled()
        count = len(both) // TEST_SHARE
        return both.rest(count), both.first(count)


def _open(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except PermissionError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from None
    except READ_ERRORS:
        raise DataError(f"{file} is no .npz file, or a damaged one.") from None


def _read_header(archive: zipfile.ZipFile, key: str) -> _Entry:
    """Read an array's header alone: the array that it declares may not fit in memory."""
    try:
        if archive.getinfo(f"{key}.npy").compress_type not in COMPRESSIONS:
            raise DataError(f"{key} in {archive.filename} is not compressed as NumPy does it.")
        with archive.open(f"{key}.npy") as stream:
            shape, _, dtype = HEADER_READERS[npy.read_magic(stream)](stream)
    except (*READ_ERRORS, KeyError):
        raise DataError(f"{key} in {archive.filename} is no array, or a damaged one.") from None
    if shape and shape[0] > MAX_IMAGES:
        raise DataError(
            f"{key} in {archive.filename} declares {shape[0]:,} images or labels; allowed are "
            f"{MAX_IMAGES:,}."
        )
    return _Entry(archive, key, shape, dtype)


def _read_part(images: _Entry, labels: _Entry) -> LabelledImages:
    return pair(_read_images(images), _read_labels(labels), images, labels)


def _read_images(entry: _Entry) -> Bytes:
    """Return uint8 [n, 784]; floats of 0 to 1 are scaled to 0 to 255."""
    if entry.shape[1:] not in SHAPES:
        raise DataError(
            f"{entry} has the shape {entry.shape}; needed are images of {SIDE} x {SIDE} pixels, "
            f"[n, {SIDE}, {SIDE}] or [n, {SIDE * SIDE}]."
        )
    allowed = "images are bytes (uint8), or floats of 0 to 1"
    if entry.dtype != np.uint8 and entry.dtype.kind != "f":
        raise DataError(f"{entry} holds {entry.dtype}; {allowed}.")
    images = _load(entry).reshape(entry.shape[0], SIDE * SIDE)
    if entry.dtype == np.uint8:
        return images
    low, high = images.min(initial=0), images.max(initial=0)
    if not (low >= 0 and high <= 1):  # so that a NaN does not pass
        raise DataError(f"{entry} holds values from {low:g} to {high:g}; {allowed}.")
    return np.asarray(np.rint(images * 255), np.uint8)


def _read_labels(entry: _Entry) -> NDArray[Any]:
    if len(entry.shape) != 1:
        raise DataError(
            f"{entry} has the shape {entry.shape}; needed is one label an image, [n]: of one-hot "
            "labels their argmax."
        )
    if entry.dtype.kind not in "iu":
        raise DataError(f"{entry} holds {entry.dtype}; labels are whole numbers, 0 to 9.")
    return _load(entry)


def _load(entry: _Entry) -> NDArray[Any]:
    try:
        with entry.archive.open(f"{entry.key}.npy") as stream:
            return npy.read_array(stream, allow_pickle=False)
    except READ_ERRORS:
        raise DataError(f"{entry} is damaged.") from None
