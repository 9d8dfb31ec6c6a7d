"""Digits from four IDX files: read, checked, split.

The format is described at https://yann.lecun.org/exdb/mnist/: a magic number, the sizes, the bytes.
"""

import gzip
import hashlib
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.errors import TrainerError

SHIPPED = Path(__file__).resolve().parent.parent / "data"
SHIPPED_SHA256 = {
    "train-images-idx3-ubyte": "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    "train-labels-idx1-ubyte": "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
    "t10k-images-idx3-ubyte": "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    "t10k-labels-idx1-ubyte": "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
}
IMAGES, LABELS = 0x803, 0x801  # unsigned bytes in three dimensions, in one
SIDE, CLASSES = 28, 10
VALIDATION_SHARE = 12  # one training image in twelve: 5,000 of 60,000

Bytes = NDArray[np.uint8]


class DataError(TrainerError):
    """A file of the data set is missing, damaged or of another form; names the file."""


@dataclass(frozen=True)
class Digits:
    """Images as uint8 [n, 784], row by row, ink 0 to 255, and their labels as uint8 [n], 0 to 9."""

    images: Bytes
    labels: Bytes

    def __len__(self) -> int:
        return len(self.labels)

    def pixels(self) -> NDArray[np.float32]:
        """Return the images the way the network takes them, float32 [n, 784], 0 to 1."""
        return np.divide(self.images, 255, dtype=np.float32)

    def first(self, count: int) -> "Digits":
        """Return the first ``count`` digits, or all where there are fewer."""
        return Digits(self.images[:count], self.labels[:count])


@dataclass(frozen=True)
class Dataset:
    """A data set in its three parts; ``digest`` is the SHA-256 of all its pixels and labels."""

    name: str
    digest: str
    train: Digits
    validation: Digits
    test: Digits


def load(folder: Path) -> Dataset:
    """Read the four files in ``folder``, each gzipped (.gz) or not.

    The last twelfth of the training images is set aside for validation: 55,000 and 5,000 of
    MNIST's 60,000. Raises DataError.
    """
    training, test = _read_digits(folder, "train"), _read_digits(folder, "t10k")
    if len(training) < VALIDATION_SHARE:
        raise DataError(
            f"{folder} holds {len(training)} training images, and at least "
            f"{VALIDATION_SHARE} are needed, one of them for validation."
        )
    digest = hashlib.sha256()
    for part in (training, test):
        digest.update(part.images.tobytes())
        digest.update(part.labels.tobytes())
    kept = len(training) - len(training) // VALIDATION_SHARE
    return Dataset(
        name="mnist" if _is_shipped(folder) else folder.resolve().name,
        digest=digest.hexdigest(),
        train=training.first(kept),
        validation=Digits(training.images[kept:], training.labels[kept:]),
        test=test,
    )


def _is_shipped(folder: Path) -> bool:
    return folder.resolve() == SHIPPED


def _read_digits(folder: Path, part: str) -> Digits:
    images_file, images = _read(folder, f"{part}-images-idx3-ubyte", IMAGES)
    labels_file, labels = _read(folder, f"{part}-labels-idx1-ubyte", LABELS)
    if images.shape[1:] != (SIDE, SIDE):
        size = " x ".join(map(str, images.shape[1:]))
        raise DataError(f"{images_file} holds images of {size} pixels, not of {SIDE} x {SIDE}.")
    if not len(images):
        raise DataError(f"{images_file} holds no images.")
    if len(images) != len(labels):
        raise DataError(
            f"{labels_file} holds {len(labels)} labels for the {len(images)} images beside it."
        )
    if labels.max() >= CLASSES:
        raise DataError(f"{labels_file} holds the label {labels.max()}; labels are 0 to 9.")
    return Digits(images.reshape(len(images), SIDE * SIDE), labels)


def _read(folder: Path, name: str, magic: int) -> tuple[Path, Bytes]:
    """Return where file ``name`` stands and the array it holds."""
    file = folder / f"{name}.gz"
    if not file.is_file() and (folder / name).is_file():
        file = folder / name
    try:
        stored = file.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{file} is missing; so is the same name without .gz.") from None
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from None
    if _is_shipped(folder) and hashlib.sha256(stored).hexdigest() != SHIPPED_SHA256[name]:
        raise DataError(f"{file} is not the file that was shipped: its SHA-256 is another one.")
    if file.suffix == ".gz":
        try:
            stored = gzip.decompress(stored)
        except (OSError, EOFError, zlib.error):
            raise DataError(f"{file} is damaged: it cannot be decompressed.") from None
    return file, _parse(file, stored, magic)


def _parse(file: Path, stored: bytes, magic: int) -> Bytes:
    dimensions = magic & 0xFF
    start = 4 * (1 + dimensions)
    if len(stored) < start or struct.unpack_from(">I", stored)[0] != magic:
        what = "images" if magic == IMAGES else "labels"
        raise DataError(f"{file} is not an IDX file of {what}.")
    shape = struct.unpack_from(f">{dimensions}I", stored, 4)
    due = int(np.prod(shape, dtype=object))
    if len(stored) - start != due:
        raise DataError(
            f"{file} should hold {due} bytes after its header and holds {len(stored) - start}."
        )
    return np.frombuffer(stored, np.uint8, offset=start).reshape(shape)
