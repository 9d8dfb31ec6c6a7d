"""The drift reference says what images look like to the model, the same each time."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.drift_reference import describe_images, save_reference
from mnist_trainer.evaluation.metrics import Probabilities

COUNT = 1000
RANDOM = np.random.default_rng(0)
IMAGES = LabelledImages(RANDOM.integers(0, 256, (COUNT, 784), np.uint8), np.zeros(COUNT, np.uint8))
SCORES = RANDOM.random(COUNT)


def sure(confidences: np.ndarray, digits: np.ndarray) -> Probabilities:
    """Return probabilities whose highest is ``confidences``, at ``digits``."""
    rest = (1 - confidences[:, np.newaxis]) / 9 * np.ones((1, 10))
    rest[np.arange(len(digits)), digits] = confidences
    return rest.astype(np.float32)


CONFIDENT = sure(RANDOM.uniform(0.5, 1, COUNT), np.arange(COUNT) % 4)


def describe(**changed: Any) -> Any:
    given = {"images": IMAGES, "probabilities": CONFIDENT, "scores": SCORES} | changed
    return describe_images(**given)


def test_each_bin_has_about_a_tenth_of_the_images() -> None:
    reference = describe()
    assert reference["images"] == COUNT
    assert list(reference["features"]) == [
        "ink", "center_x", "center_y", "width", "height", "slant", "confidence", "digit_score"
    ]  # fmt: skip
    for name, feature in reference["features"].items():
        assert len(feature["shares"]) == len(feature["edges"]) + 1, name
        assert sum(feature["shares"]) == pytest.approx(1, abs=1e-5)
    for name in ("confidence", "digit_score"):  # ink and centres of noise hardly differ
        assert len(reference["features"][name]["edges"]) == 9
        assert reference["features"][name]["shares"] == pytest.approx([0.1] * 10, abs=0.005)


def test_two_images_in_a_thousand_are_below_the_range_and_two_above() -> None:
    feature = describe(scores=np.arange(COUNT) / COUNT)["features"]["digit_score"]
    assert feature["range"] == pytest.approx([0.002, 0.997], abs=2e-4)
    assert feature["outside"] == 0.004


def test_the_classes_have_the_shares_of_the_predictions() -> None:
    assert describe()["digits"] == [0.25] * 4 + [0] * 6


def test_the_shape_is_in_pixels_and_of_an_empty_image_there_is_none() -> None:
    pixels = np.zeros((COUNT, 28, 28), np.uint8)
    pixels[:450, 16, 8] = pixels[:450, 24, 2] = 255
    images = LabelledImages(pixels.reshape(COUNT, 784), IMAGES.labels)
    features = describe(images=images)["features"]
    for name, low, high, shares in (
        ("center_x", 5, 13.5, [0, 0.45, 0.55]),
        ("center_y", 13.5, 20, [0, 0.55, 0.45]),
        ("width", 0, 3, [0, 0.55, 0.45]),
        ("height", 0, 4, [0, 0.55, 0.45]),
        ("slant", -1, 0, [0, 0.45, 0.55]),
    ):
        assert features[name]["edges"] == pytest.approx([low, high], abs=2e-4), name
        assert features[name]["shares"] == shares, "values at an edge are above it"


def test_equal_inputs_give_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "other"):
        save_reference(describe(), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert json.loads((tmp_path / "one").read_text()) == describe()


def test_differences_between_keras_and_onnx_runtime_change_no_share() -> None:
    """Of a model that is always sure; both round a probability of 1 in their own way."""
    digits = np.arange(COUNT) % 10
    sure_one = describe(probabilities=sure(np.ones(COUNT), digits))
    sure_other = describe(probabilities=sure(np.full(COUNT, 1 - 6e-8), digits))
    confidence = {"edges": [0.9999], "shares": [0, 1], "range": [0.9999, 1.0001], "outside": 0}
    assert sure_one["features"]["confidence"] == confidence
    assert sure_other == sure_one


def test_few_images_have_no_reference() -> None:
    def few(count: int) -> Any:
        return describe_images(IMAGES.first(count), CONFIDENT[:count], SCORES[:count])

    assert few(499) is None
    assert few(500) is not None
