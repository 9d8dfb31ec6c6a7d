"""The digits that are drawn or printed and added to MNIST's training images."""

import numpy as np
import pytest

from mnist_trainer.data import printed_digits
from mnist_trainer.data.dataset import MNIST_SHA256, Dataset
from mnist_trainer.data.digit_forms import FORMS
from mnist_trainer.data.drawn_digits import choose_training_images, draw_digits
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.data.printed_digits import FONTS, print_digits

COUNT = 400


@pytest.fixture(scope="module")
def drawn() -> LabelledImages:
    return draw_digits(COUNT, seed=3)


@pytest.fixture(scope="module", params=[draw_digits, print_digits])
def added(request: pytest.FixtureRequest) -> LabelledImages:
    images: LabelledImages = request.param(COUNT, seed=3)
    return images


def make_dataset(digest: str) -> Dataset:
    images = LabelledImages(np.full((50, 784), 7, np.uint8), np.arange(50, dtype=np.uint8) % 10)
    return Dataset("any", digest, images, images, images)


def test_all_classes_are_drawn_as_often(added: LabelledImages) -> None:
    assert np.bincount(added.labels).tolist() == [COUNT // 10] * 10


def test_each_has_the_form_of_mnist(added: LabelledImages) -> None:
    for image in added.pixels().reshape(-1, 28, 28):
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 22
        assert image.max() > 0.8
        for ink in (image.sum(1), image.sum(0)):
            assert ink @ (np.arange(28) + 0.5) / ink.sum() == pytest.approx(14, abs=0.6)


def test_no_two_are_alike(added: LabelledImages) -> None:
    assert len(np.unique(added.images, axis=0)) == COUNT


def test_a_seed_draws_the_same_images_and_another_others(drawn: LabelledImages) -> None:
    assert (draw_digits(COUNT, seed=3).images == drawn.images).all()
    assert (draw_digits(COUNT, seed=4).images != drawn.images).any()


def test_holes_stay_open(drawn: LabelledImages) -> None:
    """The middle of a 0 is dark, however thick and narrow it is."""
    zeros = drawn.pixels()[drawn.labels == 0].reshape(-1, 28, 28)
    assert all(image[13:15, 13:15].min() < 0.6 * image.max() for image in zeros)


def test_a_seed_prints_the_same_images_and_another_others() -> None:
    printed = print_digits(50, seed=3).images
    assert (print_digits(50, seed=3).images == printed).all()
    assert (print_digits(50, seed=4).images != printed).any()


@pytest.mark.parametrize("font", FONTS)
def test_each_font_has_all_digits(font: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own form for each: none is a box that stands for a missing glyph."""
    monkeypatch.setattr(printed_digits, "FONTS", (font,))
    images = print_digits(10, seed=0).pixels()
    assert (images.sum(1) > 15).all()
    assert (
        len({printed_digits._measure_distances(digit, font).tobytes() for digit in range(10)}) == 10
    )


@pytest.mark.parametrize("digit", range(10))
def test_each_form_stays_in_a_box(digit: int) -> None:
    random = np.random.default_rng(digit)
    for form in FORMS[digit]:
        for _ in range(20):
            points = np.concatenate([np.array(stroke) for stroke in form(random)])
            assert points.min() > -0.75
            assert points.max() < 1.25


@pytest.mark.parametrize(
    ("digest", "share", "limit", "count"),
    [(MNIST_SHA256, 0.2, None, 60), (MNIST_SHA256, 0.2, 10, 12), (MNIST_SHA256, 0.0, None, 50),
     ("0" * 64, 0.2, None, 50)],
    ids=["mnist", "limited", "no share", "other data"],
)  # fmt: skip
def test_digits_are_added_to_mnist_alone(
    digest: str, share: float, limit: int | None, count: int
) -> None:
    data = make_dataset(digest)
    images = choose_training_images(data, limit, share, seed=0)
    assert len(images) == count
    kept = limit or len(data.train)
    assert (images.images[:kept] == data.train.images[:kept]).all()
