"""MNIST's images, from the trainer's data."""

import gzip

import numpy as np

from support.processes import ROOT

DATA = ROOT / "trainer" / "data"


def read_digits(count: int, part: str = "t10k") -> np.ndarray:
    """Return the first images of the test, or of "train", as uint8 [count, 784]."""
    with gzip.open(DATA / f"{part}-images-idx3-ubyte.gz") as file:
        file.seek(16)
        return np.frombuffer(file.read(count * 784), np.uint8).reshape(count, 784)
