"""Numpy's archives of arrays, .npz: Keras' own four, or images and labels alone."""

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

from mnist_trainer.data.images import MOST, Bytes, Digits, pair
from mnist_trainer.errors import DataError
from mnist_trainer.signature import SIDE

SPLIT = ("x_train", "y_train", "x_test", "y_test")
ALONE = ("images", "labels")
LISTED = 8  # arrays at most, where the names are not the right ones
TEST_SHARE = 7  # one image in seven is for the test where none are given: 10,000 of MNIST's 70,000
SHAPES = ((SIDE, SIDE), (SIDE * SIDE,), (SIDE, SIDE, 1))  # of one image

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # those that numpy writes
# What Python's and numpy's readers raise where bytes have been spoilt
DAMAGE = (
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
    """An array in an archive; the first of ``shape`` counts images or labels."""

    archive: zipfile.ZipFile
    key: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        return f"{self.key} in {self.archive.filename}"


def read(file: Path) -> tuple[Digits, Digits]:
    """Read the training part and the test part out of ``file``.

    Where it holds `images` and `labels` alone, they are shuffled, the same way every time, and a
    seventh becomes the test part. Nothing is ever unpickled. Raises DataError.
    """
    with _open(file) as archive:
        keys = {name.removesuffix(".npy") for name in archive.namelist()}
        forms = [form for form in (SPLIT, ALONE) if keys.issuperset(form)]
        if len(forms) != 1:
            held = ", ".join(map(repr, sorted(keys)[:LISTED])) or "nothing"
            raise DataError(
                f"{file} holds {held}; needed are either {', '.join(SPLIT)} or "
                f"{' and '.join(ALONE)}."
            )
        entries = [_look(archive, key) for key in forms[0]]
        if forms == [SPLIT]:
            return _read_part(*entries[:2]), _read_part(*entries[2:])
        both = _read_part(*entries).shuffled()
        tested = len(both) // TEST_SHARE
        return both.rest(tested), both.first(tested)


def _open(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except PermissionError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from None
    except DAMAGE:
        raise DataError(f"{file} is no .npz file, or a damaged one.") from None


def _look(archive: zipfile.ZipFile, key: str) -> _Entry:
    """Read an array's header alone, for what it promises may be more than memory holds."""
    try:
        if archive.getinfo(f"{key}.npy").compress_type not in COMPRESSIONS:
            raise DataError(f"{key} in {archive.filename} is not compressed as numpy does it.")
        with archive.open(f"{key}.npy") as stream:
            shape, _, dtype = HEADERS[npy.read_magic(stream)](stream)
    except (*DAMAGE, KeyError):
        raise DataError(f"{key} in {archive.filename} is no array, or a damaged one.") from None
    if shape and shape[0] > MOST:
        raise DataError(
            f"{key} in {archive.filename} promises {shape[0]:,} images or labels; allowed are "
            f"{MOST:,}."
        )
    return _Entry(archive, key, shape, dtype)


def _read_part(images: _Entry, labels: _Entry) -> Digits:
    return pair(_read_images(images), _read_labels(labels), images, labels)


def _read_images(entry: _Entry) -> Bytes:
    """Return uint8 [n, 784]; images of 0 to 1 become bytes."""
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
    except DAMAGE:
        raise DataError(f"{entry} is damaged.") from None
