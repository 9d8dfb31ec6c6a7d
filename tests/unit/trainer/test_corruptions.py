"""The corruptions of MNIST-C: each does to an image what its name says."""

import numpy as np
import pytest

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.corruptions import CORRUPTIONS, corrupt
from mnist_trainer.evaluation.robustness import MOST_CORRUPTED, measure_corruptions
from support.trainer.example_results import probabilities_for

COUNT = 200
ROWS, COLUMNS = np.mgrid[:28, :28]
NAMES = [
    "shot_noise", "impulse_noise", "glass_blur", "motion_blur", "shear", "scale", "rotate",
    "brightness", "translate", "stripe", "fog", "spatter", "dotted_line", "zigzag", "canny_edges",
]  # fmt: skip


def repeat(image: np.ndarray) -> np.ndarray:
    return np.repeat(image[np.newaxis].astype(np.float32), COUNT, 0)


BLACK = repeat(np.zeros((28, 28)))
GREY = BLACK + np.float32(0.5)
BAR = repeat((abs(COLUMNS - 13.5) < 2) & (abs(ROWS - 13.5) < 10))  # upright, 4 by 20
SQUARE = repeat((abs(COLUMNS - 13.5) < 7) & (abs(ROWS - 13.5) < 7))


def centres(images: np.ndarray) -> np.ndarray:
    """Return each image's centre of mass, rows and columns from the middle, [n, 2]."""
    weights = images.sum((1, 2))
    middle = [(images * (axis - 13.5)).sum((1, 2)) / weights for axis in (ROWS, COLUMNS)]
    return np.stack(middle, 1)


def tilts(images: np.ndarray) -> np.ndarray:
    """Return by how many columns each image leans for each row, [n]."""
    y, x = ROWS - 13.5, COLUMNS - 13.5
    return np.asarray((images * x * y).sum((1, 2)) / (images * y * y).sum((1, 2)))


