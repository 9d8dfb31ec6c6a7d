"""Data sets of the published forms, made up: small, and easy enough to be learned in seconds.

They stand in for Fashion-MNIST and EMNIST, whose files are not part of the repository: names,
headers and orientation are theirs, the pictures are not.
"""

import struct
from pathlib import Path

import numpy as np

Images, Labels = np.ndarray, np.ndarray


def draw(count: int, seed: int = 0) -> tuple[Images, Labels]:
    """Return uint8 [n, 28, 28] and uint8 [n]: a bright bar, the lower the greater the label."""
    drawn = np.random.default_rng(seed)
    images = drawn.integers(0, 60, (count, 28, 28), np.uint8)
    labels = (np.arange(count) % 10).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label + 4 : 2 * label + 7, 4:24] += 150
    return images, labels


def write_idx(file: Path, array: np.ndarray) -> None:
    """Write uint8 [n] or [n, rows, columns] in the IDX format."""
    header = struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape)
    file.write_bytes(header + array.tobytes())


def write_set(folder: Path, prefix: str = "", train: int = 24, test: int = 10) -> Path:
    """Write four IDX files: MNIST's names, or EMNIST's and its orientation with a ``prefix``."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (part, count) in enumerate([("train", train), ("test", test)]):
        images, labels = draw(count, seed)
        name = prefix + (part if prefix or part == "train" else "t10k")
        upright = images.transpose(0, 2, 1) if prefix else images
        write_idx(folder / f"{name}-images-idx3-ubyte", upright)
        write_idx(folder / f"{name}-labels-idx1-ubyte", labels)
    return folder
