"""A data set: read from a folder or a file, checked, and split in three."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnist_trainer.data import idx, npz
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.errors import DataError

SHIPPED = Path(__file__).resolve().parents[2] / "data"
SHIPPED_SHA256 = {
    "train-images-idx3-ubyte": "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    "train-labels-idx1-ubyte": "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
    "t10k-images-idx3-ubyte": "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    "t10k-labels-idx1-ubyte": "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
}
MNIST_SHA256 = "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16"  # a `digest`
VALIDATION_SHARE = 12  # one training image in 12: 5,000 of 60,000
FEWEST_CLASSES = 2  # fewer leave nothing to classify


@dataclass(frozen=True)
class Dataset:
    """A data set in its three parts; ``digest`` is the SHA-256 of all its pixels and labels."""

    name: str
    digest: str
    train: LabelledImages
    validation: LabelledImages
    test: LabelledImages


def load_dataset(path: Path) -> Dataset:
    """Read the data set at ``path``: a folder with four IDX files or one .npz, or an .npz file.

    The last twelfth of the training images is used for validation: of MNIST's 60,000 there are
    55,000 and 5,000. Where that twelfth lacks a class, as in a file sorted by label, the training
    images are shuffled first, with a fixed seed. Raises DataError.
    """
    training, test = _read(path)
    if len(training) < VALIDATION_SHARE:
        raise DataError(
            f"{path} holds {len(training)} training images, and at least "
            f"{VALIDATION_SHARE} are needed, one of them for validation."
        )
    present = len(np.unique(training.labels))
    if present < FEWEST_CLASSES:
        raise DataError(
            f"{path} holds training images of one class; at least {FEWEST_CLASSES} are needed."
        )
    digest = _compute_digest(training, test)
    kept = len(training) - len(training) // VALIDATION_SHARE
    if len(np.unique(training.labels[kept:])) < present:
        training = training.shuffled()
    return Dataset(
        name="mnist" if digest == MNIST_SHA256 else _name(path.resolve()),
        digest=digest,
        train=training.first(kept),
        validation=training.rest(kept),
        test=test,
    )


def _read(path: Path) -> tuple[LabelledImages, LabelledImages]:
    """Return the training part and the test part of the one data set at ``path``."""
    if path.is_file():
        return npz.read(path)
    try:
        names = sorted(each.name for each in path.iterdir() if not each.name.startswith("."))
    except OSError as error:
        raise DataError(f"DATA_DIR is {path}, and it cannot be read: {error.strerror}.") from None
    archives, sets = [name for name in names if name.endswith(".npz")], idx.list_sets(names)
    if len(archives) + len(sets) > 1:
        found = ", ".join(archives + [name or "train-images-idx3-ubyte" for name in sets])
        raise DataError(
            f"{path} holds {len(archives) + len(sets)} data sets ({found}); keep one in it, and "
            "put each other one into a folder of its own."
        )
    if archives:
        return npz.read(path / archives[0])
    name = sets[0] if sets else idx.MNIST
    files = idx.find_files(path, name)
    parts = idx.read(files, transposed=name != idx.MNIST)
    if path.resolve() == SHIPPED:
        _check_shipped(files)
    return parts


def _check_shipped(files: list[Path]) -> None:
    for file in files:
        expected = SHIPPED_SHA256[file.name.removesuffix(".gz")]
        if hashlib.sha256(file.read_bytes()).hexdigest() != expected:
            raise DataError(f"{file} is not the file that was shipped: its SHA-256 differs.")


def _name(path: Path) -> str:
    return path.stem if path.is_file() else path.name


def _compute_digest(*parts: LabelledImages) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.images.tobytes())
        digest.update(part.labels.tobytes())
    return digest.hexdigest()
