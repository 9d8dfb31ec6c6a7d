"""The alterations of MNIST's training images: each does what its name says."""

import numpy as np
import pytest

from mnist_trainer.data.alterations import ALTERATIONS, alter, coarsen, narrow, thicken, thin
from mnist_trainer.data.dataset import MNIST_SHA256, Dataset
from mnist_trainer.data.drawn_digits import choose_training_images, draw_digits
from mnist_trainer.data.images import LabelledImages

COUNT = 500


@pytest.fixture(scope="module")
def digits() -> LabelledImages:
    return draw_digits(COUNT, seed=3)


@pytest.fixture(scope="module")
def squares(digits: LabelledImages) -> np.ndarray:
    return digits.pixels().reshape(-1, 28, 28)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def extents(images: np.ndarray, axis: int) -> np.ndarray:
    return np.asarray((images > 0.4).any(axis).sum(1))


@pytest.mark.parametrize("way", ALTERATIONS)
def test_each_keeps_form_and_range_and_most_of_the_image(way, squares, random) -> None:
    before = squares.copy()
    changed = way(squares, random)
    assert (changed.shape, changed.dtype) == (squares.shape, np.float32)
    assert 0 <= changed.min() <= changed.max() <= 1
    assert (squares == before).all()
    assert (changed.max((1, 2)) > 0.3).all()


def test_narrow_reduces_the_width_alone(squares, random) -> None:
    narrowed = narrow(squares, random)
    share = extents(narrowed, 1) / extents(squares, 1)
    assert share.mean() == pytest.approx(0.6, abs=0.08)
    assert abs(extents(narrowed, 2) - extents(squares, 2)).mean() < 1


def test_thin_and_thick_change_the_strokes_and_not_the_place(squares, random) -> None:
    thinned, thick = thin(squares, random), thicken(squares, random)
    assert (thinned <= squares + 1e-6).all()
    assert (thick >= squares - 1e-6).all()
    assert (thinned.sum((1, 2)) >= 0.4 * squares.sum((1, 2))).all()  # else it is left as it is
    assert (thick.sum((1, 2)) > 1.1 * squares.sum((1, 2))).all()


def test_a_coarse_image_has_few_pixels_and_keeps_its_ink(squares, random) -> None:
    for coarse, sharp in zip(coarsen(squares, random), squares, strict=True):
        assert coarse.max() == 1
        assert np.linalg.matrix_rank(coarse, tol=0.1) <= 15
        assert np.corrcoef(coarse.ravel(), sharp.ravel())[0, 1] > 0.6


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_a_share_of_mnists_training_images_is_altered(digits: LabelledImages, share: float) -> None:
    data = Dataset("any", MNIST_SHA256, digits, digits, digits)
    images = choose_training_images(data, None, 0.0, seed=0, altered=share)
    changed = (images.images != digits.images).any(1).mean()
    assert 0.8 * share <= changed <= 1.2 * share
    assert (images.labels == digits.labels).all()


def test_a_seed_alters_the_same_images(digits: LabelledImages) -> None:
    once, again, other = (alter(digits, 0.5, np.random.default_rng(s)).images for s in (1, 1, 2))
    assert (once == again).all()
    assert (once != other).any()


def test_a_seven_is_not_made_narrow(digits: LabelledImages) -> None:
    """It would be a 1 with a flag."""
    sevens = digits.of_class(7)
    altered = alter(sevens, 1.0, np.random.default_rng(0)).pixels().reshape(-1, 28, 28)
    widths = [np.ptp(np.flatnonzero(each.max(0) > 0.5)) for each in altered]
    before = sevens.pixels().reshape(-1, 28, 28)
    assert np.mean(widths) > 0.93 * np.mean(
        [np.ptp(np.flatnonzero(each.max(0) > 0.5)) for each in before]
    )