def test_they_are_the_fifteen_of_the_paper() -> None:
    assert list(CORRUPTIONS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_keeps_form_and_range_and_changes_the_images_alone(name: str) -> None:
    images = np.random.default_rng(5).random((50, 28, 28), np.float32) * BAR[:50]
    before = images.copy()
    corrupted = corrupt(images, name)
    assert (corrupted.shape, corrupted.dtype) == (images.shape, np.float32)
    assert 0 <= corrupted.min() <= corrupted.max() <= 1
    assert (corrupted != images).any((1, 2)).all()
    assert (images == before).all()


@pytest.mark.parametrize("name", NAMES)
def test_an_image_has_no_influence_on_another(name: str) -> None:
    between = BLACK.copy()
    between[::2] = BAR[::2]
    assert (corrupt(between, name)[1::2] == corrupt(BLACK, name)[1::2]).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_gives_the_same_images(name: str) -> None:
    assert (corrupt(BAR, name, seed=3) == corrupt(BAR, name, seed=3)).all()
    is_random = (corrupt(BAR, name, seed=3) != corrupt(BAR, name, seed=4)).any()
    assert is_random == (name not in {"scale", "brightness", "stripe", "canny_edges"})


def test_shot_noise_keeps_black_and_the_mean_of_grey() -> None:
    assert corrupt(BLACK, "shot_noise").max() == 0
    assert set(np.unique(np.rint(3 * corrupt(GREY, "shot_noise")))) == {0, 1, 2, 3}
    assert corrupt(GREY / 2, "shot_noise").mean() == pytest.approx(0.25, abs=0.01)


def test_impulse_noise_makes_a_sixth_of_the_pixels_black_or_white() -> None:
    noisy = corrupt(GREY, "impulse_noise")
    assert (noisy == 0).mean() == pytest.approx(0.085, abs=0.005)
    assert (noisy == 1).mean() == pytest.approx(0.085, abs=0.005)
    assert (noisy == 0.5).mean() == pytest.approx(0.83, abs=0.005)


@pytest.mark.parametrize("name", ["glass_blur", "motion_blur"])
def test_blurs_keep_the_ink_and_soften_the_edges(name: str) -> None:
    blurred = corrupt(BAR, name)
    assert blurred.sum((1, 2)) == pytest.approx(BAR.sum((1, 2)), rel=0.02)
    assert ((blurred > 0.1) & (blurred < 0.9)).mean((1, 2)).min() > 0.05
    assert ((BAR > 0.1) & (BAR < 0.9)).sum() == 0


def test_glass_shuffles_and_motion_smears_along_a_line() -> None:
    dot = repeat((ROWS == 14) & (COLUMNS == 14))
    assert len(np.unique(corrupt(BAR, "glass_blur"), axis=0)) == COUNT
    spread = [abs(corrupt(dot, "motion_blur") * axis).sum((1, 2)) for axis in (ROWS, COLUMNS)]
    assert (spread[1] < 13).all()  # to the left,
    assert (abs(spread[0] - 14) <= 14.1 - spread[1]).all()  # and at most as far up or down


@pytest.mark.parametrize("name", ["shear", "rotate"])
def test_shear_and_rotation_lean_to_either_side_about_the_centre(name: str) -> None:
    leaning = corrupt(BAR, name)
    assert set(np.rint(10 * tilts(leaning))) == {-4, 4}
    assert abs(centres(leaning)).max() < 0.01


def test_shear_keeps_the_rows_and_rotation_the_lengths() -> None:
    edge = repeat((abs(ROWS - 13.5) < 2) & (abs(COLUMNS - 13.5) < 10))
    assert abs(corrupt(edge, "shear")[:, 8:20, 13].sum(1) - 4 / np.cos(0.4)).max() < 0.2
    assert corrupt(BAR, "rotate").sum((1, 2)) == pytest.approx(80, abs=0.5)


def test_scaling_shrinks_to_seven_tenths() -> None:
    small = corrupt(SQUARE, "scale")
    assert small.sum((1, 2)) == pytest.approx(0.49 * SQUARE.sum((1, 2)), rel=0.05)
    assert abs(centres(small)).max() < 0.01


def test_translation_moves_by_three_pixels_into_each_corner() -> None:
    moves = {tuple(move) for move in np.rint(centres(corrupt(SQUARE, "translate")))}
    assert moves == {(3, 3), (3, -3), (-3, 3), (-3, -3)}


def test_brightness_adds_half() -> None:
    assert (corrupt(BAR / 4, "brightness") == BAR / 4 + 0.5).all()
    assert corrupt(BAR, "brightness").max() == 1


def test_stripe_inverts_all_but_the_middle() -> None:
    striped = corrupt(BAR / 4, "stripe")
    assert (striped[..., 7:21] == BAR[..., 7:21] / 4).all()
    assert (striped[..., :7] == 1).all()
    assert (striped[..., 21:] == 1).all()


def test_fog_is_cloudy_and_the_image_shows_through() -> None:
    foggy, cloud = corrupt(BAR, "fog"), corrupt(BAR, "fog")[:, :, :8]
    assert foggy[BAR > 0].mean() == pytest.approx(foggy[BAR == 0].mean() + 0.25, abs=0.05)
    steps = abs(np.diff(cloud, axis=1)).mean((1, 2))
    assert cloud.std((1, 2)).mean() > 1.5 * steps.mean()  # neighbours are alike, the far are not
    assert corrupt(BLACK, "fog").max() == 0


def test_spatter_covers_parts_with_dark_mud() -> None:
    white = BLACK + np.float32(1)
    covered = (corrupt(white, "spatter") < 0.5).mean((1, 2))
    assert covered.min() > 0.02
    assert covered.max() < 0.6
    assert corrupt(BLACK, "spatter").max() == pytest.approx(63 / 255, abs=0.01)


def test_a_dotted_line_crosses_the_image_in_dashes() -> None:
    line = corrupt(BLACK, "dotted_line").max(1)
    assert (line[:, COLUMNS[0] // 2 % 2 == 0] == 0).all()
    assert (line[:, COLUMNS[0] // 2 % 2 == 1] > 0.5).all()


def test_a_zigzag_turns_every_four_pixels() -> None:
    lines = corrupt(BLACK, "zigzag")
    assert (lines[..., [0, 27]] == 0).all()
    whole = lines[(lines.sum(1)[:, 3:25] > 1.5).all(1)]  # those that do not leave the image
    heights = ((whole * ROWS).sum(1) / np.maximum(whole.sum(1), 0.1))[:, 3:25]
    ways = {tuple(way) for way in np.sign(np.diff(heights, axis=1)).astype(int)}
    assert ways == {(1, *4 * [-1], *4 * [1], *4 * [-1], *4 * [1], *4 * [-1])}


def test_canny_draws_the_edges_of_a_square_and_nothing_within() -> None:
    edges = corrupt(SQUARE, "canny_edges")[0]
    assert set(np.unique(edges)) == {0, 1}
    assert edges[10:18, 10:18].sum() == 0
    assert edges[:5].sum() == 0
    assert (edges[14, :14].sum(), edges[14, 14:].sum()) in {(1, 1), (2, 2)}
    assert corrupt(SQUARE / 40, "canny_edges").sum() == 0  # too weak


def test_all_are_measured_on_images_of_the_whole_set() -> None:
    """A model that always predicts 1, and a set whose second half alone has images of it."""
    count = 2 * MOST_CORRUPTED
    labels = (np.arange(count) >= count / 2).astype(np.uint8)
    seen: list[np.ndarray] = []

    def predict(pixels: np.ndarray) -> np.ndarray:
        seen.append(pixels)
        return probabilities_for([1] * len(pixels))

    measured = measure_corruptions(
        predict, LabelledImages(np.zeros((count, 784), np.uint8), labels)
    )
    assert [each.name for each in measured] == [*NAMES, "corrupted"]
    assert measured[0].change == "shot noise"
    assert measured[-1].change == "mean of the 15 corruptions"
    assert all(each.accuracy == pytest.approx(0.5) for each in measured)
    assert [pixels.shape for pixels in seen] == [(MOST_CORRUPTED, 784)] * 15
