"""A version as the trainer registers it, small: a network, its digit score, its drift reference."""

import io
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime

from support.networks import trained
from support.pictures.digits import read_digits

COMPONENTS, OF_A_CLASS = 24, 500
FITTED, VALIDATION = 10_000, 5000  # the first and the last training images, as the trainer's
TAIL = 0.002  # of the images, at each end of a feature's range


class DigitVersion(NamedTuple):
    """The content of the version's files."""

    network: bytes
    score: bytes
    reference: bytes


def make_version(folder: Path) -> DigitVersion:
    """Train the network, and describe the validation images."""
    trained.write(folder / "model.onnx", trained.train(FITTED))
    network = (folder / "model.onnx").read_bytes()
    images = read_digits(60_000, "train")
    images = np.concatenate([images[:FITTED], images[-VALIDATION:]]).astype(np.float32) / 255
    probabilities = predict(network, images)
    digits = probabilities.argmax(axis=1)
    means, bases = zip(
        *(_fit(images[:FITTED][digits[:FITTED] == digit][:OF_A_CLASS]) for digit in range(10)),
        strict=True,
    )
    validation, digits = images[-VALIDATION:], digits[-VALIDATION:]
    errors = np.empty(VALIDATION)
    for digit in range(10):
        centred = validation[digits == digit] - means[digit]
        within = centred @ bases[digit].T
        errors[digits == digit] = (centred**2).sum(1) - (within**2).sum(1)
    bound = float(np.quantile(errors, 0.997))
    score = io.BytesIO()
    np.savez(score, means=np.float16(means), components=np.float16(bases), bound=bound)
    features = {
        "ink": validation.mean(axis=1),
        **_measure_shapes(validation),
        "confidence": probabilities[-VALIDATION:].max(axis=1),
        "digit_score": bound / (bound + errors),
    }
    return DigitVersion(network, score.getvalue(), describe(features, digits))


def predict(network: bytes, images: np.ndarray) -> np.ndarray:
    """Return the probabilities, float32 [n, 10]."""
    session = onnxruntime.InferenceSession(network)
    return session.run(None, {"image": np.float32(images)})[0]


def describe(features: dict[str, np.ndarray], digits: np.ndarray, **changed: object) -> bytes:
    """Return the file of a drift reference with these values of each feature."""
    described = {}
    for name, values in features.items():
        edges = np.unique(np.quantile(values, np.arange(1, 10) / 10))
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        low, high = np.quantile(values, [TAIL, 1 - TAIL])
        described[name] = {
            "edges": edges.tolist(),
            "shares": (counts / len(values)).tolist(),
            "range": [low, high],
            "outside": float(np.mean((values < low) | (values > high))),
        }
    shares = (np.bincount(digits, minlength=10) / len(digits)).tolist()
    reference = {"images": len(digits), "features": described, "digits": shares}
    return json.dumps(reference | changed).encode()


def _fit(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = images.mean(axis=0)
    return mean, np.linalg.svd(images - mean, full_matrices=False)[2][:COMPONENTS]


def _measure_shapes(images: np.ndarray) -> dict[str, np.ndarray]:
    """Return the centre of mass and what the covariance of the ink says."""
    weights = images / images.sum(axis=1, keepdims=True)
    rows, columns = np.indices((28, 28)).reshape(2, 784)
    x, y = weights @ columns, weights @ rows
    far_x, far_y = columns - x[:, np.newaxis], rows - y[:, np.newaxis]
    width, height = (np.sqrt((weights * far**2).sum(axis=1)) for far in (far_x, far_y))
    slant = (weights * far_x * far_y).sum(axis=1) / (width * height)
    return {"center_x": x, "center_y": y, "width": width, "height": height, "slant": slant}
