"""The drift reference: what the validation images look like to the model.

The API compares what it is asked with these shares. A feature's bins have about a tenth of the
images each; values at or above the last edge are in the last bin.
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.digit_score import Scores
from mnist_trainer.evaluation.metrics import Probabilities
from mnist_trainer.signature import CLASSES, SIDE

FILE = "drift_reference.json"
FEWEST_IMAGES = 500  # the shares of fewer say too little
BINS = 10
RESOLUTION = 1e-4  # of an edge: Keras and ONNX Runtime differ by less

Reference = dict[str, object]


def describe_images(
    images: LabelledImages, probabilities: Probabilities, scores: Scores
) -> Reference | None:
    """Return the bin edges and shares of each feature, and the shares of the predicted classes.

    ``probabilities`` [n, 10] and ``scores`` [n] are the model's on ``images``. None if there are
    fewer than 500 images.
    """
    if len(images) < FEWEST_IMAGES:
        return None
    pixels = images.pixels()
    center_x, center_y = _find_centers(pixels)
    features = {
        "ink": pixels.mean(axis=1),
        "center_x": center_x,
        "center_y": center_y,
        "confidence": probabilities.max(axis=1),
        "digit_score": scores,
    }
    digits = np.bincount(probabilities.argmax(axis=1), minlength=CLASSES)
    return {
        "images": len(images),
        "features": {name: _describe(values) for name, values in features.items()},
        "digits": _to_shares(digits),
    }


def save_reference(reference: Reference, file: Path) -> None:
    """Write the reference as JSON."""
    file.write_text(json.dumps(reference, indent=1), "utf-8")


def _find_centers(pixels: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return column and row of each image's centre of mass; of an empty image, the middle."""
    images = pixels.reshape(-1, SIDE, SIDE).astype(np.float64)
    totals, positions = images.sum(axis=(1, 2)), np.arange(SIDE)
    sums = (images.sum(axis=1) @ positions, images.sum(axis=2) @ positions)
    middle = (SIDE - 1) / 2
    x, y = (np.where(totals > 0, each / np.maximum(totals, 1e-9), middle) for each in sums)
    return x, y


def _describe(values: NDArray[np.floating]) -> dict[str, list[float]]:
    """Return the edges, each below its quantile by up to RESOLUTION, and the shares."""
    quantiles = np.quantile(values.astype(np.float64), np.arange(1, BINS) / BINS)
    edges = np.unique(np.round((np.ceil(quantiles / RESOLUTION) - 1) * RESOLUTION, 4))
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    return {"edges": edges.tolist(), "shares": _to_shares(counts)}


def _to_shares(counts: NDArray[np.int64]) -> list[float]:
    shares: list[float] = np.round(counts / counts.sum(), 6).tolist()
    return shares
