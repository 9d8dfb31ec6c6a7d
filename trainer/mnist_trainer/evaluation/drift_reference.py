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
from mnist_trainer.signature import CLASSES, PIXELS, SIDE

FILE = "drift_reference.json"
FEWEST_IMAGES = 500  # the shares of fewer say too little
BINS = 10
TAIL = 0.002  # of the images are below a feature's range, and as many above it
LEAST = 1e-6  # divides in place of 0: no ink, or one row or column of it
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
    features = {
        "ink": pixels.mean(axis=1),
        **_measure_shapes(pixels),
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


def _measure_shapes(pixels: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
    """Return the centre of mass, the standard deviations along x and y, and their correlation.

    They are those of the ink of each image. Of no ink, the centre is the middle, and the others
    are 0.
    """
    middle = (SIDE - 1) / 2
    x, y = np.tile(np.arange(SIDE) - middle, SIDE), np.repeat(np.arange(SIDE) - middle, SIDE)
    total, *sums = np.stack([np.ones(PIXELS), x, y, x * x, y * y, x * y]) @ pixels.T
    x, y, xx, yy, xy = (each / np.maximum(total, LEAST) for each in sums)
    width, height = np.sqrt(np.maximum(xx - x * x, 0)), np.sqrt(np.maximum(yy - y * y, 0))
    return {
        "center_x": x + middle,
        "center_y": y + middle,
        "width": width,
        "height": height,
        "slant": (xy - x * y) / np.maximum(width * height, LEAST),
    }


def _describe(values: NDArray[np.floating]) -> dict[str, object]:
    """Return the edges, each below its quantile by up to RESOLUTION, and the shares.

    And the range, wider than its quantiles by up to twice RESOLUTION, and the share outside of it.
    """
    quantiles = np.quantile(values.astype(np.float64), [TAIL, *np.arange(1, BINS) / BINS, 1 - TAIL])
    upper = np.ceil(quantiles / RESOLUTION)
    low, *edges = np.round((upper[:-1] - 1) * RESOLUTION, 4).tolist()
    high = float(np.round((upper[-1] + 1) * RESOLUTION, 4))
    edges = np.unique(edges)
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    outside = float(np.mean((values < low) | (values > high)))
    return {
        "edges": edges.tolist(),
        "shares": _to_shares(counts),
        "range": [low, high],
        "outside": round(outside, 6),
    }


def _to_shares(counts: NDArray[np.int64]) -> list[float]:
    shares: list[float] = np.round(counts / counts.sum(), 6).tolist()
    return shares
