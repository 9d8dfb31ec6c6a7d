"""The IDX format of MNIST, Fashion-MNIST and EMNIST: four files a data set.

The format is described at https://yann.lecun.org/exdb/mnist/: a magic number, the sizes, the bytes.
"""

import gzip
import math
import re
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from mnist_trainer.data.images import MAX_IMAGES, Bytes, LabelledImages, pair
from mnist_trainer.errors import DataError
from mnist_trainer.signature import SIDE

IMAGES, LABELS = 0x803, 0x801  # unsigned bytes in three dimensions, in one
MNIST = ""  # the name of a set whose files have no prefix: MNIST, Fashion-MNIST and others
NAME = re.compile(
    r"(?:(?:train|t10k)|(emnist-\w+)-(?:train|test))-(?:images-idx3|labels-idx1)-ubyte(?:\.gz)?"
)


def list_sets(files: Iterable[str]) -> list[str]:
    """Return the names of the data sets to which ``files`` belong, file names without a folder.

    That is `emnist-digits` and the like for EMNIST, and MNIST's empty name.
    """
    return sorted({found[1] or MNIST for found in map(NAME.fullmatch, files) if found})


def find_files(folder: Path, name: str) -> list[Path]:
    """Return the files of the set ``name``: training images, their labels, test images, theirs.

    Each is gzipped (.gz) or not. Raises DataError.
    """
    parts = (f"{name}-train", f"{name}-test") if name else ("train", "t10k")
    kinds = "images-idx3-ubyte", "labels-idx1-ubyte"
    return [_find_file(folder, f"{part}-{kind}") for part in parts for kind in kinds]


def read(files: list[Path], transposed: bool) -> tuple[LabelledImages, LabelledImages]:
    """Read four files, as `find_files` returns them, into the training part and the test part.

    ``transposed`` images, stored column by column as EMNIST's are, are transposed back.
    Raises DataError.
    """
    train_images, train_labels, test_images, test_labels = files
    return (
        _read_part(train_images, train_labels, transposed),
        _read_part(test_images, test_labels, transposed),
    )


def _find_file(folder: Path, name: str) -> Path:
    zipped, plain = folder / f"{name}.gz", folder / name
    for file in (zipped, plain):
        if file.is_file():
            return file
    raise DataError(
        f"{zipped} is missing, and so is the same name without .gz; a data set is four IDX files "
        "with the names of MNIST or EMNIST, or one .npz file."
    )


def _read_part(images_file: Path, labels_file: Path, transposed: bool) -> LabelledImages:
    images = _read(images_file, IMAGES)
    if transposed:
        images = images.transpose(0, 2, 1)
    flat = images.reshape(len(images), SIDE * SIDE)
    return pair(flat, _read(labels_file, LABELS), images_file, labels_file)


def _read(file: Path, magic: int) -> Bytes:
    """Return the images, uint8 [n, 28, 28], or the labels, uint8 [n], in a file."""
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            return _parse(file, cast(BinaryIO, stream), magic)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DataError(f"{file} is damaged: it cannot be decompressed.") from None
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from None


def _parse(file: Path, stream: BinaryIO, magic: int) -> Bytes:
    """Read as many bytes as the header declares, and one: a small .gz may expand to gigabytes."""
    dimensions = magic & 0xFF
    header = stream.read(4 * (1 + dimensions))
    if len(header) < 4 * (1 + dimensions) or struct.unpack_from(">I", header)[0] != magic:
        what = "images" if magic == IMAGES else "labels"
        raise DataError(f"{file} is not an IDX file of {what}.")
    shape = struct.unpack_from(f">{dimensions}I", header, 4)
    if shape[1:] not in ((), (SIDE, SIDE)):
        size = " x ".join(map(str, shape[1:]))
        raise DataError(f"{file} holds images of {size} pixels, not of {SIDE} x {SIDE}.")
    if shape[0] > MAX_IMAGES:
        raise DataError(
            f"{file} declares {shape[0]:,} images or labels; allowed are {MAX_IMAGES:,}."
        )
    expected = math.prod(shape)
    stored = stream.read(expected + 1)
    if len(stored) != expected:
        actual = "more" if len(stored) > expected else str(len(stored))
        raise DataError(f"{file} should hold {expected} bytes after its header and holds {actual}.")
    return np.frombuffer(stored, np.uint8).reshape(shape)
