"""MNIST's test images, from the trainer's data."""

import gzip

import numpy as np

from support.processes import ROOT

DATA = ROOT / "trainer" / "data"


def read_digits(count: int) -> np.ndarray:
    """Return the first images as uint8 [count, 784]."""
    with gzip.open(DATA / "t10k-images-idx3-ubyte.gz") as file:
        file.seek(16)
        return np.frombuffer(file.read(count * 784), np.uint8).reshape(count, 784)
